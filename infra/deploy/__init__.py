"""Deployment of an environment by one command: `python -m infra.deploy`, or `bin/milequest-deploy`.

What has been done is read from AWS itself, never from a file: the next run finishes one that was ended anywhere.
"""
