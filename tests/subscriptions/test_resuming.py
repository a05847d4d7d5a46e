"""The resume helpers: after any disconnections a client ends with exactly the log, in order, each event once."""

import asyncio
import random
from dataclasses import replace

import pytest
from gql.transport.exceptions import TransportConnectionFailed
from hypothesis import settings

from milequest.rules.errors import unauthenticated
from schema.error_payloads import error_payload
from subscriptions.policy import EXPIRED
from subscriptions.sockets import GOING_AWAY, TOO_SLOW
from tests.eventually import eventually
from tests.listening import PATIENCE
from tests.subscriptions.resuming import Follow, by_gql, by_npm, logged, run_follow
from tests.subscriptions.team import UPDATE, Team
from tests.wires import Wire, wired

CUTS = 200 if settings.get_current_profile_name() == "soak" else 10


async def trouble(team: Team, wire: Wire) -> None:
    """Log, change and delete walks while everybody is cut off again and again; and log a last one."""
    walk = await team.walk(team.ben)
    with wire.broken():  # some events were certainly missed
        await team.do(team.ben, UPDATE, activityId=walk, distanceMeters=999)
    for number in range(CUTS):
        if number % 50 == 49:  # before the limit on changes of walks is reached
            await asyncio.to_thread(lambda: team.service.call(forget_limits(team)))
        cutting = asyncio.create_task(cut(team, wire, number))
        for privacy in random.choices(["PUBLIC", "PRIVATE"], [3, 1], k=3):
            meters = round(1000 + 500 * random.random(), 3)
            await team.do(team.ben, UPDATE, activityId=walk, distanceMeters=meters, privacy=privacy)
        await cutting
    await team.walk(team.ben, notes="last")


async def forget_limits(team: Team) -> None:
    """Empty Valkey, with all that it counts."""
    await team.service.runtime.redis.flushall()


async def cut(team: Team, wire: Wire, number: int) -> None:
    """Disconnect everybody: on the way, by a server that restarts, or by one that finds its clients too slow."""
    await asyncio.sleep(0.1 * random.random())
    if number % 3 == 0:
        wire.cut()
        return
    for socket in list(team.service.gateway._sockets):
        how = GOING_AWAY if number % 3 == 1 else TOO_SLOW
        team.service.loop.call_soon_threadsafe(socket.close, how)


HELPED = {
    "gql": by_gql,
    "graphql-ws": by_npm("ws", 0),
    "graphql-ws, trying by itself": by_npm("ws", 5),
    "graphql-sse": by_npm("http", 0),
    "graphql-sse, trying by itself": by_npm("http", 5),
}


@pytest.mark.parametrize("follow", HELPED.values(), ids=HELPED.keys())
async def test_client_cut_off_again_and_again_ends_with_exactly_the_log(team: Team, follow: Follow) -> None:
    async with wired(team.service) as wire:
        following = asyncio.create_task(follow(team, wire))
        await wire.until_told_where(following)
        await trouble(team, wire)
        first, *events = await asyncio.wait_for(following, PATIENCE)
    assert wire.calls > CUTS / 4
    assert first["delivery"] == "SNAPSHOT"
    assert {"REPLAY"} <= {event["delivery"] for event in events} <= {"REPLAY", "LIVE"}
    assert [event["sequence"] for event in events] == await logged(team, first)


async def test_a_token_that_was_never_good_ends_it(team: Team) -> None:
    stranger = replace(team, ann="nobody")
    async with wired(team.service) as wire:
        with pytest.raises(TransportConnectionFailed):
            await asyncio.wait_for(by_gql(stranger, wire), 5)
        assert wire.calls == 1


async def test_a_token_that_expires_is_no_end_to_who_has_another(team: Team) -> None:
    service = team.service
    following = asyncio.create_task(run_follow(team, service.socket_url, 0, [team.ann, team.ann]))
    await asyncio.to_thread(eventually, lambda: any(one.sequence for one in list(service.hub._subscribers)))
    await team.walk(team.ben)
    for listener in list(service.hub._subscribers):
        service.loop.call_soon_threadsafe(listener.sink.fail, error_payload(unauthenticated(EXPIRED)))
    await team.walk(team.ben, notes="last")
    first, *events = await asyncio.wait_for(following, PATIENCE)
    assert first["delivery"] == "SNAPSHOT"
    assert [event["sequence"] for event in events] == await logged(team, first)
