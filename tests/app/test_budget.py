"""The budget of a caller, over every transport: its refusals, its costs, and its payer."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import httpx
import pytest
from redis import Redis

from milequest.rules.budgets import BYTES_PER_POINT, INTROSPECTION, Caller, Payer, price
from milequest.settings import Settings
from tests import pictures
from tests.journeys import along
from tests.quest import just_begun
from tests.service import Service, serving
from tests.sockets import dialled, opened

ONE = "{ __typename }"
TEAMS = 'query ($first: Int) { searchTeams(query: "x", first: $first) { nodes { id } } }'
BOARD = "subscription { teamsLeaderboardUpdated(period: WEEK, basis: TOTAL) { period } }"
WALK = "mutation ($input: LogActivityInput!) { logActivity(input: $input) { activity { id } } }"
FOUND = 'mutation { createTeam(input: {name: "Larks", isPublic: true}) { team { id } } }'
GOAL = """mutation ($input: CreateGoalInput!) { createGoal(input: $input) {
  goalEdge { node { route { geoJsonUrl } } } } }"""
FORM = "mutation ($input: CreateAvatarUploadInput!) { createAvatarUpload(input: $input) { fields { name value } } }"
BURST = 1_000  # points


@pytest.fixture
def service(
    new_database: Callable[[], AbstractContextManager[str]], redis_url: str, _valkey: Redis
) -> Iterator[Service]:
    """A service whose callers have a tenth of an hour's points, which refill in no time that a test takes."""
    with new_database() as url:
        settings = Settings(
            database_url=url,
            redis_url=redis_url,
            embedded=True,
            budget_per_network=10 * BURST,
            budget_per_user=10 * BURST,
        )
        with serving(settings) as served:
            yield served
    _valkey.flushall()  # or others who call from here would hear that nothing is left


def spend(service: Service, query: str, token: str | None = None, **variables: object) -> int:
    """Return how many requests pass before one is refused, which ends the caller's budget."""
    for passed in range(BURST + 1):
        answer = service.post(query, token=token, variables=variables)
        if answer.status_code == 429:
            return passed
        assert answer.status_code == 200, answer.text
    raise AssertionError("nothing is ever refused")


def test_spent_budget_is_429_with_retry_after(service: Service) -> None:
    assert 1 <= spend(service, TEAMS, first=50) <= BURST // 50
    answer = service.post(ONE)
    (error,) = answer.json()["errors"]
    assert answer.status_code == 429
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert error["extensions"]["retryable"] is True
    assert 1 <= error["extensions"]["retryAfterSeconds"] <= 60
    assert answer.headers["retry-after"] == str(error["extensions"]["retryAfterSeconds"])
    assert "data" not in answer.json()


def test_users_pay_for_themselves_whatever_network_they_share(service: Service) -> None:
    ann, ben = service.sign_up("ann"), service.sign_up("ben")
    spend(service, TEAMS, first=50)
    assert service.post(ONE, token=ann).status_code == 200
    spend(service, TEAMS, ann, first=50)
    assert service.post(ONE, token=ann).status_code == 429
    assert service.post(ONE, token=ben).status_code == 200


