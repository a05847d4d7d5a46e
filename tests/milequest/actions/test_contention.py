"""Two at once: the last seat, the last admin, one use, one key, one name. Exactly one wins, and totals stay true."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from milequest.store.sql.comparison import wrong_totals
from tests.quest import Caller, Quest

JOIN = "mutation ($input: JoinTeamInput!) { joinTeam(input: $input) { memberEdge { node { id } } } }"
LEAVE = "mutation ($input: LeaveTeamInput!) { leaveTeam(input: $input) { deletedMemberId } }"
ROLE = "mutation ($input: SetMemberRoleInput!) { setMemberRole(input: $input) { member { id } } }"
REMOVE = "mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { deletedMemberId } }"
ACCEPT = "mutation ($input: AcceptInviteInput!) { acceptInvite(input: $input) { memberEdge { node { id } } } }"
REVOKE = "mutation ($input: RevokeInviteInput!) { revokeInvite(input: $input) { invite { state } } }"
CREATE = "mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id } } }"
UPDATE = "mutation ($input: UpdateTeamInput!) { updateTeam(input: $input) { team { version } } }"
DELETE = "mutation ($input: DeleteTeamInput!) { deleteTeam(input: $input) { deletedTeamId } }"
PROFILE = "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { viewer { version } } }"
MEMBERS = "query ($team: ID!) { team(id: $team) { members { nodes { id role user { id } } } } }"
LOG = "mutation ($input: LogActivityInput!) { logActivity(input: $input) { activity { id } } }"
EDIT = "mutation ($input: UpdateActivityInput!) { updateActivity(input: $input) { activity { id } } }"
OPEN = {"isPublic": True, "joinPolicy": "OPEN"}
ROUNDS = 8


async def attempt(caller: Caller, text: str, **given: Any) -> str:
    """Return OK, or the refusal's code."""
    result = await caller.result(text, {"input": given})
    return str((result.errors[0].extensions or {})["code"]) if result.errors else "OK"


async def race(*attempts: Awaitable[str]) -> Counter[str]:
    """Return how often each outcome came of attempts made at once."""
    return Counter(await asyncio.gather(*attempts))


async def true_totals(quest: Quest) -> None:
    """Check that every live team counts its members, and has an admin; and that ended intervals do not overlap."""
    wrong = await quest.runtime.writer.fetch(
        """SELECT t.name, t.member_count, count(m.id), count(m.id) FILTER (WHERE m.role = 'ADMIN')
           FROM team t LEFT JOIN team_member m ON m.team_id = t.id AND m.left_at IS NULL
           GROUP BY t.id HAVING t.member_count <> count(m.id) OR t.member_count > t.max_members
             OR (t.deleted_at IS NULL) <> (count(m.id) FILTER (WHERE m.role = 'ADMIN') > 0)"""
    )
    assert wrong == []


@pytest.fixture
async def people(quest: Quest) -> list[Caller]:
    return [await quest.user(name) for name in ("Ann", "Bob", "Cid", "Dee")]


async def test_joins_racing_for_the_last_seat_let_one_in(quest: Quest, people: list[Caller]) -> None:
    ann, *others = people
    for number in range(ROUNDS):
        team = await ann.found(f"Team {number}", maxMembers=2, **OPEN)
        outcomes = await race(*(attempt(caller, JOIN, teamId=team) for caller in others))
        assert outcomes == {"OK": 1, "TEAM_FULL": 2}
    await true_totals(quest)


async def test_join_and_invite_racing_for_the_last_seat_let_one_in(quest: Quest, people: list[Caller]) -> None:
    ann, bob, cid, _ = people
    for number in range(ROUNDS):
        team = await ann.found(f"Team {number}", maxMembers=2, **OPEN)
        code = await ann.invite(team)
        outcomes = await race(attempt(bob, JOIN, teamId=team), attempt(cid, ACCEPT, code=code))
        assert outcomes == {"OK": 1, "TEAM_FULL": 1}
    await true_totals(quest)


