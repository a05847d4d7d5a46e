"""Telemetry: log lines of operations, jobs and writes, their metrics, and spans of traces."""