def test_introspection_and_refused_documents_spend_the_budget(service: Service) -> None:
    ann = service.sign_up("ann")
    introspect = "{ __schema { queryType { name } } }"
    assert spend(service, introspect, ann) <= BURST // INTROSPECTION
    ben = service.sign_up("ben")
    unread = (f"{{ unknown{number} {'x' * 960} }}" for number in range(BURST))  # each is parsed, and refused
    statuses = [service.post(next(unread), token=ben).status_code for _ in range(BURST // 30)]
    assert statuses[0] == 200
    assert statuses[-1] == 429


@pytest.mark.parametrize("accept", ["application/graphql-response+json", "text/event-stream"])
def test_spent_budget_has_its_status_in_every_media_type(service: Service, accept: str) -> None:
    ann = service.sign_up("ann")
    spend(service, TEAMS, ann, first=50)
    headers = {"authorization": f"Bearer {ann}", "accept": accept}
    for query in (ONE, BOARD):
        answer = service.client.post(service.url, json={"query": query}, headers=headers)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1


async def test_operations_of_a_socket_are_refused_and_events_are_free(service: Service) -> None:
    ann, ben = service.sign_up("ann"), service.sign_up("ben")
    async with opened(service, ann) as socket:
        await socket.subscribe("board", BOARD)
        await socket.receive()
        service.data(FOUND, token=ben)
        before = service.call(_debts(service))
        service.data(WALK, token=ben, input=just_begun(500) | {"startedAt": datetime.now(UTC).isoformat()})
        assert (await socket.receive())["id"] == "board"
        after = service.call(_debts(service))
        assert [who for who in before if after[who] != before[who]] == [_payer(service, "ben")]  # and not the recipient
        await asyncio.to_thread(spend, service, TEAMS, ann, first=50)
        await socket.subscribe("late", ONE)
        refused = await socket.receive()
        assert (refused["id"], refused["type"]) == ("late", "error")
        assert refused["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert refused["payload"][0]["extensions"]["retryAfterSeconds"] >= 1


@pytest.mark.parametrize("address", ["/.well-known/jwks.json", f"/avatars/{'0' * 32}-{'0' * 32}.png"])
def test_plain_addresses_are_paid_by_the_network(service: Service, address: str) -> None:
    passed = [service.client.get(service.origin + address).status_code for _ in range(20)]
    assert set(passed) <= {200, 404}
    owed = next(iter(service.call(_debts(service)).values())) - time.monotonic_ns() // 1_000
    assert owed > 19 * price(10 * BURST)
    assert spend(service, TEAMS, first=50) < BURST // 50
    _is_refused(service.client.get(service.origin + address))


def test_geojson_route_is_charged_to_the_caller_by_its_size(service: Service) -> None:
    ann, ben = service.sign_up("ann"), service.sign_up("ben")
    team = service.data(FOUND, token=ann)["createTeam"]["team"]["id"]
    day = datetime.now(UTC).date()
    given = {"teamId": team, "name": "North", "startsOn": str(day), "waypoints": along(0, 60), "activate": True}
    url = service.data(GOAL, token=ann, input=given)["createGoal"]["goalEdge"]["node"]["route"]["geoJsonUrl"]
    address = service.origin + url[url.index("/routes") :]
    headers = {"authorization": f"Bearer {ben}"}
    sizes = [len(service.client.get(address, headers=headers).content) for _ in range(20)]
    owed = service.call(_debts(service))[_payer(service, "ben")] - time.monotonic_ns() // 1_000
    assert owed > 19 * (1 + sizes[0] // BYTES_PER_POINT) * price(10 * BURST)
    spend(service, TEAMS, ben, first=50)
    _is_refused(service.client.get(address, headers=headers))
    assert service.client.get(address, headers={"authorization": f"Bearer {ann}"}).status_code == 200


def test_upload_forms_are_charged_to_users_and_invalid_ones_to_networks(service: Service) -> None:
    ann, ben = service.sign_up("ann"), service.sign_up("ben")
    forms = [_form(service, token) for token in (ann, ben)]
    spend(service, TEAMS, first=50)
    _is_refused(_sent(service, {"token": "none"}))
    spend(service, TEAMS, ann, first=50)
    _is_refused(_sent(service, forms[0]))
    assert _sent(service, forms[1]).status_code == 204


def _is_refused(answer: httpx.Response) -> None:
    assert answer.status_code == 429
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert answer.headers["retry-after"] == str(error["extensions"]["retryAfterSeconds"])


def _form(service: Service, token: str) -> dict[str, str]:
    made = service.data(FORM, token=token, input={"contentType": "image/jpeg"})["createAvatarUpload"]
    return {field["name"]: field["value"] for field in made["fields"]}


def _sent(service: Service, fields: dict[str, str]) -> httpx.Response:
    files = {"file": ("me.jpg", pictures.photo(), "image/jpeg")}
    return service.client.post(f"{service.origin}/uploads", data=fields, files=files)


def _payer(service: Service, name: str) -> Caller:
    found = service.runtime.reader.fetchval("SELECT id FROM app_user WHERE name = $1", name)
    return Caller(Payer.USER, service.call(found).hex)


async def _debts(service: Service) -> dict[Caller, int]:
    """Return when each caller's budget will be full."""
    return {who: account.full_at for who, account in service.runtime.budgets._accounts.items()}


LARGE = "subscription ($after: String) { teamsLeaderboardUpdated(period: WEEK, basis: TOTAL) { %s } }"
PAGE = "%s: leaderboard { entries(first: 100, after: $after) { nodes { rank } } }"
AT_ONCE = 40  # subscriptions of over a hundred points each


@pytest.mark.parametrize("are_alike", [True, False])
async def test_subscriptions_that_begin_at_once_pay_one_after_the_other(service: Service, are_alike: bool) -> None:
    ann = service.sign_up("ann")
    async with opened(service, ann) as one, opened(service, ann) as other:
        for number in range(AT_ONCE):
            text = LARGE % PAGE % ("a" if are_alike else f"a{number}")
            await (one, other)[number % 2].subscribe(str(number), text)
        told = [await socket.receive() for socket in (one, other) for _ in range(AT_ONCE // 2)]
    kinds = [message["type"] for message in told]
    assert 1 <= kinds.count("next") <= BURST // 100
    assert kinds.count("error") == AT_ONCE - kinds.count("next")
    assert {m["payload"][0]["extensions"]["code"] for m in told if m["type"] == "error"} == {"RATE_LIMITED"}
    assert not len(service.hub.plans)
    assert not len(service.hub.plans.held)


async def test_event_streams_that_begin_at_once_pay_one_after_the_other(service: Service) -> None:
    ann = service.sign_up("ann")
    headers = {"authorization": f"Bearer {ann}", "accept": "text/event-stream"}

    async def status(client: httpx.AsyncClient) -> int:
        body = {"query": LARGE % PAGE % "a"}
        async with client.stream("POST", service.url, json=body, headers=headers) as response:
            return response.status_code

    async with httpx.AsyncClient(timeout=30) as client:
        statuses = await asyncio.gather(*(status(client) for _ in range(AT_ONCE)))
    assert 1 <= statuses.count(200) <= BURST // 100
    assert statuses.count(429) == AT_ONCE - statuses.count(200)


async def test_large_variables_cost_as_documents_do(service: Service) -> None:
    ann, ben = service.sign_up("ann"), service.sign_up("ben")
    text = "query ($text: String!) { searchTeams(query: $text) { nodes { id } } }"
    passed = await asyncio.to_thread(spend, service, text, ann, text="x" * 8_000)
    assert passed <= BURST // 436 + 1
    assert await asyncio.to_thread(spend, service, ONE, ben, unused="x" * 8_000) <= BURST // 436 + 1
    cal = service.sign_up("cal")
    for _ in range(BURST // 50):
        assert service.post(ONE, token=cal, variables={"unused": "x" * 1_000}).status_code == 200


async def test_bad_tokens_of_a_spent_network_are_refused_and_good_ones_served(service: Service) -> None:
    ann = service.sign_up("ann")
    assert service.post(ONE, token="junk").status_code == 401
    spend(service, TEAMS, first=50)
    refused = service.post(ONE, token="junk")
    assert (refused.status_code, int(refused.headers["retry-after"]) >= 1) == (429, True)
    route = service.client.get(f"{service.origin}/routes/x.geojson", headers={"authorization": "Bearer junk"})
    assert (route.status_code, int(route.headers["retry-after"]) >= 1) == (429, True)
    async with dialled(service) as socket:
        await socket.send(type="connection_init", payload={"Authorization": "Bearer junk"})
        assert (await socket.closed())[0] == 1013
    assert service.post(ONE, token=ann).status_code == 200
    async with opened(service, ann) as socket:
        assert (await socket.run(ONE))["data"] == {"__typename": "Query"}


def test_bad_tokens_spend_their_networks_budget(service: Service) -> None:
    statuses: list[int] = []
    while 429 not in statuses:  # some points are refilled meanwhile, more of them on a busy machine
        statuses.append(service.post(ONE, token="junk").status_code)
        assert len(statuses) < 3 * BURST
    assert set(statuses[:BURST]) == {401}
    assert 429 in [service.post(ONE).status_code for _ in range(10)]
