"""What the product is: rules, what is stored, what is done, and the outside services it is done with."""
