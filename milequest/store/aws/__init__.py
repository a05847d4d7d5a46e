"""AWS over its own HTTP protocols, with requests signed by ourselves. An SDK costs five times as much per call."""
