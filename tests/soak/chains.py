"""Chains of operations against a real server: each may use values of earlier answers.

Three people and an anonymous caller in turn use any root field, with ids of objects that exist, or are deleted by now.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from graphql import print_ast
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from redis import Redis

from tests.journeys import CREATE, LINE, LOG
from tests.quest import just_begun
from tests.service import Service
from tests.soak.answers import faults
from tests.soak.operations import SCHEMA, Known, filled, made

ROOTS = tuple(name for kind in (SCHEMA.query_type, SCHEMA.mutation_type) if kind for name in kind.fields)
MAKERS = ("createTeam", "createGoal", "activateGoal", "logActivity", "createInvite", "acceptInvite", "joinTeam")
READERS = ("node", "nodes", "team", "goal", "activity", "viewer")
ENDERS = ("deleteTeam", "deleteGoal", "deleteActivity")
PEOPLE = 3
NOBODY = 3 * PEOPLE  # the number of the anonymous caller; each of the people has three
DELETED = ("deletedTeamId", "deletedGoalId", "deletedActivityId")
FOUND = """mutation ($name: String!) { createTeam(input: {name: $name, isPublic: true, joinPolicy: OPEN}) {
    team { id name } } }"""
JOIN = "mutation ($id: ID!) { joinTeam(input: {teamId: $id}) { memberEdge { node { id } } } }"
GONE = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"


class Chains(RuleBasedStateMachine):
    """One world of a few people, and the operations on it."""

    service: ClassVar[Service]
    valkey: ClassVar[Redis]
    worked: ClassVar[Counter[str]] = Counter()

    people: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.known = Known()
        self.gone: list[str] = []
        self.tokens: list[str] = []

    @initialize()
    def sign_up(self) -> None:
        """Make new people, a team of two of them, a goal and a walk. Rate limits are reset."""
        self.valkey.flushall()
        self.tokens = [self._newcomer() for _ in range(PEOPLE)]
        admin, member, _ = self.tokens
        made = self.service.data(FOUND, token=admin, name=f"Team {self.people}")
        team = made["createTeam"]["team"]["id"]
        joined = self.service.data(JOIN, token=member, id=team)
        goal = self.service.data(
            CREATE, token=admin, input=LINE | {"teamId": team, "startsOn": str(datetime.now(UTC).date())}
        )
        walk = just_begun(500) | {"startedAt": datetime.now(UTC).isoformat()}
        for answer in (made, joined, goal, self.service.data(LOG, token=member, input=walk)):
            self.known.learn(answer)

    @rule(data=st.data(), who=st.integers(0, NOBODY), root=st.sampled_from((*MAKERS * 2, *READERS, *ENDERS)))
    def make(self, data: st.DataObject, who: int, root: str) -> None:
        """Run an operation that creates, reads or ends objects."""
        self._ask(data, who, root, allow_null=False)

    @rule(data=st.data(), who=st.integers(0, NOBODY), root=st.sampled_from(ROOTS))
    def ask(self, data: st.DataObject, who: int, root: str) -> None:
        """Run any operation."""
        self._ask(data, who, root)

    @invariant()
    def nobody_finds_what_is_gone(self) -> None:
        """Query deleted objects, as everybody."""
        ids = self.gone[-50:]
        for who in range(PEOPLE) if ids else ():
            if self.service.post(GONE, token=self.tokens[who], variables={"ids": ids}).status_code == 401:
                self.tokens[who] = self._newcomer()  # the session was ended
        for token in (*self.tokens, None) if ids else ():
            found = self.service.data(GONE, token=token, ids=ids)
            assert not any(found["nodes"]), (self.gone, found)

    def _ask(self, data: st.DataObject, who: int, root: str, *, allow_null: bool = True) -> None:
        document = filled(data.draw(made(root, allow_null=allow_null)), self.known, data.draw)
        text = print_ast(document)
        token = self.tokens[who % PEOPLE] if who < NOBODY else None
        response = self.service.post(text, token=token)
        answer = response.json()
        wrong = faults(document, response.status_code, answer)
        assert not wrong, (wrong, text, answer)
        self.known.learn(answer.get("data"))
        if answer.get("data") and answer["data"].get(root) is not None:
            self.worked[root] += 1
            self.gone += _deleted(answer["data"][root])
        if response.status_code == 401 and token:
            self.tokens[who % PEOPLE] = self._newcomer()  # the session was ended

    def _newcomer(self) -> str:
        Chains.people += 1
        return self.service.sign_up(f"walker{self.people}")


def _deleted(payload: Any) -> list[str]:
    return [payload[name] for name in DELETED if isinstance(payload, Mapping) and payload.get(name)]
