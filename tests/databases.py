"""Addresses of databases for tests."""


def following(url: str) -> str:
    """Return the address of a database as if it followed another: it can only be read."""
    return f"{url}{'&' if '?' in url else '?'}default_transaction_read_only=on"
