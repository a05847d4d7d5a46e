"""Analyses of what is deployed: its monthly cost, what it carries, its drawing. Nothing that is deployed uses them."""
