"""The policy exists twice, as a rule and as SQL: both decide the same for every viewer, team and part."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from milequest.rules import access
from milequest.rules.access import (
    AccessLevel,
    TeamPart,
    Viewer,
    may_see,
    refuse_unless_admin,
    refuse_unless_member,
)
from milequest.rules.enums import TeamRole
from milequest.rules.errors import ErrorCode, QuestError
from milequest.settings import PROJECT
from milequest.store.sql import invites, members, scopes, teams, users
from milequest.store.sql.teams import Team
from tests.quest import Quest

BEGUN, DRAFT = "now()", "NULL"  # when a goal was activated
PREDICATES = {
    TeamPart.CARD: scopes.TEAM_VISIBLE,
    TeamPart.GOALS: scopes.GOAL_VISIBLE.replace("g.activated_at", BEGUN),
    TeamPart.DRAFTS: scopes.GOAL_VISIBLE.replace("g.activated_at", DRAFT),
    TeamPart.PEOPLE: scopes.PEOPLE_VISIBLE,
    TeamPart.INVITES: scopes.INVITES_VISIBLE,
}
TEAMS = [(is_public, is_live) for is_public in (True, False) for is_live in (True, False)]


@dataclass
class World:
    """Four teams, public or not, live or not, with the same people in each."""

    quest: Quest
    teams: dict[tuple[bool, bool], UUID]
    viewers: dict[str, UUID | None]

    def access_level(self, who: str, is_live: bool) -> AccessLevel:
        """Return the access level of a person at each of the teams; a deleted one has no members."""
        near = {"nobody": AccessLevel.ANONYMOUS, "admin": AccessLevel.ADMIN, "member": AccessLevel.MEMBER}
        level = near.get(who, AccessLevel.STRANGER)
        return level if is_live else min(level, AccessLevel.STRANGER)


@pytest.fixture
async def world(quest: Quest) -> World:
    people = {name: await quest.user(name) for name in ("admin", "member", "former", "stranger")}
    by_kind: dict[tuple[bool, bool], UUID] = {}
    for is_public, is_live in TEAMS:
        name = f"Team {is_public} {is_live}"
        team = await people["admin"].found(name, isPublic=is_public)
        code = await people["admin"].invite(team)
        await people["member"].accept(code)
        await people["former"].accept(code)
        await people["former"].run("mutation ($t: ID!) { leaveTeam(input: {teamId: $t}) { deletedMemberId } }", t=team)
        if not is_live:
            text = (
                "mutation ($t: ID!, $n: String!) { deleteTeam(input: {teamId: $t, confirmName: $n}) { deletedTeamId } }"
            )
            await people["admin"].run(text, t=team, n=name)
        by_kind[is_public, is_live] = UUID(team.removeprefix("team_"))
    viewers = {name: caller.user_id for name, caller in people.items()}
    return World(quest, by_kind, viewers | {"nobody": None})


async def test_predicates_say_what_the_rule_says(world: World) -> None:
    db = world.quest.runtime.reader
    for (who, viewer), (kind, team_id), part in product(world.viewers.items(), world.teams.items(), TeamPart):
        seen = await db.fetchval(
            f"SELECT EXISTS (SELECT FROM team t WHERE t.id = $2 AND {PREDICATES[part]})", viewer, team_id
        )
        is_public, is_live = kind
        allowed = is_live and may_see(part, world.access_level(who, is_live), is_public=is_public)
        assert seen == allowed, (who, kind, part)


def test_the_documented_table_is_the_code() -> None:
    told = access.__doc__ or ""
    table = told[told.index("| of a team") : told.index('\n\n"public" means')]
    assert table in (PROJECT / "ARCHITECTURE.md").read_text()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    assert [row[0].partition(":")[0].split()[0] for row in rows[2:]] == [part.value for part in TeamPart]
    for part, (_, *cells) in zip(TeamPart, rows[2:], strict=True):
        for level, cell in zip(AccessLevel, cells, strict=True):
            seen = [may_see(part, level, is_public=is_public) for is_public in (True, False)]
            assert {"yes": [True, True], "public": [True, False], "no": [False, False]}[cell] == seen, (part, level)


async def test_reads_give_what_the_rule_allows(world: World) -> None:
    db = world.quest.runtime.reader
    now = (await world.quest.user("Clock")).now
    ids = list(world.teams.values())
    all_members = await db.fetch("SELECT id, team_id FROM team_member WHERE left_at IS NULL")
    all_invites = await db.fetch("SELECT id, team_id FROM team_invite")
    assert len(all_members) == 4
    assert len(all_invites) == 4
    for who, user_id in world.viewers.items():
        viewer = Viewer(user_id)
        allowed = _allowed(world, who)
        cards = await teams.teams(db, viewer, ids)
        assert set(cards) == allowed(TeamPart.CARD), who
        for team in cards.values():
            assert team.access_level(viewer) == world.access_level(who, is_live=True)
        pages = await members.pages_of(db, viewer, _cards(ids), None, 10)
        assert set(pages) == allowed(TeamPart.PEOPLE), who
        by_ids = await members.by_ids(db, viewer, [row["id"] for row in all_members])
        assert {member.team.id for member in by_ids.values()} == allowed(TeamPart.PEOPLE), who
        invited = await invites.pages_of(db, viewer, _cards(ids), None, 10, now)
        assert set(invited) == allowed(TeamPart.INVITES), who
        invited_ids = await invites.by_ids(db, viewer, [row["id"] for row in all_invites], now)
        assert {invite.team.id for invite in invited_ids.values()} == allowed(TeamPart.INVITES), who


def _allowed(world: World, who: str) -> Callable[[TeamPart], set[UUID]]:
    def parts(part: TeamPart) -> set[UUID]:
        return {
            team_id
            for (is_public, is_live), team_id in world.teams.items()
            if is_live and may_see(part, world.access_level(who, is_live), is_public=is_public)
        }

    return parts


def _cards(team_ids: list[UUID]) -> list[Team]:
    """Return rows that a caller without access might hold: the statement itself must refuse."""
    blank: dict[str, Any] = dict.fromkeys(Team.__dataclass_fields__)
    return [Team(**blank | {"id": team_id, "viewer_role": TeamRole.ADMIN}) for team_id in team_ids]


async def test_cards_of_people_go_to_whom_they_share_a_team_with(world: World) -> None:
    db, viewers = world.quest.runtime.reader, world.viewers
    everybody = [user_id for user_id in viewers.values() if user_id]
    for who, expected in {
        "admin": {"admin", "member"},
        "member": {"admin", "member"},
        "former": {"former"},
        "stranger": {"stranger"},
        "nobody": set(),
    }.items():
        seen = await users.visible_cards(db, Viewer(viewers[who]), everybody)
        assert set(seen) == {viewers[name] for name in expected}, who


@pytest.mark.parametrize("is_public", [True, False])
@pytest.mark.parametrize("level", list(AccessLevel))
def test_refusals_never_betray_a_hidden_team(level: AccessLevel, is_public: bool) -> None:
    for refuse, let_in in ((refuse_unless_admin, AccessLevel.ADMIN), (refuse_unless_member, AccessLevel.MEMBER)):
        if level >= let_in:
            refuse(level, is_public=is_public)
            continue
        with pytest.raises(QuestError) as refusal:
            refuse(level, is_public=is_public)
        visible = may_see(TeamPart.CARD, level, is_public=is_public)
        assert refusal.value.code is (ErrorCode.FORBIDDEN if visible else ErrorCode.NOT_FOUND)


def test_a_refusal_says_who_may_or_what_is_not_there() -> None:
    for refuse, who in ((refuse_unless_admin, "an admin"), (refuse_unless_member, "a member")):
        with pytest.raises(QuestError, match=rf"^Only {who} of the team may do this\.$"):
            refuse(AccessLevel.STRANGER, is_public=True, what="goal")
        with pytest.raises(QuestError, match=r"^No such goal\.$"):
            refuse(AccessLevel.STRANGER, is_public=False, what="goal")
        with pytest.raises(QuestError, match=r"^No such team\.$"):
            refuse(AccessLevel.STRANGER, is_public=False)


def test_access_level_of_a_viewer_follows_the_role_or_the_sign_in() -> None:
    somebody, nobody = Viewer(UUID(int=1)), Viewer()
    for role in (TeamRole.ADMIN, "ADMIN"):
        assert somebody.access_level(role) is AccessLevel.ADMIN
    for role in (TeamRole.MEMBER, "MEMBER"):
        assert somebody.access_level(role) is AccessLevel.MEMBER
    assert (somebody.access_level(None), nobody.access_level(None)) == (AccessLevel.STRANGER, AccessLevel.ANONYMOUS)


def test_higher_access_level_sees_no_less_than_a_lower_one() -> None:
    for part, is_public in product(TeamPart, (True, False)):
        seen = [may_see(part, level, is_public=is_public) for level in AccessLevel]
        assert seen == sorted(seen)
        assert seen[-1]
