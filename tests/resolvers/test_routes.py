"""Routes, previews and templates through the API, and routes as GeoJSON over HTTP."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from app.accounts import ensure_account, token_for
from app.asgi import create_app
from milequest.rules.rate_limits import ROUTES_PLANNED
from milequest.rules.templates import ROUTE_TEMPLATES
from tests.journeys import ACTIVATE, LEG, Crew, along, crew, draft
from tests.milequest.store.sql.routes import decoded
from tests.quest import Caller, Quest

PREVIEW = """query ($w: [WaypointInput!]!) { previewRoute(waypoints: $w) { __typename ...Shape warnings { code } } }
fragment Shape on RouteShape { lengthMeters bounds { southwest { lat lng } northeast { lat lng } } polyline
    waypoints { index name kind atMeters position { lat lng } }
    legs { index startsAtMeters distanceMeters durationSeconds quality polyline line: polyline(zoom: 3) } }"""
TEMPLATES = """query ($first: Int, $after: String) { routeTemplates(first: $first, after: $after) {
    nodes { id name description country lengthMeters legs { index } } pageInfo { hasNextPage endCursor } } }"""


PAGE = "query ($first: Int, $after: String) { routeTemplates(first: $first, after: $after) { pageInfo { endCursor } } }"


@pytest.fixture
async def ann(quest: Quest) -> Caller:
    return await quest.user("Ann")


async def test_a_preview_is_what_the_goal_would_get_and_stores_nothing(quest: Quest) -> None:
    team = await crew(quest)
    waypoints = along(179.9, -179.9, -179.8)
    seen = (await team.stranger.run(PREVIEW, w=waypoints))["previewRoute"]
    assert await team.count("route") == 0
    assert seen.pop("warnings") == [{"code": "ROUTE_ERROR"}]
    assert seen.pop("__typename") == "RoutePreview"
    assert seen["bounds"] == {"southwest": {"lat": 0, "lng": 179.9}, "northeast": {"lat": 0, "lng": -179.8}}
    assert [leg["distanceMeters"] for leg in seen["legs"]] == [22_263.898, LEG]
    assert [point["kind"] for point in seen["waypoints"]] == ["START", "STOP", "END"]
    assert decoded(seen["polyline"])[-1][0] == pytest.approx(180.2)
    assert decoded(seen["legs"][0]["line"]) == [(179.9, 0), (pytest.approx(180.1), 0)]

    goal_id = await draft(team.admin, team.team, waypoints=waypoints)
    stored = await team.admin.run("query ($id: ID!) { goal(id: $id) { route { id } } }", id=goal_id)
    shape = PREVIEW[PREVIEW.index("fragment") :]
    route = await team.admin.run(
        f"query ($id: ID!) {{ node(id: $id) {{ ...Shape }} }} {shape}", id=stored["goal"]["route"]["id"]
    )
    assert route["node"] == seen


async def test_impossible_route_preview_is_refused_by_field(quest: Quest, ann: Caller) -> None:
    for waypoints, path in (
        ([], "waypoints"),
        (along(1), "waypoints"),
        (along(*range(26)), "waypoints"),
        (along(0, 0), "waypoints[1].position"),
        ([{"position": {"lat": 90.1, "lng": 0}}, *along(1)], "waypoints[0].position.lat"),
        ([{"position": {"lat": 0, "lng": 0}, "name": "x" * 101}, *along(1)], "waypoints[0].name"),
    ):
        refusal = await ann.refused(PREVIEW, w=waypoints)
        assert (refusal["code"], refusal["fields"][0]["path"]) == ("VALIDATION_ERROR", path)
    assert (await quest.anonymous.refused(PREVIEW, w=along(0, 1)))["code"] == "UNAUTHENTICATED"
    for zoom in (-1, 25):
        text = f"query ($w: [WaypointInput!]!) {{ previewRoute(waypoints: $w) {{ polyline(zoom: {zoom}) }} }}"
        assert (await ann.refused(text, w=along(0, 1)))["fields"][0]["path"] == "zoom"


async def test_route_preview_beyond_its_rate_limit_is_refused(ann: Caller) -> None:
    for _ in range(ROUTES_PLANNED.most):
        await ann.runtime.rate_limits.spend(ROUTES_PLANNED, ann.user_id.hex)
    refusal = await ann.refused(PREVIEW, w=along(0, 1))
    assert (refusal["code"], refusal["retryable"]) == ("RATE_LIMITED", True)


async def test_route_templates_are_paged_and_found_by_id(quest: Quest) -> None:
    seen: list[dict[str, Any]] = []
    after = None
    for _ in ROUTE_TEMPLATES:
        page = (await quest.anonymous.run(TEMPLATES, first=1, after=after))["routeTemplates"]
        seen += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        assert page["pageInfo"]["hasNextPage"] is (len(seen) < len(ROUTE_TEMPLATES))
    assert [each["name"] for each in seen] == ["Camino Francés", "Pacific Crest Trail", "West Highland Way"]
    assert (await quest.anonymous.run(TEMPLATES))["routeTemplates"]["nodes"] == seen
    assert [round(each["lengthMeters"] / 1000) for each in seen] == [658, 2143, 119]
    assert [len(each["legs"]) for each in seen] == [24, 24, 10]
    nodes = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on RouteTemplate { name polyline(zoom: 5) } } }"
    found = (await quest.anonymous.run(nodes, ids=[seen[2]["id"], "template_" + "0" * 32]))["nodes"]
    assert (found[0]["name"], found[1]) == ("West Highland Way", None)
    assert decoded(found[0]["polyline"])[-1] == (-5.1052, 56.8198)
    for given in ({"first": 0}, {"first": 51}, {"after": "nonsense"}):
        assert (await quest.anonymous.refused(PAGE, **given))["code"] == "VALIDATION_ERROR"


async def test_a_new_way_is_a_new_route(quest: Quest) -> None:
    team = await crew(quest)
    goal_id = await draft(team.admin, team.team)
    text = "query ($id: ID!) { goal(id: $id) { route { id geoJsonUrl } } }"
    first = (await team.admin.run(text, id=goal_id))["goal"]["route"]
    assert first["geoJsonUrl"] == f"http://127.0.0.1:8000/routes/{first['id']}.geojson"
    change = "mutation ($i: UpdateGoalInput!) { updateGoal(input: $i) { goal { id } } }"
    await team.admin.run(change, i={"goalId": goal_id, "waypoints": along(0, 0.2)})
    second = (await team.admin.run(text, id=goal_id))["goal"]["route"]
    nodes = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert (await team.admin.run(nodes, ids=[first["id"], second["id"]]))["nodes"] == [None, {"id": second["id"]}]


@pytest.fixture
async def http(quest: Quest) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the service on the quest's database."""
    app = create_app(quest.runtime.settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            yield client


async def bearer(team: Crew, name: str) -> tuple[str, dict[str, str]]:
    """Make an account; return its user's id, and the header of its token."""
    now, email = datetime.now(UTC), f"{name}@example.com"
    user_id = await ensure_account(team.quest.runtime, email, "Correct horse 1", name, now)
    return user_id.hex, {"authorization": f"Bearer {await token_for(team.quest.runtime, email, now)}"}


@pytest.mark.parametrize("is_public", [True, False])
async def test_geojson_of_a_route_is_served_to_viewers_of_its_goal_alone(
    quest: Quest, http: httpx.AsyncClient, is_public: bool
) -> None:
    team = await crew(quest, is_public=is_public)
    goal_id = await draft(team.admin, team.team)
    unbegun = await draft(team.admin, team.team)
    await team.admin.run(ACTIVATE, input={"goalId": goal_id})
    read = await team.admin.run("query ($id: ID!) { goal(id: $id) { route { geoJsonUrl } } }", id=goal_id)
    hidden = await team.admin.run("query ($id: ID!) { goal(id: $id) { route { geoJsonUrl } } }", id=unbegun)
    url = read["goal"]["route"]["geoJsonUrl"]
    stranger_id, stranger = await bearer(team, "stranger")
    member_id, member = await bearer(team, "member")
    await quest.runtime.writer.execute(
        "UPDATE team_member SET user_id = $1 WHERE user_id = $2", member_id, team.member.user_id
    )
    seen = await http.get(url, headers=member)
    assert seen.status_code == 200
    assert seen.headers["content-type"] == "application/geo+json"
    assert seen.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert seen.headers["vary"] == "authorization"
    shape = json.loads(seen.content)
    assert shape["type"] == "FeatureCollection"
    assert [part["geometry"]["type"] for part in shape["features"]] == ["LineString"] * 3 + ["Point"] * 4
    assert (await http.get(url, headers=stranger)).status_code == (200 if is_public else 404)
    assert (await http.get(hidden["goal"]["route"]["geoJsonUrl"], headers=stranger)).status_code == 404
    assert stranger_id != member_id
    for address, headers, status in (
        (url, {}, 401),
        (url, {"authorization": "Bearer nonsense"}, 401),
        (f"/routes/route_{'0' * 32}.geojson", member, 404),
        ("/routes/1.geojson", member, 404),
        (f"/routes/{goal_id}.geojson", member, 404),
    ):
        refused = await http.get(address, headers=headers)
        assert (refused.status_code, refused.headers["cache-control"]) == (status, "no-store")
        (error,) = refused.json()["errors"]
        assert error["extensions"]["code"] in ("UNAUTHENTICATED", "NOT_FOUND", "VALIDATION_ERROR")
        assert error["extensions"]["requestId"] == refused.headers["x-request-id"]
