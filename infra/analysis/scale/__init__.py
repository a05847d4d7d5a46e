"""Live delivery with a million sockets: `make scale` simulates both gateways and writes docs/scale.md.

A queueing model in the standard library alone, with AWS's quotas, the numbers of our own code, and the coefficients of
`infra/analysis/cost`. It is seeded: the same code gives the same page.
"""
