"""The effects of signing out beside refresh tokens: access tokens and all operations they began, in every process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError

from app.accounts import token_for
from tests.documents import PROGRESS_LIVE as PROGRESS
from tests.documents import WALKS_LIVE as WALKS
from tests.listening import dial
from tests.service import Service, serving
from tests.sockets import BOARD, Socket
from tests.sockets import opened as transport
from tests.subscriptions import appsync_sockets, legacy_sockets
from tests.subscriptions.conftest import Dial
from tests.subscriptions.gateway_of_aws import Gateway
from tests.subscriptions.team import Team

SIGN_OUT = "mutation ($input: SignOutInput!) { signOut(input: $input) { ok } }"
NOWHERE = "unix:///nowhere/valkey.sock"


async def another_token(team: Team) -> str:
    """Return a token of Ben's other session, which began a little earlier."""
    address = (await team.ask(team.ben, "{ viewer { email } }"))["viewer"]["email"]
    work = token_for(team.service.runtime, address, datetime.now(UTC) - timedelta(seconds=5))
    return await asyncio.to_thread(team.service.call, work)


async def test_ended_session_receives_no_more_events_and_others_do(connected: Dial, team: Team, soon: float) -> None:
    other = await another_token(team)
    async with connected(team.ben) as ended, connected(other) as going_on:
        streams = [await ended.subscribe(WALKS, team=team.id), await ended.subscribe(PROGRESS, team=team.id)]
        kept = await going_on.subscribe(PROGRESS, team=team.id)
        for stream in (*streams, kept):
            await stream.next()
        await team.do(team.ben, SIGN_OUT)
        async with asyncio.timeout(soon):
            assert [await stream.failure() for stream in streams] == [["UNAUTHENTICATED"]] * 2
        await team.walk(other)
        await kept.next()
    answer = await asyncio.to_thread(lambda: team.service.post("{ __typename }", token=team.ben))
    assert answer.status_code == 401


async def test_signing_out_everywhere_ends_what_every_session_began(connected: Dial, team: Team, soon: float) -> None:
    async with connected(team.ben) as here, connected(await another_token(team)) as there:
        streams = [await one.subscribe(WALKS, team=team.id) for one in (here, there)]
        for stream in streams:
            await stream.next()
        await team.do(team.ben, SIGN_OUT, everywhere=True)
        async with asyncio.timeout(soon):
            assert [await stream.failure() for stream in streams] == [["UNAUTHENTICATED"]] * 2


@asynccontextmanager
async def transport_ws(service: Service, team: Team) -> AsyncIterator[Socket]:
    """Open a socket of graphql-transport-ws with a subscription."""
    async with transport(service, team.ben) as ours:
        await ours.subscribe("board", BOARD, variables={"team": team.id})
        yield ours


@asynccontextmanager
async def legacy(service: Service, team: Team) -> AsyncIterator[Socket]:
    """Open a socket of subscriptions-transport-ws with a subscription."""
    async with legacy_sockets.opened(service, team.ben) as ours:
        await legacy_sockets.start(ours, "board", BOARD, team=team.id)
        yield ours


@asynccontextmanager
async def appsync(service: Service, team: Team) -> AsyncIterator[Socket]:
    """Open a socket of AppSync's with a subscription."""
    own = {"host": "milequest.example", "Authorization": team.ben}
    async with appsync_sockets.opened(service, own) as ours:
        await appsync_sockets.start(ours, "board", BOARD, {"team": team.id}, own)
        assert (await ours.receive())["type"] == "start_ack"
        yield ours


@pytest.mark.parametrize("opened", [transport_ws, legacy, appsync])
async def test_socket_is_closed_with_its_session_after_its_errors(service: Service, team: Team, opened: Any) -> None:
    socket: AbstractAsyncContextManager[Socket] = opened(service, team)
    async with socket as ours:
        assert "payload" in await ours.receive()
        await team.do(team.ben, SIGN_OUT)
        error = await ours.receive()
        assert (error["id"], error["type"], "UNAUTHENTICATED" in str(error)) == ("board", "error", True)
        assert (await ours.closed())[0] == 4401


async def test_a_silent_socket_is_closed_with_its_session(service: Service, team: Team) -> None:
    async with transport(service, team.ben) as ours:
        await team.do(team.ben, SIGN_OUT)
        assert await ours.closed() == (4401, "This session has ended: sign in again.")


async def test_sign_out_revokes_the_session_in_a_process_without_redis(service: Service, team: Team) -> None:
    with serving(replace(service.runtime.settings, redis_url=NOWHERE)) as other:
        before = await asyncio.to_thread(lambda: other.post("{ __typename }", token=team.ben))
        assert before.status_code == 200
        async with dial(other.socket_url, team.ben) as connection:
            stream = await connection.subscribe(PROGRESS, team=team.id)
            await stream.next()
            await team.do(team.ben, SIGN_OUT)
            assert await stream.failure() == ["UNAUTHENTICATED"]
            assert await connection.closed() == 4401
        after = await asyncio.to_thread(lambda: other.post("{ __typename }", token=team.ben))
        assert after.status_code == 401
    with serving(replace(service.runtime.settings, redis_url=NOWHERE)) as fresh:  # it reads that before it answers
        assert (await asyncio.to_thread(lambda: fresh.post("{ __typename }", token=team.ben))).status_code == 401
        with pytest.raises(ConnectionClosedError, match="4403"):
            async with dial(fresh.socket_url, team.ben):
                pass


async def test_api_gateway_ends_a_session_between_two_rounds(gate: Gateway, team: Team) -> None:
    """A sweep is a minute away there, so ending a session has the user's connections checked."""
    gate.rounds = False
    try:
        async with dial(gate.api.url, team.ben) as connection, dial(gate.api.url, team.ann) as other:
            streams = [await one.subscribe(PROGRESS, team=team.id) for one in (connection, other)]
            for stream in streams:
                await stream.next()
            await team.do(team.ben, SIGN_OUT)
            assert await streams[0].failure() == ["UNAUTHENTICATED"]
            assert await connection.closed() == 1000  # API Gateway sends no code of ours
            await team.walk(team.ann)
            await streams[1].next()
    finally:
        gate.rounds = True
