"""The error raised for any server that is out of reach."""


class Away(ConnectionError):
    """A server was out of reach, failed, took too long, or the connection to it broke.

    The request may have been executed or not. An OSError from any other place is a bug of ours.
    """


class ReadSkew(Away):
    """A row that one statement of a request found was deleted or hidden before the next: run the request again."""
