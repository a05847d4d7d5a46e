"""Ending sessions as clients do it: the sessions that signing out ends, its refusals, and its limits."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from milequest.rules.errors import ErrorCode
from milequest.rules.rate_limits import REFRESHES, SIGN_OUTS, SIGN_OUTS_HERE, RateLimit
from resolvers.identity import Identify, identifying
from tests.ada import code_of
from tests.documents import REFRESH, SIGN_IN, SIGN_OUT
from tests.quest import Caller, Quest
from tests.resolvers.accounts import EMAIL, PASSWORD, account

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


_networks = count(1)


def elsewhere(quest: Quest) -> Caller:
    """Return a caller at a new network, at the real time: the database decides when a list is over."""
    return Caller(quest.runtime, now=datetime.now(UTC), address=f"203.0.113.{next(_networks)}")


async def signed_in(
    quest: Quest, identify: Identify, agent: str | None = None, address: str | None = None, email: str = EMAIL
) -> tuple[Caller, dict[str, Any]]:
    """Return Ada with a new session, and its tokens."""
    client = elsewhere(quest)
    client.headers = {"user-agent": agent} if agent else {}
    client.address = client.address if address is None else address
    session = (await client.run(SIGN_IN, input={"email": email, "password": PASSWORD}))["signIn"]["session"]
    client = elsewhere(quest)
    client.identity = await identify(session["accessToken"])
    return client, session


async def is_over(quest: Quest, identify: Identify, session: dict[str, Any]) -> bool:
    """Return whether a session has ended: neither of its tokens is valid. A live one is refreshed by this."""
    refused = await code_of(identify(session["accessToken"])) is ErrorCode.UNAUTHENTICATED
    answer = await elsewhere(quest).result(REFRESH, {"input": {"refreshToken": session["refreshToken"]}})
    assert refused is bool(answer.errors), "one token is good and the other is not"
    return refused


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"refreshToken": "unknown"},
        {"everywhere": True},
        {"others": True},
        {"refreshToken": None, "everywhere": None},
        {"refreshToken": "unknown", "everywhere": True},
    ],
)
async def test_sign_out_without_a_valid_token_is_refused(quest: Quest, given: dict[str, Any]) -> None:
    await account(quest)
    await signed_in(quest, identifying(quest.runtime))
    assert (await quest.refusal(elsewhere(quest), SIGN_OUT, input=given))["code"] == "UNAUTHENTICATED"


async def test_signing_out_by_an_access_token_ends_its_session_alone(quest: Quest) -> None:
    await account(quest)
    identify = identifying(quest.runtime)
    client, session = await signed_in(quest, identify)
    _, other = await signed_in(quest, identify)
    await client.run(SIGN_OUT, input={})
    assert await is_over(quest, identify, session)
    assert not await is_over(quest, identify, other)


async def test_signing_out_by_a_refresh_token_ends_its_session_alone(quest: Quest) -> None:
    await account(quest)
    identify = identifying(quest.runtime)
    _, session = await signed_in(quest, identify)
    _, other = await signed_in(quest, identify)
    for _ in range(2):  # its answer may get lost
        await elsewhere(quest).run(SIGN_OUT, input={"refreshToken": session["refreshToken"]})
    assert await is_over(quest, identify, session)
    assert not await is_over(quest, identify, other)


async def test_signing_out_everywhere_ends_all_sessions_and_no_later_one(quest: Quest) -> None:
    await account(quest)
    identify = identifying(quest.runtime)
    client, session = await signed_in(quest, identify)
    _, other = await signed_in(quest, identify)
    await client.run(SIGN_OUT, input={"everywhere": True})
    assert [await is_over(quest, identify, one) for one in (session, other)] == [True, True]
    _, later = await signed_in(quest, identify)
    assert not await is_over(quest, identify, later)


async def test_signing_out_of_all_others_leaves_this_session(quest: Quest) -> None:
    await account(quest)
    identify = identifying(quest.runtime)
    client, session = await signed_in(quest, identify)
    _, other = await signed_in(quest, identify)
    await client.run(SIGN_OUT, input={"others": True})
    assert [await is_over(quest, identify, one) for one in (other, session)] == [True, False]


async def test_a_process_that_starts_knows_what_has_ended(quest: Quest) -> None:
    await account(quest)
    client, session = await signed_in(quest, identifying(quest.runtime))
    await client.run(SIGN_OUT, input={})
    fresh = Identify(quest.runtime.identity, quest.runtime.writer)  # with a list of its own, and no Redis
    assert await code_of(fresh(session["accessToken"])) is ErrorCode.UNAUTHENTICATED


async def test_an_ended_token_is_refused_however_its_signature_is_written(quest: Quest) -> None:
    """The last character of a signature has bits that are not of it: another text is the same token."""
    await account(quest)
    identify = identifying(quest.runtime)
    client, session = await signed_in(quest, identify)
    token: str = session["accessToken"]
    same = [token[:-1] + ALPHABET[ALPHABET.index(token[-1]) ^ bits] for bits in (1, 2, 3)]
    same += [f"{token}==", f"Bearer {token}=="]
    good = [text for text in same if await code_of(identify(text)) is None]
    assert good, "no other text is this token, so there is nothing to be tested"
    await client.run(SIGN_OUT, input={})
    for text in (token, *same):
        assert await code_of(identify(text)) is ErrorCode.UNAUTHENTICATED


async def test_signing_out_is_limited_by_network_for_who_is_not_signed_in(quest: Quest) -> None:
    client = elsewhere(quest)
    await spent(quest, SIGN_OUTS_HERE, client.address)
    refusal = await client.refused(SIGN_OUT, input={"refreshToken": "ada@example.org:x", "everywhere": True})
    assert refusal["code"] == "RATE_LIMITED"


async def test_signing_out_works_whatever_strangers_use_up_in_the_network(quest: Quest) -> None:
    await account(quest)
    identify = identifying(quest.runtime)
    clients = [(await signed_in(quest, identify))[0] for _ in range(2)]
    for limit in (REFRESHES, SIGN_OUTS_HERE):
        for client in clients:
            await spent(quest, limit, client.address)
    other = next(session for session in await listed(clients[0]) if not session["isCurrent"])
    await clients[0].run(END, input={"sessionId": other["id"]})
    await clients[0].run(SIGN_OUT, input={"everywhere": True})


async def test_ending_sessions_is_limited_by_user(quest: Quest) -> None:
    await account(quest)
    client, _ = await signed_in(quest, identifying(quest.runtime))
    session = (await listed(client))[0]["id"]
    await spent(quest, SIGN_OUTS, client.user_id.hex)
    for document, given in ((SIGN_OUT, {}), (END, {"sessionId": session})):
        assert (await client.refused(document, input=given))["code"] == "RATE_LIMITED"


async def spent(quest: Quest, limit: RateLimit, who: str) -> None:
    """Use a limit up, without the work."""
    for _ in range(limit.most):
        await quest.runtime.rate_limits.spend(limit, who)


LIST = "{ viewer { sessions { id device network signedInAt lastUsedAt isCurrent } } }"
END = """mutation ($input: EndSessionInput!) { endSession(input: $input) {
  deletedSessionId viewer { sessions { id } } } }"""
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


async def listed(client: Caller) -> list[dict[str, Any]]:
    """Return the caller's sessions as they see them."""
    found: list[dict[str, Any]] = (await client.run(LIST))["viewer"]["sessions"]
    return found


