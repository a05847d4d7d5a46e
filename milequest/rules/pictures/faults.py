"""What is wrong with a picture."""


class BadPicture(Exception):
    """It may not be shown; the message says why, in words for people."""
