"""Leaderboards for tests: the documents of their queries, and readers of the answers."""

from typing import Any

from tests.quest import Caller

ROWS = """fragment Rows on Leaderboard { id version period metric basis windowStartsOn windowEndsOn isFinal
    entries(first: 10) { nodes { rank value distanceMeters activityCount competitor { id name } } totalCount } }"""
BOARD = (
    ROWS
    + """query ($id: ID!, $period: LeaderboardPeriod, $metric: LeaderboardMetric, $date: AWSDate) {
        team(id: $id) { leaderboard(period: $period, metric: $metric, date: $date) { ...Rows } } }"""
)
STANDING = """query ($id: ID!, $period: LeaderboardPeriod, $metric: LeaderboardMetric) {
    team(id: $id) { leaderboard(period: $period, metric: $metric) { viewerStanding {
        trueValue entry { rank value } ahead { rank value competitor { name } }
        behind { rank competitor { name } } } } } }"""
GOAL = (
    ROWS + "query ($id: ID!, $metric: LeaderboardMetric) { goal(id: $id) { leaderboard(metric: $metric) { ...Rows } } }"
)
TEAMS = (
    ROWS
    + """query ($period: LeaderboardPeriod, $basis: LeaderboardBasis, $date: AWSDate) {
        teamsLeaderboard(period: $period, basis: $basis, date: $date) { ...Rows } }"""
)
NODE = ROWS + "query ($id: ID!) { node(id: $id) { __typename ... on Leaderboard { ...Rows } } }"
PAGE = """query ($id: ID!, $first: Int, $after: String) { team(id: $id) { leaderboard {
    entries(first: $first, after: $after) {
        edges { cursor node { rank competitor { name } } } pageInfo { hasNextPage endCursor }
        count: totalCount } } } }"""
CLIMB = """query ($id: ID!, $period: LeaderboardPeriod) { team(id: $id) { leaderboard(period: $period) {
    entries { nodes { competitor { name } rankChange } } } } }"""
HIDE = """mutation ($show: Boolean!) { updatePrivacySettings(input: {showOnLeaderboards: $show}) {
    viewer { privacySettings { showOnLeaderboards } } } }"""
UPDATE = "mutation ($input: UpdateTeamInput!) { updateTeam(input: $input) { team { id } } }"
EDIT = "mutation ($input: UpdateActivityInput!) { updateActivity(input: $input) { activity { id } } }"
LEAVE = "mutation ($team: ID!) { leaveTeam(input: {teamId: $team}) { deletedMemberId } }"
END = (
    "mutation ($team: ID!, $name: String!) { deleteTeam(input: {teamId: $team, confirmName: $name}) { deletedTeamId } }"
)
PRIVATE: dict[str, Any] = {"privacy": "PRIVATE"}


async def board(caller: Caller, team_id: str, **more: Any) -> dict[str, Any]:
    return dict((await caller.run(BOARD, id=team_id, **more))["team"]["leaderboard"])


def ranking(of: dict[str, Any]) -> list[tuple[int, str, float]]:
    assert of["entries"]["totalCount"] == len(of["entries"]["nodes"])
    return [(one["rank"], one["competitor"]["name"], one["value"]) for one in of["entries"]["nodes"]]