async def test_sessions_are_listed_by_device_and_coarse_network(quest: Quest) -> None:
    await account(quest)
    identify = identifying(quest.runtime)
    origins = [
        (FIREFOX, "198.51.100.77"),
        (None, "2001:db8:1:2:3::4"),
        ("x" * 5_000, ""),
        ("\x00\u202e", "::ffff:192.0.2.9"),
    ]
    for agent, address in origins:
        client, _ = await signed_in(quest, identify, agent, address)
    found = await listed(client)
    assert {(session["device"], session["network"]) for session in found} == {
        (FIREFOX, "198.51.100.0/24"),
        (None, "2001:db8:1::/48"),
        ("x" * 200, None),
        (None, "192.0.2.0/24"),
    }
    assert [session["isCurrent"] for session in found].count(True) == 1
    stored = str([tuple(row) for row in await quest.runtime.writer.fetch("TABLE sign_in_session")])
    assert not [address for _, address in origins if address and address in stored]


async def test_a_refresh_is_the_last_use_of_a_session(quest: Quest) -> None:
    await account(quest)
    client, session = await signed_in(quest, identifying(quest.runtime))
    (before,) = await listed(client)
    later = elsewhere(quest)
    later.now += timedelta(minutes=10)
    await later.run(REFRESH, input={"refreshToken": session["refreshToken"]})
    (after,) = await listed(client)
    assert before["lastUsedAt"] == before["signedInAt"] == after["signedInAt"] < after["lastUsedAt"]


async def test_a_session_that_is_ended_by_its_id_is_over_and_the_others_are_not(quest: Quest) -> None:
    await account(quest)
    identify = identifying(quest.runtime)
    client, session = await signed_in(quest, identify)
    _, other = await signed_in(quest, identify)
    (gone,) = [one["id"] for one in await listed(client) if not one["isCurrent"]]
    ended = (await client.run(END, input={"sessionId": gone}))["endSession"]
    assert (ended["deletedSessionId"], len(ended["viewer"]["sessions"])) == (gone, 1)
    assert [await is_over(quest, identify, one) for one in (other, session)] == [True, False]
    assert (await client.refused(END, input={"sessionId": gone}))["code"] == "NOT_FOUND"


async def test_session_of_another_user_is_neither_listed_nor_ended(quest: Quest) -> None:
    await account(quest)
    await account(quest, "bob@example.org")
    identify = identifying(quest.runtime)
    client, session = await signed_in(quest, identify)
    bob, _ = await signed_in(quest, identify, email="bob@example.org")
    (mine,) = await listed(client)
    assert [one["id"] for one in await listed(bob)] != [mine["id"]]
    assert (await quest.refusal(bob, END, input={"sessionId": mine["id"]}))["code"] == "NOT_FOUND"
    node = "query ($id: ID!) { node(id: $id) { ... on SignInSession { id isCurrent } } }"
    assert await bob.run(node, id=mine["id"]) == await quest.anonymous.run(node, id=mine["id"]) == {"node": None}
    assert await client.run(node, id=mine["id"]) == {"node": {"id": mine["id"], "isCurrent": True}}
    assert not await is_over(quest, identify, session)
