"""What AWS would charge, from the templates and how much is used: `make cost`. Standard library only, no network.

A price (`prices`) is of something that is sold; how much of it is taken is said by the resources of the templates
(`resources`) and by what people do (`usage`), with coefficients that were measured where that was possible.
"""
