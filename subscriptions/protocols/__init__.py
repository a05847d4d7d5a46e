"""Wire protocols as pure steps: (session, message) → effects. No I/O, no timers, no tasks.

A gateway keeps the session anywhere, in memory or in a database row, and carries out a step's effects.
"""
