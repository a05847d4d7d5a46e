"""AWS: calls made for each message over its own HTTP protocols, at a tenth of the SDK's cost; the others by the SDK."""
