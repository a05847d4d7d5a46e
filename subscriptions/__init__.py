"""How news reaches a socket: protocols, topics, filters, delivery and the gateways."""
