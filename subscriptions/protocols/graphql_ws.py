"""Common parts of the two protocols named `graphql-ws`: AppSync's derives from Apollo's."""

from collections.abc import Sequence

from subscriptions.protocols.protocol_steps import (
    Effect,
    Init,
    Phase,
    ProtocolSession,
    Reply,
    Start,
    Stop,
    encoded,
    quoted,
)

NAME = "graphql-ws"
KEEP_ALIVE = encoded(type="ka")


class GraphqlWs:
    """Messages of both protocols."""

    name = NAME

    def next(self, id: str, payload: str) -> str:
        return f'{{"id":{quoted(id)},"type":"data","payload":{payload}}}'

    def complete(self, id: str) -> str:
        return encoded(id=id, type="complete")

    def keep_alive(self) -> str | None:
        return KEEP_ALIVE

    def begun(self, session: ProtocolSession, start: Start) -> Sequence[Effect]:
        """Return the effects of a start; a client need not send `connection_init` before it."""
        return [Init({}, quiet=True), start] if session.phase is Phase.NEW else [start]

    def stopped(self, session: ProtocolSession, id: str) -> Sequence[Effect]:
        """Return the effects of a stop; the client is sent `complete` if the operation was running."""
        return [Stop(id), Reply(self.complete(id))] if id in session.operations else []
