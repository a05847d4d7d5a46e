"""Live delivery: protocols, plans, filters, logs, states and the gateways."""
