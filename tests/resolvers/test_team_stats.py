"""Numbers of teams, for their members."""

from datetime import timedelta

from tests.journeys import ACTIVATE, crew, draft, walk
from tests.quest import Quest

STATS = """query ($id: ID!) { team(id: $id) { teamStats {
  distanceMeters durationSeconds steps activityCount activeMemberCount completedGoalCount } } }"""
OF_ALL = "{ viewer { memberships { team { name teamStats { activityCount } } } } }"
LEAVE = "mutation ($t: ID!) { leaveTeam(input: {teamId: $t}) { deletedMemberId } }"


async def test_team_stats_are_of_public_walks_and_members_of_this_week(quest: Quest) -> None:
    team = await crew(quest, is_public=True)
    nothing = {"distanceMeters": 0, "durationSeconds": 0, "steps": 0, "activityCount": 0, "activeMemberCount": 0}
    assert (await team.admin.run(STATS, id=team.team))["team"]["teamStats"] == nothing | {"completedGoalCount": 0}
    await team.admin.run(ACTIVATE, input={"goalId": await draft(team.admin, team.team)})
    await walk(team.admin, 40_000, steps=900)
    await walk(team.member, 500)
    await walk(team.member, 300, privacy="PRIVATE")
    assert (await team.member.run(STATS, id=team.team))["team"]["teamStats"] == {
        "distanceMeters": 40_500,
        "durationSeconds": 4_290,
        "steps": 900,
        "activityCount": 2,
        "activeMemberCount": 2,
        "completedGoalCount": 1,
    }
    assert (await team.stranger.run(STATS, id=team.team))["team"]["teamStats"] is None
    team.later(hours=1)
    await team.member.run(LEAVE, t=team.team)
    left = (await team.admin.run(STATS, id=team.team))["team"]["teamStats"]
    assert (left["distanceMeters"], left["activeMemberCount"]) == (40_500, 1)
    team.admin.now += timedelta(days=7)
    assert (await team.admin.run(STATS, id=team.team))["team"]["teamStats"]["activeMemberCount"] == 0


async def test_stats_of_all_ones_teams_are_each_teams_own(quest: Quest) -> None:
    ann = await quest.user("Ann")
    await ann.found("Walkers")
    await walk(ann, 700)
    await walk(ann, 800)
    other = await quest.user("Ben")
    code = await other.invite(await other.found("Runners"))
    ann.now += timedelta(days=1)
    await ann.accept(code)
    await walk(ann, 900)
    shown = (await ann.run(OF_ALL))["viewer"]["memberships"]
    assert [(one["team"]["name"], one["team"]["teamStats"]["activityCount"]) for one in shown] == [
        ("Walkers", 3),
        ("Runners", 1),
    ]
