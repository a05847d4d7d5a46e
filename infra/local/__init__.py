"""A local AWS, with the application stacks of a region deployed to it from their own templates.

ministack_server.py  the local AWS, with fixes for its gaps
deploy.py            uploads assets, sets the values that other stacks would share, creates the stacks
aws.py               all of it, started and stopped
"""
