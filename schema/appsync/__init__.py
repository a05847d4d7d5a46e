"""The same schema behind AWS AppSync: how it is printed for it, and how its Lambda events run our resolvers.

printed.py    the SDL that AppSync takes, and which of its fields have a resolver
subscribe.js  the resolver of each subscription, in AppSync's own JavaScript
publish.js    the resolver of each mutation that publishes an event
calls.py      a field of `Type.field` events: arguments in, a value for AppSync out
sources.py    rows on their way through AppSync, from a parent's resolver to its children's
"""
