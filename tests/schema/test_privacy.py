"""Role × public or private × operation, as clients see it: a hidden team looks like one that never was."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from milequest.rules.access import Standing, TeamPart, may_see
from tests.quest import Caller, Quest

CARD = """query ($id: ID!) { team(id: $id) { id name description memberCount viewerRole activeGoal { id }
  members { totalCount nodes { id user { id name } } } invites { nodes { id } } goals { nodes { id } }
  leaderboard { id } } }"""
STANDINGS = {"nobody": 0, "stranger": 1, "former": 1, "member": 2, "admin": 3}

UPDATE = 'mutation ($team: ID!) { updateTeam(input: {teamId: $team, description: "New"}) { team { id } } }'
DELETE = 'mutation ($team: ID!) { deleteTeam(input: {teamId: $team, confirmName: "?"}) { deletedTeamId } }'
INVITE = "mutation ($team: ID!) { createInvite(input: {teamId: $team}) { code } }"
JOIN = "mutation ($team: ID!) { joinTeam(input: {teamId: $team}) { team { id } } }"
LEAVE = "mutation ($team: ID!) { leaveTeam(input: {teamId: $team}) { team { id } } }"
ROLE = "mutation ($member: ID!) { setMemberRole(input: {memberId: $member, role: MEMBER}) { member { id } } }"
REMOVE = "mutation ($member: ID!) { removeMember(input: {memberId: $member}) { deletedMemberId } }"
REVOKE = "mutation ($invite: ID!) { revokeInvite(input: {inviteId: $invite}) { invite { id } } }"

# What each write says to a stranger, a member and an admin of a public team. To a private team's stranger: NOT_FOUND.
# Those that work change what others would see, so they come last.
WRITES = {
    UPDATE: ("FORBIDDEN", "FORBIDDEN", "OK"),
    DELETE: ("FORBIDDEN", "FORBIDDEN", "VALIDATION_ERROR"),  # the admin gets as far as the name
    INVITE: ("FORBIDDEN", "FORBIDDEN", "OK"),
    JOIN: ("FORBIDDEN", "ALREADY_MEMBER", "ALREADY_MEMBER"),
    ROLE: ("NOT_FOUND", "FORBIDDEN", "OK"),
    REVOKE: ("NOT_FOUND", "NOT_FOUND", "OK"),
    REMOVE: ("NOT_FOUND", "FORBIDDEN", "OK"),
    LEAVE: ("NOT_MEMBER", "OK", "LAST_ADMIN"),
}


@dataclass
class World:
    """A team with its people, by how they stand to it."""

    quest: Quest
    is_public: bool
    callers: dict[str, Caller]
    ids: dict[str, str]

    def standing(self, who: str) -> Standing:
        """How near someone stands to the team."""
        return Standing(STANDINGS[who])


@pytest.fixture(params=[True, False], ids=["public", "private"])
async def world(quest: Quest, request: pytest.FixtureRequest) -> World:
    people = {name: await quest.user(name) for name in ("admin", "member", "former", "stranger", "third")}
    team = await people["admin"].found("Hidden Walkers", isPublic=request.param, description="Psst")
    text = """mutation ($t: ID!) { createInvite(input: {teamId: $t}) { code inviteEdge { node { id } } } }"""
    invite = (await people["admin"].run(text, t=team))["createInvite"]
    members = {name: await people[name].accept(invite["code"]) for name in ("member", "former", "third")}
    await people["former"].run(LEAVE, team=team)
    ids = {"team": team, "member": members["third"], "invite": invite["inviteEdge"]["node"]["id"]}
    return World(quest, request.param, people | {"nobody": quest.anonymous}, ids)


@pytest.mark.parametrize("who", STANDINGS)
async def test_reads(world: World, who: str) -> None:
    caller, standing = world.callers[who], world.standing(who)

    def sees(part: TeamPart) -> bool:
        return may_see(part, standing, is_public=world.is_public)

    team = (await caller.run(CARD, id=world.ids["team"]))["team"]
    assert (team is not None) == sees(TeamPart.CARD)
    if team is not None:
        assert (team["goals"] is not None) == sees(TeamPart.GOALS)
        assert (team["members"] is not None) == sees(TeamPart.PEOPLE)
        assert (team["leaderboard"] is not None) == sees(TeamPart.PEOPLE)
        assert (team["invites"] is not None) == sees(TeamPart.INVITES)
        assert team["viewerRole"] == {Standing.MEMBER: "MEMBER", Standing.ADMIN: "ADMIN"}.get(standing)
    found = (await caller.run('{ searchTeams(query: "hidden") { nodes { id } } }'))["searchTeams"]["nodes"]
    assert found == ([{"id": world.ids["team"]}] if world.is_public else [])
    nodes = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    card = f"user_{world.callers['admin'].user_id.hex}"
    answered = (await caller.run(nodes, ids=[*world.ids.values(), card]))["nodes"]
    assert [node is not None for node in answered] == [
        sees(TeamPart.CARD),
        sees(TeamPart.PEOPLE),
        sees(TeamPart.INVITES),
        sees(TeamPart.PEOPLE),
    ]


@pytest.mark.parametrize("who", STANDINGS)
async def test_writes(world: World, who: str) -> None:
    caller, standing = world.callers[who], world.standing(who)
    for text, codes in WRITES.items():
        expected = "UNAUTHENTICATED" if standing is Standing.ANONYMOUS else codes[standing - 1]
        if standing is Standing.STRANGER and not world.is_public:
            expected = "NOT_FOUND"
        given = _only(text, world.ids)
        if expected == "OK":
            await caller.run(text, **given)
        else:
            assert (await world.quest.refusal(caller, text, **given))["code"] == expected, text


@pytest.mark.parametrize("who", ["nobody", "stranger", "former"])
async def test_hidden_and_missing_are_the_same_to_the_letter(world: World, who: str) -> None:
    if world.is_public:
        await _make_private(world)
    caller = world.callers[who]
    missing = {name: f"{node_id.partition('_')[0]}_{UUID(int=7).hex}" for name, node_id in world.ids.items()}
    for text in (CARD, "query ($id: ID!) { node(id: $id) { id ... on Team { name } } }"):
        assert await _answer(caller, text, {"id": world.ids["team"]}) == await _answer(
            caller, text, {"id": missing["team"]}
        )
    for text in WRITES:
        hidden = await _answer(caller, text, _only(text, world.ids))
        assert hidden == await _answer(caller, text, _only(text, missing))


async def test_no_address_of_others_is_anywhere(world: World) -> None:
    text = """query ($id: ID!) { team(id: $id) { members { nodes { user { id name avatarUrl } } } } }"""
    addresses = await world.quest.runtime.reader.fetch("SELECT email FROM app_user")
    answer = str(await world.callers["admin"].run(text, id=world.ids["team"]))
    assert not [row[0] for row in addresses if row[0] in answer]


async def _make_private(world: World) -> None:
    text = "mutation ($team: ID!) { updateTeam(input: {teamId: $team, isPublic: false}) { team { id } } }"
    await world.callers["admin"].run(text, team=world.ids["team"])


async def _answer(caller: Caller, text: str, given: dict[str, str]) -> tuple[Any, list[Any]]:
    """Data and errors, without what differs from request to request."""
    result = await caller.result(text, dict(given))
    errors = [error.formatted for error in result.errors or ()]
    for error in errors:
        error.get("extensions", {}).pop("requestId", None)
    return result.data, errors


def _only(text: str, ids: dict[str, str]) -> dict[str, str]:
    """The one variable a write takes."""
    name = text.partition("$")[2].partition(":")[0]
    return {name: ids[name]}
