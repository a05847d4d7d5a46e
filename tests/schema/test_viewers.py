"""Decision 9, tried on every field: all but `viewer…` are the same for all viewers of one access level.

For each node type a document is made that selects all of its fields but those; two members, two strangers and two
admins then run it. Decision 10 is checked too: no read answers FORBIDDEN, for any caller.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    validate,
)

from milequest.rules.ids import new_id
from schema.build import build, runner
from tests.journeys import LINE, NOW, draft, walk
from tests.quest import Caller, Quest

SCHEMA = build()._schema
NODE = SCHEMA.type_map["Node"]
IDS = """query ($team: ID!) { routeTemplates { nodes { id } } team(id: $team) {
    leaderboard { id } members { nodes { id } } invites { nodes { id } }
    activeGoal { id route { id } progress { id milestones { id } } leaderboard { id } } } }"""
ADMIN = "mutation ($member: ID!) { setMemberRole(input: { memberId: $member, role: ADMIN }) { member { id } } }"
REJECT = "mutation ($i: RejectActivityInput!) { rejectActivity(input: $i) { team { id } } }"
BAN = "mutation ($member: ID!) { removeMember(input: { memberId: $member, ban: true }) { deletedMemberId } }"
ACTIVATE = "mutation ($id: ID!) { activateGoal(input: { goalId: $id }) { goal { id } } }"


def node_types() -> list[GraphQLObjectType]:
    """Return all types with an id, but the viewer's own: their account and sessions."""
    assert isinstance(NODE, GraphQLInterfaceType)
    return [kind for kind in SCHEMA.get_possible_types(NODE) if kind.name not in ("Viewer", "SignInSession")]


def selection(kind: Any, seen: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield all selections of a type without arguments; of further nodes the id, of nodes of these types nothing."""
    for name, field in kind.fields.items():
        inner = get_named_type(field.type)
        if name.startswith("viewer") or any(isinstance(given.type, GraphQLNonNull) for given in field.args.values()):
            continue
        if is_leaf_type(inner):
            yield name
        elif seen and NODE in getattr(inner, "interfaces", ()):
            yield f"{name} {{ id }}"
        elif inner.name not in seen:
            first = "(first: 3)" if "first" in field.args else ""
            yield f"{name}{first} {{ {' '.join(selection(inner, (*seen, kind.name)))} }}"


def document(kind: GraphQLObjectType) -> str:
    """Return the query of all of a node type's fields."""
    everything = " ".join(selection(kind, ("",)))
    return f"query ($id: ID!) {{ node(id: $id) {{ __typename ... on {kind.name} {{ {everything} }} }} }}"


@pytest.mark.parametrize("kind", node_types(), ids=str)
def test_each_types_document_selects_all_of_its_fields(kind: GraphQLObjectType) -> None:
    prepared = runner().prepare(document(kind))
    assert validate(SCHEMA, prepared.document) == []
    for name in kind.fields:
        assert name.startswith("viewer") or f" {name} " in document(kind) or f" {name}(" in document(kind)


async def people(quest: Quest, count: int, prefix: str) -> list[Caller]:
    """Return so many people without common teams, concurrently created."""
    callers = [await quest.user(f"{prefix}{number}") for number in range(count)]
    for caller in callers:
        caller.now = NOW
    return callers


async def ids_of(quest: Quest, ann: Caller, members: list[Caller], *, is_public: bool) -> list[str]:
    """Return the ids of one object of each type around a team."""
    team = await ann.found("Walkers", isPublic=is_public)
    code = await ann.invite(team)
    joined = [await member.accept(code) for member in members]
    await ann.run(ADMIN, member=joined[0])
    goal = await draft(ann, team, **LINE)
    await ann.run(ACTIVATE, id=goal)
    walks = [await walk(members[0], 4_000, privacy=privacy) for privacy in ("PUBLIC", "PRIVATE")]
    for member in members[1:]:
        await walk(member, 4_000)
    found = await ann.run(IDS, team=team)
    of_team, goal_of = found["team"], found["team"]["activeGoal"]
    of_goal = [goal, goal_of["leaderboard"]["id"], goal_of["route"]["id"], goal_of["progress"]["id"]]
    lists = (
        of_team["members"],
        of_team["invites"],
        found["routeTemplates"],
        {"nodes": goal_of["progress"]["milestones"]},
    )
    listed = [each["id"] for page in lists for each in page["nodes"]]
    listed += [await _request_of_somebody(quest, team), *await _decisions(quest, ann, team)]
    users = [f"user_{caller.user_id.hex}" for caller in (ann, *members)]
    return [team, of_team["leaderboard"]["id"], *of_goal, *listed, *users, *walks]


async def _decisions(quest: Quest, ann: Caller, team: str) -> list[str]:
    """Return the ids of a rejection of a walk, and of the ban of its walker."""
    (gone,) = await people(quest, 1, "Gone")
    member = await gone.accept(await ann.invite(team))
    rejected = {"teamId": team, "activityId": await walk(gone, 500), "reason": "No."}
    await ann.run(REJECT, i=rejected)
    await ann.run(BAN, member=member)
    found = await ann.run("query ($t: ID!) { team(id: $t) { bans { nodes { id } } rulings { nodes { id } } } }", t=team)
    return [found["team"][name]["nodes"][0]["id"] for name in ("bans", "rulings")]


async def _request_of_somebody(quest: Quest, team: str) -> str:
    """Return the id of a request to join the team; by SQL, as a private team gets none."""
    user, request = (await quest.user("Asking")).user_id, new_id(NOW)
    await quest.runtime.writer.execute(
        "INSERT INTO join_request (id, team_id, user_id, created_at) VALUES ($1, $2, $3, $4)",
        *(request, UUID(team.removeprefix("team_")), user, NOW),
    )
    return f"request_{request.hex}"


@pytest.mark.parametrize("is_public", [True, False], ids=["public", "private"])
async def test_alike_viewers_get_the_same_answers(quest: Quest, is_public: bool) -> None:
    ann, *members = await people(quest, 4, "Member")
    ids = await ids_of(quest, ann, members, is_public=is_public)
    strangers = await people(quest, 2, "Stranger")
    alike = {"admins": [ann, members[0]], "members": members[1:], "strangers": strangers}
    alike["nobody"] = [quest.anonymous, quest.anonymous]
    documents = {kind.name: document(kind) for kind in node_types()}
    seen: set[str] = set()
    for node_id in ids:
        for who, callers in alike.items():
            answers = [await answer(caller, node_id, documents) for caller in callers]
            if not (who == "admins" and node_id.startswith("activity_")):  # one of them walked it
                assert answers[0] == answers[1], (who, node_id)
            seen |= {given["node"]["__typename"] for given in answers if given["node"]}
    assert seen == set(documents)


async def answer(caller: Caller, node_id: str, documents: dict[str, str]) -> Any:
    """Return all of a node as the caller sees it; an error that is no refusal of access fails the test."""
    kind = await caller.result("query ($id: ID!) { node(id: $id) { __typename } }", {"id": node_id})
    assert not kind.errors, kind.errors
    assert kind.data is not None
    if kind.data["node"] is None:
        return kind.data
    result = await caller.result(documents[kind.data["node"]["__typename"]], {"id": node_id})
    assert [error.message for error in result.errors or ()] == []
    return result.data
