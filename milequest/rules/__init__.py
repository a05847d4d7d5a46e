"""Pure rules of the domain. Standard library only."""
