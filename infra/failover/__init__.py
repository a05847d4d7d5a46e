"""Failover of an environment to its other region, and back, by one command: `python -m infra.failover`.

What has been done is read from AWS itself, never from a file: the next run finishes one that was ended anywhere.
"""
