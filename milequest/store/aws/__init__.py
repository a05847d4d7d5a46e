"""AWS over its own HTTP protocols: three services, signed by ourselves. An SDK costs five times as much a call."""
