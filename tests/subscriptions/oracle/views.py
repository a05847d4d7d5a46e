"""Views of a team: a client's data of each, built from events, and the same data of a fresh page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Json: TypeAlias = Any
Shown: TypeAlias = Mapping[str, Any]
REFUSED: Final = "refused"  # in place of hidden data

FRAGMENTS = {
    "Walk": "on Activity { id type distanceMeters durationSeconds notes startedAt version user { id } }",
    "Member": "on TeamMember { id role user { id name } }",
    "Marker": """on GoalProgress { id version totalMeters percent remainingMeters unattributedMeters lineFraction
        legIndex legFraction position { lat lng } milestones { id title reachedAt reachedBy { id } }
        goal { id status } }""",
    "Own": "on GoalProgress { id version totalMeters viewerContribution { distanceMeters } }",
    "Board": """on Leaderboard { id version entries(first: 20) { totalCount nodes {
        rank value distanceMeters activityCount competitor { id name } } } }""",
    # Without `trueValue`: it counts private walks, whose changes are no event of a board.
    "Standing": """on Leaderboard { id version viewerStanding {
        entry { rank value } ahead { value } behind { value } } }""",
}
WALKS = "activities(first: 40) { nodes { ...Walk } }"
MEMBERS = "memberCount members(first: 20) { nodes { ...Member } }"
GOALS = "activeGoal { id } goals(first: 20) { nodes { id status } }"
RANKED = "period: ALL_TIME, metric: DISTANCE"


def with_fragments(text: str) -> str:
    """Return a document with the fragments that it spreads."""
    return text + "".join(f" fragment {name} {body}" for name, body in FRAGMENTS.items() if f"...{name} " in text)


PAGE = with_fragments(
    f"""query ($team: ID!) {{ team(id: $team) {{ {WALKS} {MEMBERS} {GOALS}
        marker: currentGoal {{ progress {{ ...Marker }} }} own: currentGoal {{ progress {{ ...Own }} }}
        board: leaderboard({RANKED}) {{ ...Board }} standing: leaderboard({RANKED}) {{ ...Standing }} }} }}"""
)


@dataclass(frozen=True, slots=True)
class View:
    """A subscription, the effect of its events on a client's data, and the place of that data on a page."""

    document: str
    fold: Callable[[Json, Shown], Json]
    on_page: Callable[[Shown], Json]

    def expected(self, team: Shown | None) -> Json:
        """Return what a page has of it, REFUSED where its reader may not see that."""
        return REFUSED if team is None else self.on_page(team)


def _by_id(connection: Shown | None) -> Json:
    return REFUSED if connection is None else {node["id"]: node for node in connection["nodes"]}


def _list(held: Json, event: Shown, snapshot: str) -> Json:
    """Return the items of a list after an event. An empty one is of an object deleted since, as a later one shows."""
    if event["snapshot"]:
        return _by_id(event["snapshot"][snapshot])
    if event["edge"]:
        return held | {event["edge"]["node"]["id"]: event["edge"]["node"]}
    return {id: node for id, node in held.items() if id != event["removedId"]}


def _walks(held: Json, event: Shown) -> Json:
    return _list(held, event, "activities")


def _members(held: Json, event: Shown) -> Json:
    team = event["snapshot"] or event["team"]
    if team is None:  # worked out in the moment in which its reader lost the right to it, which they are told next
        return held
    return {"count": team["memberCount"], "members": _list(held and held["members"], event, "members")}


def _members_of(team: Shown) -> Json:
    return REFUSED if team["members"] is None else {"count": team["memberCount"], "members": _by_id(team["members"])}


def _goals(held: Json, event: Shown) -> Json:
    if event["snapshot"]:
        return _goals_of(event["snapshot"])
    if event["team"] is None:  # as above
        return held
    goals = held["goals"] | ({event["goal"]["id"]: event["goal"]} if event["goal"] else {})
    return {"active": event["team"]["activeGoal"], "goals": goals}


def _goals_of(team: Shown) -> Json:
    return REFUSED if team["goals"] is None else {"active": team["activeGoal"], "goals": _by_id(team["goals"])}


def _progress(name: str) -> Callable[[Shown], Json]:
    """Return a reader of a goal's progress on a page: goals are null to those they are hidden from."""
    return lambda team: REFUSED if team["goals"] is None else team[name] and team[name]["progress"]


def _board(name: str) -> Callable[[Shown], Json]:
    return lambda team: REFUSED if team[name] is None else team[name]


def _log(field: str, news: str, snapshot: str) -> str:
    return with_fragments(f"""subscription ($team: ID!, $after: String) {{ {field}(teamId: $team, after: $after) {{
        cursor sequence delivery {news} snapshot {{ {snapshot} }} }} }}""")


def _marker(fragment: str) -> str:
    return with_fragments(
        f"subscription ($team: ID!) {{ teamProgressUpdated(teamId: $team) {{ progress {{ ...{fragment} }} }} }}"
    )


def _ranked(fragment: str) -> str:
    return with_fragments(f"""subscription ($team: ID!) {{ teamLeaderboardUpdated(teamId: $team, {RANKED}) {{
        leaderboard {{ ...{fragment} }} }} }}""")


def _newest(field: str) -> Callable[[Json, Shown], Json]:
    return lambda held, event: event[field]


ITEM = "change removedId edge { node"
VIEWS: Mapping[str, View] = {
    "walks": View(
        _log("teamActivityChanged", f"{ITEM} {{ ...Walk }} }}", WALKS), _walks, lambda team: _by_id(team["activities"])
    ),
    "members": View(
        _log("teamMemberChanged", f"{ITEM} {{ ...Member }} }} team {{ memberCount }}", MEMBERS), _members, _members_of
    ),
    "goals": View(_log("teamGoalChanged", "goal { id status } team { activeGoal { id } }", GOALS), _goals, _goals_of),
    "marker": View(_marker("Marker"), _newest("progress"), _progress("marker")),
    "own part": View(_marker("Own"), _newest("progress"), _progress("own")),
    "board": View(_ranked("Board"), _newest("leaderboard"), _board("board")),
    "standing": View(_ranked("Standing"), _newest("leaderboard"), _board("standing")),
}
