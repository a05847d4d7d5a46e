"""What the two protocols named `graphql-ws` have in common: AppSync's was made of Apollo's."""

from collections.abc import Sequence

from subscriptions.protocols.steps import Effect, Init, Phase, Reply, Session, Start, Stop, encoded, quoted

NAME = "graphql-ws"
KEEP_ALIVE = encoded(type="ka")


class GraphqlWs:
    """Their common messages."""

    name = NAME

    def next(self, id: str, payload: str) -> str:
        return f'{{"id":{quoted(id)},"type":"data","payload":{payload}}}'

    def complete(self, id: str) -> str:
        return encoded(id=id, type="complete")

    def keep_alive(self) -> str | None:
        return KEEP_ALIVE

    def begun(self, session: Session, start: Start) -> Sequence[Effect]:
        """A client need not introduce itself before it begins."""
        return [Init({}, quiet=True), start] if session.phase is Phase.NEW else [start]

    def stopped(self, session: Session, id: str) -> Sequence[Effect]:
        """Who stops an operation hears that it has ended."""
        return [Stop(id), Reply(self.complete(id))] if id in session.operations else []