async def test_single_use_invite_accepted_three_times_at_once_lets_one_in(quest: Quest, people: list[Caller]) -> None:
    ann, *others = people
    for number in range(ROUNDS):
        code = await ann.invite(await ann.found(f"Team {number}"), maxUses=1)
        outcomes = await race(*(attempt(caller, ACCEPT, code=code) for caller in others))
        assert outcomes == {"OK": 1, "CONFLICT": 2}
    assert await quest.runtime.reader.fetchval("SELECT bool_and(use_count = 1 AND state = 'ACCEPTED') FROM team_invite")
    await true_totals(quest)


async def test_joining_and_accepting_at_once_make_one_membership(quest: Quest, people: list[Caller]) -> None:
    ann, bob, *_ = people
    for number in range(ROUNDS):
        team = await ann.found(f"Team {number}", **OPEN)
        code = await ann.invite(team, maxUses=3)
        outcomes = await race(
            attempt(bob, JOIN, teamId=team), attempt(bob, ACCEPT, code=code), attempt(bob, ACCEPT, code=code)
        )
        assert outcomes == {"OK": 1, "ALREADY_MEMBER": 2}
    await true_totals(quest)


async def test_two_admins_leave_a_third_behind(quest: Quest, people: list[Caller]) -> None:
    ann, bob, cid, _ = people
    for number in range(ROUNDS):
        team, of = await _team_of(number, ann, bob, cid)
        await attempt(ann, ROLE, memberId=of[bob.user_id.hex], role="ADMIN")
        outcomes = await race(attempt(ann, LEAVE, teamId=team), attempt(bob, LEAVE, teamId=team))
        assert outcomes == {"OK": 1, "LAST_ADMIN": 1}
        await true_totals(quest)


async def test_two_admins_alone_leave_and_the_team_ends(quest: Quest, people: list[Caller]) -> None:
    ann, bob, *_ = people
    for number in range(ROUNDS):
        team, of = await _team_of(number, ann, bob)
        await attempt(ann, ROLE, memberId=of[bob.user_id.hex], role="ADMIN")
        assert await race(attempt(ann, LEAVE, teamId=team), attempt(bob, LEAVE, teamId=team)) == {"OK": 2}
    assert await quest.runtime.reader.fetchval("SELECT bool_and(deleted_at IS NOT NULL) FROM team")
    await true_totals(quest)


async def test_admins_demoting_and_removing_each_other_at_once_have_one_winner(
    quest: Quest, people: list[Caller]
) -> None:
    ann, bob, cid, _ = people
    for number in range(ROUNDS):
        _, of = await _team_of(number, ann, bob, cid)
        await attempt(ann, ROLE, memberId=of[bob.user_id.hex], role="ADMIN")
        a, b = of[ann.user_id.hex], of[bob.user_id.hex]
        both = [attempt(ann, ROLE, memberId=b, role="MEMBER"), attempt(bob, REMOVE, memberId=a)]
        outcomes = await race(*both[:: 1 if number % 2 else -1])
        assert outcomes["OK"] == 1
        assert outcomes["FORBIDDEN"] + outcomes["NOT_FOUND"] == 1  # the other is no admin, or no member, any more
        await true_totals(quest)


