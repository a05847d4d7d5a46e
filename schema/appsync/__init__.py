"""The same schema behind AWS AppSync: its SDL, and running our resolvers for AppSync's Lambda events.

printed.py    the SDL that AppSync takes, and its fields that have a resolver
subscribe.js  the resolver of each subscription, in AppSync's own JavaScript
publish.js    the resolver of each mutation that publishes an event
calls.py      a field of `Type.field` events: arguments in, a value for AppSync out
sources.py    rows on their way through AppSync, from a parent's resolver to its children's
"""
