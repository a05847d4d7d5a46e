"""The page for client authors is true: what it says of scalars, paging, maps, origins and keys is tried here."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from graphql import build_schema, is_interface_type, is_scalar_type, is_specified_scalar_type

from app.asgi import create_app
from milequest.rules.credentials import ACCESS_TOKEN_LIFE, REFRESH_TOKEN_LIFE
from milequest.rules.sessions import REFRESH_GRACE
from milequest.settings import PROJECT, load
from schema.build import runner
from schema.limits import MAX_ALIASES, MAX_OBJECTS
from tests.journeys import CREATE, along
from tests.quest import FOUND, noon
from tests.service import Service

PAGE = (PROJECT / "docs" / "clients.md").read_text()
SCHEMA = build_schema((PROJECT / "schema.graphql").read_text())
GRAPHQL = {
    match[1]: text
    for text in re.findall(r"```graphql\n(.*?)```", PAGE, re.DOTALL)
    if (match := re.search(r"query (\w+)", text))
}
LOG = "mutation ($input: LogActivityInput!) { logActivity(input: $input) { activity { id } } }"


def walk(hours: int) -> dict[str, Any]:
    """Return a walk of yesterday."""
    started = noon() - timedelta(days=1, hours=hours)
    return {
        "distanceMeters": 900,
        "durationSeconds": 900,
        "startedAt": started.isoformat(),
        "idempotencyKey": f"walk-{hours:04}",
    }


def test_the_codegen_block_has_every_scalar_as_text() -> None:
    own = {name for name, one in SCHEMA.type_map.items() if is_scalar_type(one) and not is_specified_scalar_type(one)}
    (block,) = re.findall(r"scalars: \{([^}]*)\}", PAGE)
    assert re.findall(r"(\w+): 'string'", block) == sorted(own)


def test_competitors_are_of_the_types_that_the_page_names() -> None:
    competitor = SCHEMA.get_type("Competitor")
    assert is_interface_type(competitor)
    assert {one.name for one in SCHEMA.get_possible_types(competitor)} == {"User", "Team"}
    assert "`Competitor`, which is a `User` or a `Team`" in PAGE


def test_numbers_of_the_page_are_those_of_the_code() -> None:
    (days,) = re.findall(r"an access token for an hour, .* a refresh token for (\d+) days", PAGE)
    assert timedelta(hours=1) == ACCESS_TOKEN_LIFE
    assert timedelta(days=int(days)) == REFRESH_TOKEN_LIFE
    assert f"within {REFRESH_GRACE.seconds} seconds" in PAGE
    assert f"hold {MAX_OBJECTS:,} objects" in PAGE
    assert f"{MAX_ALIASES} aliases" in PAGE


async def test_an_origin_set_as_the_page_says_may_read_answers() -> None:
    ((name, origin),) = re.findall(r"`(MILEQUEST_ALLOWED_ORIGINS)=(\S+) make run`", PAGE)
    app = create_app(load({name: origin}))
    headers = {"origin": origin, "access-control-request-method": "POST"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as client:
        answer = await client.options("/graphql", headers=headers)
        assert answer.headers["access-control-allow-origin"] == origin
        assert (await client.get("/livez", headers=headers)).headers["access-control-expose-headers"] == "x-request-id"


def test_walks_are_paged_by_the_document_of_the_page(service: Service) -> None:
    token = service.sign_up("paging")
    for hours in range(3):
        service.data(LOG, token=token, input=walk(hours))
    first = service.data(GRAPHQL["Walks"], token=token)["viewer"]["activities"]
    assert (len(first["nodes"]), first["pageInfo"]["hasNextPage"]) == (2, True)
    rest = service.data(GRAPHQL["Walks"], token=token, after=first["pageInfo"]["endCursor"])["viewer"]["activities"]
    assert (len(rest["nodes"]), rest["pageInfo"]["hasNextPage"]) == (1, False)


def test_a_key_is_for_one_input_as_the_page_says(service: Service) -> None:
    token = service.sign_up("keys")
    given = walk(1)
    once, again = [service.data(LOG, token=token, input=given) for _ in range(2)]
    assert once == again
    other = service.post(LOG, token=token, variables={"input": given | {"distanceMeters": 901}}).json()
    assert other["errors"][0]["extensions"]["code"] == "IDEMPOTENCY_MISMATCH"


def test_a_map_gets_its_route_by_the_document_of_the_page(service: Service) -> None:
    token = service.sign_up("maps")
    team = service.data(FOUND, token=token, input={"name": "Map readers"})["createTeam"]["team"]["id"]
    goal = {
        "teamId": team,
        "name": "Line",
        "startsOn": str(noon().date()),
        "waypoints": along(0, 0.1),
        "activate": True,
    }
    made = service.data(CREATE, token=token, input=goal)["createGoal"]["goalEdge"]["node"]["id"]
    shown = service.data(GRAPHQL["Map"], token=token, id=made)["goal"]
    assert shown["progress"]["lineFraction"] == 0
    url = shown["route"]["geoJsonUrl"]
    assert service.client.get(url).status_code == 401
    answer = service.client.get(url, headers={"authorization": f"Bearer {token}"})
    assert answer.json()["type"] in {"Feature", "FeatureCollection"}
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("document", re.findall(r"ask='(.*?)'", PAGE))
def test_the_document_of_the_upload_is_valid(document: str) -> None:
    runner().prepare(document)
