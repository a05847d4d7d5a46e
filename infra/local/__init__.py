"""A local AWS, with the application stacks of a region deployed to it from their own templates.

serve.py    the local AWS, with what it lacks
deploy.py   uploads assets, sets the values that other stacks would hand over, creates the stacks
aws.py      all of it, started and stopped
"""