async def test_team_update_racing_a_demotion_comes_first_or_is_forbidden(quest: Quest, people: list[Caller]) -> None:
    ann, bob, *_ = people
    log = "SELECT kind FROM event WHERE channel = $1 ORDER BY sequence DESC LIMIT 2"
    for number in range(2 * ROUNDS):
        team, of = await _team_of(number, ann, bob)
        member = of[bob.user_id.hex]
        await attempt(ann, ROLE, memberId=member, role="ADMIN")
        outcomes = await race(
            attempt(ann, ROLE, memberId=member, role="MEMBER"),
            attempt(bob, UPDATE, teamId=team, description="Mine!"),
        )
        news = [row[0] for row in await quest.runtime.writer.fetch(log, f"team:{team.removeprefix('team_')}")]
        if outcomes["OK"] == 2:  # then the change came first
            assert news == ["MEMBER_CHANGED", "TEAM_CHANGED"]
        else:
            assert outcomes == {"OK": 1, "FORBIDDEN": 1}
        await attempt(ann, DELETE, teamId=team, confirmName=f"Team {number} of {ann.user_id.hex[-4:]}")
        ann.now += timedelta(hours=3)
        bob.now = ann.now


async def test_removal_racing_a_leave_succeeds_once(quest: Quest, people: list[Caller]) -> None:
    ann, bob, *_ = people
    for number in range(ROUNDS):
        team, of = await _team_of(number, ann, bob)
        outcomes = await race(attempt(ann, REMOVE, memberId=of[bob.user_id.hex]), attempt(bob, LEAVE, teamId=team))
        assert outcomes in ({"OK": 1, "NOT_FOUND": 1}, {"OK": 1, "NOT_MEMBER": 1})
    await true_totals(quest)


async def test_invite_accepted_while_it_is_revoked_has_one_winner(quest: Quest, people: list[Caller]) -> None:
    ann, bob, *_ = people
    text = "mutation ($t: ID!) { createInvite(input: {teamId: $t, maxUses: 1}) { code inviteEdge { node { id } } } }"
    for number in range(ROUNDS):
        team = await ann.found(f"Team {number}")
        made = (await ann.run(text, t=team))["createInvite"]
        revoking = attempt(ann, REVOKE, inviteId=made["inviteEdge"]["node"]["id"])
        outcomes = await race(attempt(bob, ACCEPT, code=made["code"]), revoking)
        assert outcomes in ({"OK": 1, "CONFLICT": 1}, {"OK": 1, "INVALID_INVITE_CODE": 1})
    await true_totals(quest)


async def test_joins_racing_the_deletion_of_a_team_leave_no_member(quest: Quest, people: list[Caller]) -> None:
    ann, *others = people
    for number in range(ROUNDS):
        team = await ann.found(f"Team {number}", **OPEN)
        joining = [attempt(caller, JOIN, teamId=team) for caller in others]
        outcomes = await race(*joining, attempt(ann, DELETE, teamId=team, confirmName=f"Team {number}"))
        assert outcomes["OK"] >= 1
        assert outcomes["OK"] + outcomes["NOT_FOUND"] == 4
    assert await quest.runtime.reader.fetchval("SELECT count(*) FROM team_member WHERE left_at IS NULL") == 0
    await true_totals(quest)


async def test_walks_racing_a_leave_and_a_team_deletion_keep_totals_true(quest: Quest, people: list[Caller]) -> None:
    ann, bob, cid, _ = people
    for number in range(ROUNDS):
        team, _ = await _team_of(number, ann, bob, cid)
        minutes = timedelta(minutes=30 * number)
        walk = {"durationSeconds": 290, "distanceMeters": 900, "startedAt": (ann.now - minutes).isoformat()}
        outcomes = await race(
            *(attempt(caller, LOG, **walk) for caller in (ann, bob, cid)),
            attempt(bob, LEAVE, teamId=team),
            attempt(ann, DELETE, teamId=team, confirmName=f"Team {number} of {ann.user_id.hex[-4:]}"),
        )
        assert outcomes["OK"] >= 4
        assert outcomes["OK"] + outcomes["NOT_FOUND"] == 5  # the team may have ended before bob could leave it
    await true_totals(quest)


