"""Live delivery: the wire protocols, plans and filters of subscriptions, the hub of a process, and the two gateways."""
