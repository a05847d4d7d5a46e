"""The error of servers that are out of reach, whichever they are."""


class Away(ConnectionError):
    """A server was out of reach, failed, took too long, or the connection to it broke.

    What had been asked of it may have been done or not. An OSError of any other place is a fault of ours.
    """
