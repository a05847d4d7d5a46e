"""Wire protocols as pure steps: (session, message) → what to do. No I/O, no timers, no tasks.

A gateway holds the session where it likes, in memory or in a database row, and does what a step says.
"""
