"""Faults of pictures."""


class BadPicture(Exception):
    """The picture may not be shown; the message is the reason, in words for people."""
