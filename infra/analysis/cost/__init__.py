"""AWS's estimated charges, from the templates and the usage: `make cost`. Standard library only, no network.

A price (`prices`) is of a unit sold; the quantities follow from the resources of the templates (`resources`) and
from people's usage (`usage`), with coefficients that were measured where that was possible.
"""