async def test_walks_racing_the_removal_of_their_owner_count_for_good_or_not_at_all(
    quest: Quest, people: list[Caller]
) -> None:
    ann, bob, *_ = people
    counted = "SELECT activity_id, distance_mm FROM contribution WHERE team_id = $1 ORDER BY 1"
    for number in range(ROUNDS):
        team, members = await _team_of(number, ann, bob)
        starts = [(bob.now - timedelta(minutes=10 * n + 60 * number)).isoformat() for n in range(1, 5)]
        walks = [{"durationSeconds": 290, "distanceMeters": 900, "startedAt": start} for start in starts]
        outcomes = await race(
            *(attempt(bob, LOG, **walk) for walk in walks), attempt(ann, REMOVE, memberId=members[bob.user_id.hex])
        )
        assert outcomes == {"OK": 5}
        here = UUID(team.removeprefix("team_"))
        before = await quest.runtime.writer.fetch(counted, here)
        for row in await quest.runtime.writer.fetch("SELECT id FROM activity WHERE user_id = $1", bob.user_id):
            longer = {"activityId": f"activity_{row['id'].hex}", "distanceMeters": 950}
            assert await attempt(bob, EDIT, **longer) == "OK"
        assert await quest.runtime.writer.fetch(counted, here) == before
        await ann.run(DELETE, input={"teamId": team, "confirmName": f"Team {number} of {ann.user_id.hex[-4:]}"})
    await true_totals(quest)
    assert await wrong_totals(quest.runtime.reader) == {}


async def test_joins_with_equal_idempotency_keys_at_once_get_one_answer(quest: Quest, people: list[Caller]) -> None:
    ann, bob, *_ = people
    for number in range(ROUNDS):
        team = await ann.found(f"Team {number}", **OPEN)
        key = f"key number {number}"
        results = await asyncio.gather(
            *(bob.run(JOIN, input={"teamId": team, "idempotencyKey": key}) for _ in range(3))
        )
        assert results[0] == results[1] == results[2]
    await true_totals(quest)


async def test_teams_of_one_name_created_at_once_have_one_winner(quest: Quest, people: list[Caller]) -> None:
    for number in range(ROUNDS):
        outcomes = await race(*(attempt(caller, CREATE, name=f"Walkers {number}") for caller in people))
        assert outcomes == {"OK": 1, "CONFLICT": 3}
    await true_totals(quest)


async def test_updates_of_one_expected_version_at_once_have_one_winner(quest: Quest, people: list[Caller]) -> None:
    ann = people[0]
    team = await ann.found("Walkers")
    for number in range(ROUNDS):
        version = (await ann.run("query ($id: ID!) { team(id: $id) { version } }", id=team))["team"]["version"]
        outcomes = await race(
            *(
                attempt(ann, UPDATE, teamId=team, name=f"Walkers {number} {letter}", expectedVersion=version)
                for letter in "abc"
            )
        )
        assert outcomes == {"OK": 1, "STALE_VERSION": 2}
        outcomes = await race(
            *(attempt(ann, PROFILE, name=f"Ann {number} {letter}", expectedVersion=number + 1) for letter in "abc")
        )
        assert outcomes == {"OK": 1, "STALE_VERSION": 2}


async def test_teams_racing_to_be_the_tenth_of_a_day_have_one_winner(quest: Quest, people: list[Caller]) -> None:
    ann = people[0]
    for number in range(9):
        await ann.found(f"Team {number}")
    outcomes = await race(*(attempt(ann, CREATE, name=f"Last {number}") for number in range(4)))
    assert outcomes == {"OK": 1, "RATE_LIMITED": 3}


async def _team_of(number: int, founder: Caller, *others: Caller) -> tuple[str, dict[str, str]]:
    """Found a team; return its id and its members' ids by their users'."""
    team = await founder.found(f"Team {number} of {founder.user_id.hex[-4:]}", **OPEN)
    for other in others:
        await other.run(JOIN, input={"teamId": team})
    nodes = (await founder.run(MEMBERS, team=team))["team"]["members"]["nodes"]
    return team, {node["user"]["id"].removeprefix("user_"): node["id"] for node in nodes}
