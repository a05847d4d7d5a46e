"""Making goals through the API, the lists of them, and their viewers; a refusal changes nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.routes import RoutePlan, Waypoint
from milequest.rules.templates import WEST_HIGHLAND_WAY
from milequest.runtime import Runtime
from tests.journeys import (
    ACTIVATE,
    CANCEL,
    CREATE,
    LEG,
    LINE,
    TODAY,
    UPDATE,
    Crew,
    along,
    change,
    code,
    crew,
    draft,
)
from tests.quest import Caller, Quest


@pytest.fixture
async def team(quest: Quest) -> Crew:
    return await crew(quest)


async def test_a_member_makes_a_draft(team: Crew) -> None:
    made = await team.member.run(CREATE, input=LINE | {"teamId": team.team, "description": "  Along the equator.\n"})
    goal_id = made["createGoal"]["goalEdge"]["node"]["id"]
    assert made["createGoal"]["team"]["id"] == team.team
    assert [problem["code"] for problem in made["createGoal"]["warnings"]] == ["ROUTE_ERROR"]
    goal = (
        await team.admin.run(
            """query ($id: ID!) { goal(id: $id) {
                name description status startsOn endsOn graceHours version activatedAt completedAt finalizedAt
                createdBy { name } team { id name } route { lengthMeters }
                progress { totalMeters milestones { kind title atMeters reachedAt position { lat lng } } } } }""",
            id=goal_id,
        )
    )["goal"]
    milestones = goal["progress"].pop("milestones")
    assert goal == {
        "name": "The line",
        "description": "Along the equator.",
        "status": "DRAFT",
        "startsOn": TODAY,
        "endsOn": "2027-02-22",
        "graceHours": 72,
        "version": 1,
        "activatedAt": None,
        "completedAt": None,
        "finalizedAt": None,
        "createdBy": {"name": "Ben"},
        "team": {"id": team.team, "name": "Walkers"},
        "route": {"lengthMeters": 33_395.847},
        "progress": {"totalMeters": 0},
    }
    assert [(stone["title"], stone["atMeters"]) for stone in milestones] == [
        ("A quarter of the way", 8_348.962),
        ("At 0.1", LEG),
        ("Halfway", 16_697.924),
        ("At 0.2", 22_263.898),
        ("Three quarters of the way", 25_046.886),
        ("Nine tenths of the way", 30_056.263),
        ("The whole way", 33_395.847),
        ("At 0.3", 33_395.847),
    ]
    assert [round(stone["position"]["lng"], 3) for stone in milestones] == [
        0.075,
        0.1,
        0.15,
        0.2,
        0.225,
        0.27,
        0.3,
        0.3,
    ]
    assert not [event for event in await team.events() if event[0] == "GOAL_CHANGED"]


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"name": " "}, "input.name"),
    ({"name": "x" * 101}, "input.name"),
    ({"name": "tab\there"}, "input.name"),
    ({"description": "x" * 501}, "input.description"),
    ({"startsOn": "2026-11-21"}, "input.startsOn"),
    ({"startsOn": "2028-11-23"}, "input.startsOn"),
    ({"startsOn": "9999-12-31"}, "input.startsOn"),
    ({"endsOn": TODAY}, "input.endsOn"),
    ({"endsOn": "2026-11-20"}, "input.endsOn"),
    ({"endsOn": "2028-11-23"}, "input.endsOn"),
    ({"endsOn": "9999-12-31"}, "input.endsOn"),
    ({"graceHours": -1}, "input.graceHours"),
    ({"graceHours": 169}, "input.graceHours"),
    ({"waypoints": []}, "input.waypoints"),
    ({"waypoints": along(1)}, "input.waypoints"),
    ({"waypoints": along(*range(26))}, "input.waypoints"),
    ({"waypoints": along(0, 181)}, "input.waypoints[1].position.lng"),
    ({"waypoints": along(0, 1, 1.00008)}, "input.waypoints[2].position"),
    ({"waypoints": along(0, 180)}, "input.waypoints[1].position"),
    ({"waypoints": along(*(lng % 360 - 180 for lng in range(0, 25 * 100, 100)))}, "input.waypoints"),
    ({"waypoints": None}, "input.waypoints"),
    ({"routeTemplateId": f"template_{WEST_HIGHLAND_WAY.id.hex}"}, "input.waypoints"),
    ({"routeTemplateId": "template_1"}, "input.routeTemplateId"),
    ({"teamId": "goal_" + "0" * 32}, "input.teamId"),
    ({"idempotencyKey": "short"}, "input.idempotencyKey"),
]


async def test_impossible_goal_is_refused_by_field_and_not_stored(team: Crew) -> None:
    for given, path in IMPOSSIBLE:
        refusal = await team.admin.refused(CREATE, input=LINE | {"teamId": team.team} | given)
        assert (refusal["code"], [fault["path"] for fault in refusal["fields"]]) == ("VALIDATION_ERROR", [path]), given
    assert await team.count("goal") == await team.count("route") == 0


@pytest.mark.parametrize(
    ("given", "end"),
    [
        ({"startsOn": "2026-11-30"}, "2027-02-28"),
        ({"endsOn": "2026-11-23"}, "2026-11-23"),
        ({"endsOn": "2028-11-22", "graceHours": 0}, "2028-11-22"),
        ({"startsOn": "2028-11-22", "graceHours": 168, "endsOn": None}, "2029-02-22"),
    ],
)
async def test_longest_and_shortest_goals_are_accepted_with_their_end(
    team: Crew, given: dict[str, Any], end: str
) -> None:
    goal_id = await draft(team.admin, team.team, **given)
    assert (await change(team.admin, goal_id))["endsOn"] == end


@pytest.mark.parametrize(("zone", "today"), [("Pacific/Kiritimati", "2026-11-22"), ("Pacific/Pago_Pago", "2026-11-21")])
async def test_today_is_the_day_in_the_teams_zone(quest: Quest, zone: str, today: str) -> None:
    team = await crew(quest, timezone=zone)
    assert await draft(team.admin, team.team, startsOn=today)
    past = f"2026-11-{int(today[-2:]) - 1}"
    assert await code(team.admin, CREATE, **LINE | {"teamId": team.team, "startsOn": past}) == "VALIDATION_ERROR"


@pytest.mark.parametrize("is_public", [True, False])
async def test_goal_by_a_caller_without_the_right_is_refused_and_not_stored(quest: Quest, is_public: bool) -> None:
    team = await crew(quest, is_public=is_public)
    goal = LINE | {"teamId": team.team}
    assert await code(quest.anonymous, CREATE, **goal) == "UNAUTHENTICATED"
    assert await code(team.stranger, CREATE, **goal) == ("FORBIDDEN" if is_public else "NOT_FOUND")
    assert await code(team.member, CREATE, **goal, activate=True) == "FORBIDDEN"
    assert await code(team.admin, CREATE, **goal | {"teamId": "team_" + "0" * 32}) == "NOT_FOUND"
    assert await team.count("goal") == await team.count("route") == 0


async def test_goal_from_a_template_has_the_templates_route(team: Crew) -> None:
    unknown = {"waypoints": None, "routeTemplateId": "template_" + "0" * 32}
    assert await code(team.admin, CREATE, **LINE | {"teamId": team.team} | unknown) == "NOT_FOUND"
    template = f"template_{WEST_HIGHLAND_WAY.id.hex}"
    goal_id = await draft(team.admin, team.team, waypoints=None, routeTemplateId=template)
    read = await team.admin.run(
        """query ($goal: ID!, $template: ID!) { goal(id: $goal) { route { lengthMeters waypoints { name } } }
            node(id: $template) { ... on RouteTemplate { lengthMeters waypoints { name } } } }""",
        goal=goal_id,
        template=template,
    )
    assert read["goal"]["route"] == read["node"]
    assert read["node"]["waypoints"][-1] == {"name": "Fort William"}


class LostRouter:
    """An outside routing service without a route, or down. It must never be called while a transaction is open."""

    def __init__(self, refusal: Refused) -> None:
        self.refusal = refusal
        self.runtime: Runtime | None = None

    async def route(self, waypoints: Sequence[Waypoint]) -> RoutePlan:
        assert self.runtime is not None
        assert self.runtime.writer.get_idle_size() == self.runtime.writer.get_size()
        raise self.refusal


@pytest.mark.parametrize(
    "refusal",
    [
        Refused(ErrorCode.NO_ROUTE_FOUND, "No way.", legIndex=1),
        Refused(ErrorCode.ROUTE_ERROR, "The service is down.", retryable=True),
    ],
)
async def test_routing_failure_is_an_error_and_stores_nothing(team: Crew, refusal: Refused) -> None:
    goal_id = await draft(team.admin, team.team)
    router = LostRouter(refusal)
    providers = replace(team.quest.runtime.providers, router=router)
    router.runtime = team.admin.runtime = replace(team.quest.runtime, providers=providers)
    waypoints = along(0, 1)
    for text, given in (
        (CREATE, LINE | {"teamId": team.team}),
        (UPDATE, {"goalId": goal_id, "waypoints": waypoints}),
    ):
        told = await team.admin.refused(text, input=given)
        assert told.items() >= refusal.extensions().items()
    preview = "query ($waypoints: [WaypointInput!]!) { previewRoute(waypoints: $waypoints) { lengthMeters } }"
    assert (await team.admin.refused(preview, waypoints=waypoints))["code"] == refusal.code
    assert await team.count("goal") == await team.count("route") == 1


async def test_goal_with_an_unusual_pace_has_a_warning(team: Crew) -> None:
    fast = LINE | {"teamId": team.team, "endsOn": "2026-11-23", "waypoints": along(0, 0.8)}
    made = (await team.admin.run(CREATE, input=fast))["createGoal"]
    assert [(problem["code"], problem["field"]) for problem in made["warnings"]] == [
        ("ROUTE_ERROR", None),
        ("IMPLAUSIBLE", "input.endsOn"),
    ]
    goal_id = made["goalEdge"]["node"]["id"]
    eased = await team.admin.run(UPDATE, input={"goalId": goal_id, "endsOn": "2026-12-23"})
    assert eased["updateGoal"]["warnings"] == []


async def test_an_equal_key_makes_one_goal(team: Crew) -> None:
    goal = LINE | {"teamId": team.team, "idempotencyKey": "goal-0001"}
    first, second = await asyncio.gather(team.admin.run(CREATE, input=goal), team.admin.run(CREATE, input=goal))
    assert first == second
    assert await team.count("goal") == await team.count("route") == 1
    assert await code(team.admin, CREATE, **goal | {"name": "Other"}) == "IDEMPOTENCY_MISMATCH"
    team.later(hours=20)  # over midnight: a goal could not begin yesterday, but this one is made already
    assert (await team.admin.run(CREATE, input=goal))["createGoal"] == first["createGoal"]


async def test_goal_list_pages_newest_first_and_hides_drafts_from_strangers(quest: Quest) -> None:
    team = await crew(quest, is_public=True)
    made: list[str] = []
    for _ in range(5):
        made.insert(0, await draft(team.admin, team.team))
        team.later(minutes=1)
    for begun in (made[1], made[3]):
        await team.admin.run(ACTIVATE, input={"goalId": begun})
        await team.admin.run(CANCEL, input={"goalId": begun})
    await team.admin.run(CANCEL, input={"goalId": made[2]})
    text = """query ($t: ID!, $first: Int, $after: String, $status: GoalStatus) { team(id: $t) {
        goals(first: $first, after: $after, status: $status) {
            nodes { id } edges { cursor node { id } } pageInfo { hasNextPage endCursor } } } }"""

    async def page(caller: Caller, **given: Any) -> Any:
        return (await caller.run(text, t=team.team, **given))["team"]["goals"]

    async def pages(caller: Caller) -> list[str]:
        seen, after = [], None
        while True:
            part = await page(caller, first=2, after=after)
            seen += [node["id"] for node in part["nodes"]]
            assert [edge["node"] for edge in part["edges"]] == part["nodes"]
            after = part["pageInfo"]["endCursor"]
            if not part["pageInfo"]["hasNextPage"]:
                return seen

    assert await pages(team.member) == made
    assert await pages(team.stranger) == [made[1], made[3]]  # one cancelled before it began stays a draft
    assert [node["id"] for node in (await page(team.member, status="CANCELLED"))["nodes"]] == made[1:4]
    assert (await page(team.stranger, status="DRAFT"))["nodes"] == []
    assert await page(quest.anonymous) is None
    for given in ({"first": 0}, {"first": 51}, {"after": "nonsense"}):
        assert (await team.admin.refused(text, t=team.team, **given))["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("is_public", [True, False])
async def test_goal_is_seen_by_members_and_of_a_public_team_by_strangers(quest: Quest, is_public: bool) -> None:
    team = await crew(quest, is_public=is_public)
    goal_id = await draft(team.admin, team.team, activate=True)
    read = await team.admin.run(
        "query ($id: ID!) { goal(id: $id) { route { id } progress { id milestones { id } } } }", id=goal_id
    )
    stone = read["goal"]["progress"]["milestones"][0]["id"]
    ids = [goal_id, read["goal"]["route"]["id"], read["goal"]["progress"]["id"], stone]
    nodes = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    active = "query ($t: ID!) { team(id: $t) { activeGoal { id } } }"
    for caller, sees in ((team.member, True), (team.stranger, is_public), (quest.anonymous, False)):
        shown = (await caller.run(nodes, ids=ids))["nodes"]
        assert shown == [{"id": each} if sees else None for each in ids]
        card = (await caller.run(active, t=team.team))["team"]
        assert card == (None if not sees and not is_public else {"activeGoal": {"id": goal_id} if sees else None})
    assert (await team.stranger.run("query ($id: ID!) { goal(id: $id) { id } }", id=goal_id))["goal"] == (
        {"id": goal_id} if is_public else None
    )
    assert (await quest.anonymous.refused("query ($id: ID!) { goal(id: $id) { id } }", id=goal_id))["code"] == (
        "UNAUTHENTICATED"
    )
