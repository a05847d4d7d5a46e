"""Telemetry: log lines of operations, jobs and writes, and what is counted of them."""
