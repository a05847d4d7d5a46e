"""A new member's day is counted at once: to the same totals, milestones and events as walk by walk."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from milequest.store.sql.recounting import MembershipPeriod
from tests.journeys import LEG, NOW, Crew, along, crew, draft, walk
from tests.quest import Caller, Quest, open_quest

JOIN = "mutation ($t: ID!) { joinTeam(input: {teamId: $t}) { memberEdge { node { id } } } }"
OPEN = {"isPublic": True, "joinPolicy": "OPEN"}
FAR = along(0, 0.1, 0.2)
NEWS = """SELECT kind, subject_id FROM event WHERE channel = $1 AND kind NOT LIKE 'MEMBER%'
    AND kind NOT LIKE 'TEAM%' AND sequence > $2 ORDER BY sequence"""
MILESTONES = """SELECT m.kind, m.key, m.at_mm, m.reached_at IS NOT NULL, m.reached_by_activity_id FROM milestone m
    JOIN goal g ON g.id = m.goal_id WHERE g.team_id = $1 ORDER BY m.at_mm, m.kind, m.key"""
GOAL = """SELECT g.status, g.completed_on, p.total_mm FROM goal g JOIN goal_progress p ON p.goal_id = g.id
    WHERE g.team_id = $1"""
ENTRIES = """SELECT period, starts_on, user_id, distance_mm, activity_count FROM board_entry
    WHERE team_id = $1 ORDER BY 1, 2"""


@pytest.fixture
async def team(quest: Quest) -> Crew:
    return await crew(quest)


@pytest.fixture
async def alone(database_url: str, redis_url: str) -> AsyncIterator[Quest]:
    """Yield the service with one connection, whose statements can be counted."""
    async with open_quest(database_url, redis_url, connections=1) as opened:
        yield opened


def within(team_id: str) -> str:
    return team_id.removeprefix("team_")


async def what_it_came_to(caller: Caller, team_id: str, after: int) -> dict[str, Any]:
    """Return all that a team shows of its goal and its members, goals and milestones by their content."""
    db, team = caller.runtime.writer, within(team_id)
    found = {name: [tuple(row) for row in await db.fetch(text, team)] for name, text in STATES.items()}
    walks = {row[0] for row in await db.fetch("SELECT id FROM activity")}
    news = await db.fetch(NEWS, f"team:{team}", after)
    return found | {"news": [(row[0], row[1] if row[1] in walks else None) for row in news]}


STATES = {"milestones": MILESTONES, "goal": GOAL, "entries": ENTRIES}


async def test_joining_after_walking_comes_to_the_same_as_walking_after_joining(team: Crew) -> None:
    second = await team.admin.found("Second", **OPEN)
    for one in (team.team, second):
        await draft(team.admin, one, waypoints=FAR, activate=True)
    after = {}
    for one in (team.team, second):
        text = "SELECT max(sequence) FROM event WHERE channel = $1"
        after[one] = await team.admin.runtime.writer.fetchval(text, f"team:{within(one)}")
    for number, share in enumerate((0.3, 0.4, 0.5, 0.7, 0.2)):
        private = {"privacy": "PRIVATE"} if number in (1, 3) else {}
        await walk(team.member, share * LEG, NOW - timedelta(hours=number), **private)
        team.later(seconds=1)  # walks are counted in the order of their arrival
    await team.member.run(JOIN, t=second)
    first, joined = [await what_it_came_to(team.admin, one, after[one]) for one in (team.team, second)]
    assert joined == first
    assert joined["goal"][0][0] == "COMPLETED"
    reached_by = {row[4] for row in joined["milestones"]}
    assert len(reached_by) > 2, "each milestone is reached by the walk that reached it"


async def test_joining_takes_as_many_statements_for_many_walks_as_for_one(alone: Quest) -> None:
    ann, ben = await alone.user("Ann"), await alone.user("Ben")
    counts = []
    for number, walks in enumerate((1, 1, 30)):  # at the first one asyncpg looks types up
        for _ in range(walks):
            await walk(ben, 10)
        team = await ann.found(f"Team {number}", **OPEN)
        await draft(ann, team, startsOn=ann.now.date().isoformat(), activate=True)
        seen: list[str] = []
        (holder,) = getattr(alone.runtime.writer, "_holders")  # noqa: B009  # a proxy would lose the logger on release

        def note(record: Any, seen: list[str] = seen) -> None:
            seen.append(record.query)

        holder._con.add_query_logger(note)
        await ben.run(JOIN, t=team)
        holder._con.remove_query_logger(note)
        counts.append(len([text for text in seen if "FROM channel WHERE" not in text]))
    assert counts[1] == counts[2]


def test_membership_period_holds_its_first_instant_and_not_its_last() -> None:
    stay = MembershipPeriod(NOW, NOW + timedelta(hours=1), is_closed=False)
    assert stay.holds(NOW)
    assert not stay.holds(NOW + timedelta(hours=1))
    assert not stay.holds(NOW - timedelta(microseconds=1))
    assert MembershipPeriod(NOW, None, is_closed=False).holds(NOW + timedelta(days=1))
