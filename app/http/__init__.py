"""HTTP endpoints, one small file each, each calling one thing below."""
