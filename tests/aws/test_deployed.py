"""Driven end to end: people sign up and in, GraphQL and domain routes answer, sockets receive events."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.aws.deployment import CONFIRM, PASSWORD, SIGN_IN, SIGN_UP, Deployment
from tests.aws.driving import found, walk
from tests.documents import NAMES_ON_BOARD as BOARD
from tests.documents import NOTES_OF_WALKS as WALKS
from tests.listening import dial
from tests.subscriptions.team import GOAL, LOG


@asynccontextmanager
async def unfed(deployment: Deployment, queue: str) -> AsyncIterator[None]:
    """Stop the consumption of the queue meanwhile."""
    await asyncio.to_thread(deployment.feeding, queue, False)
    try:
        yield
    finally:
        await asyncio.to_thread(deployment.feeding, queue, True)


def test_people_sign_up_and_in_by_cognito(deployment: Deployment) -> None:
    email = f"eve-{uuid4().hex[:8]}@example.org"
    given = {"email": email, "password": PASSWORD, "name": "Eve", "timezone": "Europe/Berlin"}
    attempts = [deployment.data(SIGN_UP, input=given)["signUp"]["attemptId"] for _ in range(2)]
    early = deployment.post(
        "graphql", {"query": SIGN_IN, "variables": {"input": {"email": email, "password": PASSWORD}}}
    )
    assert early.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    first, second = deployment.codes(email)

    def confirmed(code: str, attempt: str) -> bool:
        tried = {"query": CONFIRM, "variables": {"input": {"email": email, "code": code, "attemptId": attempt}}}
        return "errors" not in deployment.post("graphql", tried).json()

    assert not confirmed(second, attempts[0]), "a code is of its own attempt"
    assert confirmed(first, attempts[0])
    assert not confirmed(second, attempts[1]), "the address has an account"
    session = deployment.data(SIGN_IN, input={"email": email, "password": PASSWORD})["signIn"]["session"]
    assert jwt.get_unverified_header(session["accessToken"])["alg"] == "RS256"
    viewer = deployment.data("{ viewer { email timezone user { name } } }", session["accessToken"])["viewer"]
    assert viewer == {"email": email, "timezone": "Europe/Berlin", "user": {"name": "Eve"}}
    wrong = deployment.post("v1/auth/login", {"input": {"email": email, "password": "Wrong-Horse-1"}})
    assert (wrong.status_code, wrong.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")
    again = deployment.post("v1/auth/refresh", {"input": {"refreshToken": session["refreshToken"]}})
    assert again.status_code == 200, again.text
    token = again.json()["data"]["refreshToken"]["session"]["accessToken"]
    assert jwt.decode(token, options={"verify_signature": False})["milequest:user"], "what Cognito asked us for"


def test_an_access_token_changes_nothing_at_cognito_itself(deployment: Deployment, ann: str) -> None:
    assert jwt.decode(ann, options={"verify_signature": False})["scope"] == ""
    attributes = [{"Name": "email", "Value": "mallory@example.org"}]
    for operation, given in (("DeleteUser", {}), ("UpdateUserAttributes", {"UserAttributes": attributes})):
        answer = httpx.post(
            deployment.endpoint,
            json={"AccessToken": ann, **given},
            headers={
                "x-amz-target": f"AWSCognitoIdentityProviderService.{operation}",
                "content-type": "application/x-amz-json-1.1",
            },
            timeout=30,
        )
        assert answer.json()["__type"] == "NotAuthorizedException", answer.text
    assert deployment.data("{ viewer { email } }", ann)["viewer"]["email"].startswith("ann-")


def test_confirmed_account_has_one_user_named_in_its_tokens(deployment: Deployment) -> None:
    """The local AWS does not call the function after a confirmation, so we do."""
    pool = {"region": "us-east-1", "userPoolId": deployment.told["identity/pool"]}
    person = {"sub": str(uuid4()), "email": f"zoe-{uuid4().hex[:8]}@example.org", "name": "Zoe"}
    confirmed = {**pool, "triggerSource": "PostConfirmation_ConfirmSignUp", "request": {"userAttributes": person}}
    asked = {**pool, "request": {"userAttributes": person}}
    unknown = deployment.invoke("pre-token-generation", asked)["response"]["claimsAndScopeOverrideDetails"]
    assert unknown["idTokenGeneration"] == {}
    users = []
    for _ in range(2):
        assert deployment.invoke("post-confirmation", confirmed) == confirmed
        claims = deployment.invoke("pre-token-generation", asked)["response"]["claimsAndScopeOverrideDetails"]
        users.append(claims["accessTokenGeneration"]["claimsToAddOrOverride"]["milequest:user"])
    assert users[0] == users[1]


def test_a_bad_token_is_denied_and_none_is_anonymous(deployment: Deployment, ann: str) -> None:
    viewer = {"query": "{ viewer { id } }"}
    assert deployment.post("graphql", viewer).json() == {"data": {"viewer": None}}
    assert deployment.post("graphql", viewer, ann).json()["data"]["viewer"]["id"]
    for bad in (ann[:-6] + "AAAAAA", "nonsense"):
        assert deployment.post("graphql", viewer, bad).status_code in (401, 403)  # 401 by a gateway response of AWS


def test_documents_over_http_are_what_they_are_on_a_server(deployment: Deployment, ann: str) -> None:
    accept = {"accept": "application/graphql-response+json"}
    answer = deployment.post("graphql", {"query": "{ nothing }"}, ann, **accept)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (400, accept["accept"])
    assert httpx.get(f"{deployment.url}/readyz", timeout=30).json()["parts"]["database"] == "ok"
    assert httpx.get(f"{deployment.url}/.well-known/jwks.json", timeout=30).json() == {"keys": []}


def test_domain_routes_run_operations_on_teams_goals_walks_and_places(deployment: Deployment, ann: str) -> None:
    made = deployment.post("v1/team/createTeam", {"input": {"name": f"Team {uuid4().hex[:8]}"}}, ann)
    assert made.status_code == 200, made.text
    team = made.json()["data"]["createTeam"]["team"]
    given = {"teamId": team["id"], "isPublic": True, "expectedVersion": team["version"]}
    assert deployment.post("v1/team/updateTeam", {"input": given}, ann).json()["data"]["updateTeam"]["team"]["isPublic"]
    assert deployment.post("v1/team/updateTeam", {"input": given}, ann).status_code == 409
    invite = deployment.post("v1/team/inviteMembers", {"input": {"teamId": team["id"]}}, ann).json()["data"]
    assert len(invite["createInvite"]["code"]) == 10
    points = [{"name": name, "position": {"lat": lat, "lng": 0}} for name, lat in (("A", 0), ("B", 0.1))]
    route = deployment.post("v1/map/calculateRoute", {"waypoints": points}, ann).json()["data"]["previewRoute"]
    assert 11_000 < route["lengthMeters"] < 11_200
    goal = {"teamId": team["id"], "activate": True, "name": "North", "startsOn": str(datetime.now(UTC).date())}
    deployment.data(GOAL, ann, input={**goal, "waypoints": points})

    def total() -> float:
        answer = deployment.post("v1/activity/aggregateProgress", {"teamId": team["id"]}, ann).json()["data"]
        return float(answer["team"]["activeGoal"]["progress"]["totalMeters"])

    before = total()  # what ann walked today in other tests
    logged = deployment.post("v1/activity/logActivity", {"input": walk(1200)}, ann)
    totals = [one["totalMeters"] for one in logged.json()["data"]["logActivity"]["progress"]]
    assert before + 1200 in totals, logged.text
    assert total() == before + 1200
    assert deployment.post("v1/team/createTeam", {"input": {"name": "No one's"}}).status_code == 401
    places = deployment.post("v1/map/geocodeAddress", {"query": "Lisbon"}, ann)
    assert places.json()["data"]["searchPlaces"][0]["name"] == "Lisbon", places.text


async def test_deployed_subscriptions_begin_with_a_snapshot_and_get_a_logged_walk(deployment: Deployment) -> None:
    ben = await asyncio.to_thread(deployment.sign_up, "ben")
    team = await asyncio.to_thread(found, deployment, ben)
    async with dial(deployment.socket_url, ben) as connection:
        walks = await connection.subscribe(WALKS, team=team)
        board = await connection.subscribe(BOARD, team=team)
        assert (await walks.next())["delivery"] == "SNAPSHOT"
        assert (await board.next())["leaderboard"]["entries"]["nodes"] == []
        logged = await asyncio.to_thread(deployment.data, LOG, ben, input=walk())
        assert (await walks.next())["edge"]["node"]["id"] == logged["logActivity"]["activity"]["id"]
        assert (await board.next())["leaderboard"]["entries"]["nodes"] == [{"value": 1000}]


async def test_lost_commit_notification_is_found_by_the_sweep(deployment: Deployment, ann: str) -> None:
    team = await asyncio.to_thread(found, deployment, ann)
    async with dial(deployment.socket_url, ann) as connection:
        walks = await connection.subscribe(WALKS, team=team)
        await walks.next()
        async with unfed(deployment, "kicks"):
            await asyncio.to_thread(deployment.data, LOG, ann, input=walk())
            await asyncio.to_thread(deployment.sqs, "PurgeQueue", "kicks")
        await walks.silent()
        await asyncio.to_thread(deployment.invoke, "sweep", {})
        assert (await walks.next())["sequence"]


async def test_bad_token_of_an_appsync_client_is_refused_at_connect(deployment: Deployment) -> None:
    header = json.dumps({"host": "x", "Authorization": "nonsense"}).encode()
    query = f"?header={base64.b64encode(header).decode()}&payload=e30="
    with pytest.raises(InvalidStatus) as refused:
        async with connect(deployment.socket_url + query, subprotocols=["graphql-ws"]):  # type: ignore[list-item]
            pass
    assert refused.value.response.status_code in (401, 403)


@pytest.mark.parametrize("queue", ["kicks", "later", "news.fifo", "posts.fifo"])
def test_poison_message_goes_to_the_dead_letter_queue_and_others_continue(deployment: Deployment, queue: str) -> None:
    name, _, fifo = queue.partition(".")
    dead = f"{name}-dead.{fifo}" if fifo else f"{name}-dead"
    grouped = {"MessageGroupId": "poison", "MessageDeduplicationId": "poison"} if fifo else {}
    with deployment.trying_again_at_once(queue):
        deployment.sqs("SendMessage", queue, MessageBody="poison", **grouped)
        deployment.holds(dead, 1)
    deployment.holds(queue, 0)
    (put_aside,) = deployment.sqs("ReceiveMessage", dead, VisibilityTimeout=0)["Messages"]
    assert put_aside["Body"] == "poison"
    deployment.sqs("DeleteMessage", dead, ReceiptHandle=put_aside["ReceiptHandle"])


async def test_dead_letter_message_sent_to_its_queue_again_is_delivered(deployment: Deployment, ann: str) -> None:
    """The local AWS has no redrive of its own: messages of the dead-letter queue are sent to the queue again."""
    team = await asyncio.to_thread(found, deployment, ann)
    async with dial(deployment.socket_url, ann) as connection:
        walks = await connection.subscribe(WALKS, team=team)
        await walks.next()
        async with unfed(deployment, "kicks"):
            await asyncio.to_thread(deployment.data, LOG, ann, input=walk())
            await asyncio.to_thread(deployment.move, "kicks", "kicks-dead")
        await walks.silent()
        await asyncio.to_thread(deployment.move, "kicks-dead", "kicks")
        assert (await walks.next())["sequence"]
    await asyncio.to_thread(deployment.holds, "kicks", 0)


def test_jobs_and_migrations_do_their_work(deployment: Deployment) -> None:
    assert deployment.invoke("finalize", {}) == {"goals": 0}
    assert deployment.invoke("prune", {}) == {"log": 0, "answers": 0, "walks": 0, "accounts": 0}
    assert deployment.invoke("migrations", {})["revision"]


@pytest.mark.parametrize("function", ["finalize", "sweep"])
def test_schedules_call_each_minute(deployment: Deployment, function: str) -> None:
    end = time.monotonic() + 180
    while deployment.calls(function) <= deployment.invoked[function]:
        assert time.monotonic() < end, "nobody called it"
        time.sleep(0.5)
