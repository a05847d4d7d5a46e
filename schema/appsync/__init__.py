"""The same schema behind AWS AppSync: how it is printed for it, and how its Lambda events run our resolvers.

printed.py    the SDL that AppSync takes, a function of ours
calls.py      a field of `Type.field` events: arguments in, a value for AppSync out
sources.py    rows on their way through AppSync, from a parent's resolver to its children's
"""
