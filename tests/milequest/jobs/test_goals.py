"""Goals get their outcome once their days and grace are over: at the right instant, once, in any process."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from milequest.jobs import goals as jobs
from milequest.jobs.goals import finalize_goals
from tests.journeys import LEG, Crew, along, crew, draft, status, walk
from tests.quest import Quest

CLOSES = datetime(2026, 11, 27, 12, tzinfo=UTC)  # the 23rd ends at UTC-12 on the 24th at noon; 72 hours of grace


@pytest.fixture
async def team(quest: Quest) -> Crew:
    return await crew(quest)


async def run(team: Crew, now: datetime) -> int:
    return await finalize_goals(team.quest.runtime, now)


async def test_a_goal_that_fell_short_has_failed(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True, endsOn="2026-11-23")
    await walk(team.member, LEG)
    assert await run(team, CLOSES - timedelta(microseconds=1)) == 0
    assert (await status(team.admin, goal_id))["status"] == "ACTIVE"
    assert await run(team, CLOSES) == 1
    after = await status(team.admin, goal_id)
    assert (after["status"], after["finalizedAt"]) == ("FAILED", "2026-11-27T12:00:00.000Z")
    assert [event for event in await team.events() if event[0] == "GOAL_CHANGED"][1:] == [("GOAL_CHANGED", goal_id[5:])]
    assert await run(team, CLOSES) == 0
    assert await status(team.admin, goal_id) == after


async def test_goal_that_cannot_be_finalised_keeps_no_later_one_from_it(team: Crew) -> None:
    other = await crew(team.quest, name="Others")
    goals = [await draft(one.admin, one.team, activate=True, endsOn="2026-11-23") for one in (team, other)]
    db = team.quest.runtime.writer
    await db.execute(f"""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
        CREATE TRIGGER refused BEFORE UPDATE ON goal FOR EACH ROW
        WHEN (OLD.id = '{UUID(min(goals).removeprefix("goal_"))}') EXECUTE FUNCTION refuse()""")
    with pytest.raises(asyncpg.RaiseError):
        await run(team, CLOSES)
    found = {id: (await status(one.admin, id))["status"] for one, id in zip((team, other), goals, strict=True)}
    assert (found[min(goals)], found[max(goals)]) == ("ACTIVE", "FAILED")


async def test_a_completed_goal_keeps_its_outcome(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True, endsOn="2026-11-23", waypoints=along(0, 0.01))
    walk_id = await walk(team.member, 5_000)
    assert await run(team, CLOSES) == 1
    final = await status(team.admin, goal_id)
    assert (final["status"], final["completedOn"]) == ("COMPLETED", "2026-11-22")
    assert final["finalizedAt"] is not None
    team.later(days=6)
    await walk(team.member, 700, team.member.now - timedelta(days=6))
    delete = "mutation ($id: ID!) { deleteActivity(input: {activityId: $id}) { deletedActivityId } }"
    await team.member.run(delete, id=walk_id)
    assert await status(team.admin, goal_id) == final


async def test_a_walk_in_the_days_of_grace_completes_a_goal(team: Crew) -> None:
    goal_id = await draft(team.admin, team.team, activate=True, endsOn="2026-11-23", waypoints=along(0, 0.01))
    day_of_walk = team.member.now
    team.later(days=4)
    await walk(team.member, 5_000, day_of_walk)
    assert (await status(team.admin, goal_id))["completedOn"] == "2026-11-22"
    assert await run(team, CLOSES) == 1
    assert (await status(team.admin, goal_id))["status"] == "COMPLETED"


async def test_drafts_and_cancelled_goals_have_no_outcome(team: Crew) -> None:
    left = await draft(team.admin, team.team, endsOn="2026-11-23")
    given_up = await draft(team.admin, team.team, endsOn="2026-11-23", activate=True)
    await team.admin.run("mutation ($id: ID!) { cancelGoal(input: {goalId: $id}) { goal { id } } }", id=given_up)
    assert await run(team, CLOSES + timedelta(days=400)) == 0
    assert [(await status(team.admin, goal_id))["status"] for goal_id in (left, given_up)] == ["DRAFT", "CANCELLED"]


async def test_two_goal_jobs_at_once_close_each_goal_once(team: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BATCH", 2)
    for number in range(5):
        other = await team.admin.found(f"Team {number}")
        await draft(team.admin, other, activate=True, endsOn="2026-11-23")
    assert sum(await asyncio.gather(run(team, CLOSES), run(team, CLOSES))) == 5
    assert await team.quest.runtime.writer.fetchval("SELECT count(*) FROM goal WHERE status = 'FAILED'") == 5
    assert len([event for event in await team.events() if event[0] == "GOAL_CHANGED"]) == 10


async def test_a_walk_in_the_instant_of_the_outcome_counts_or_does_not(team: Crew) -> None:
    day_of_walk = team.member.now
    team.later(days=4)
    outcomes = set()
    for number in range(6):
        start = await team.admin.found(f"Line {number}")
        await team.member.accept(await team.admin.invite(start))
        await team.quest.runtime.writer.execute("UPDATE team_member SET counts_from = $1", day_of_walk)
        goal_id = await draft(team.admin, start, startsOn="2026-11-26", activate=True, waypoints=along(0, 0.01))
        await team.quest.runtime.writer.execute(
            "UPDATE goal SET starts_on = '2026-11-22', ends_on = '2026-11-23' WHERE status = 'ACTIVE'"
        )
        ended = run(team, CLOSES)
        logged = walk(team.member, 2_000, day_of_walk)
        await asyncio.gather(*((ended, logged) if number % 2 else (logged, ended)))
        await run(team, CLOSES)
        seen = await status(team.admin, goal_id)
        assert seen["finalizedAt"] == "2026-11-27T12:00:00.000Z"
        outcomes.add((seen["status"], seen["progress"]["totalMeters"]))
    assert outcomes <= {("FAILED", 0), ("COMPLETED", 2_000)}
