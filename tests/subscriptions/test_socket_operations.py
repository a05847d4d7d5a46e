"""An operation on a socket: once it has ended, nothing more is sent under its id."""

from typing import cast

import pytest

from subscriptions.hub import Hub
from subscriptions.protocols.transport_ws import TransportWs
from subscriptions.socket_operations import SocketOperation
from subscriptions.sockets import Socket


class Sent:
    """A socket's messages, as an operation sends them."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def put(self, *texts: str, state_of: str | None = None) -> None:
        """Take messages."""
        self.texts += texts

    def remove(self, operation: SocketOperation) -> None:
        """Forget an operation."""


@pytest.mark.parametrize("how", ["stop", "complete"])
def test_ended_operation_is_sent_no_error(how: str) -> None:
    sent = Sent()
    operation = SocketOperation("1", cast(Socket, sent), cast(Hub, None), TransportWs())
    getattr(operation, how)()
    before = list(sent.texts)
    operation.fail([{"message": "No such team."}])
    assert sent.texts == before
