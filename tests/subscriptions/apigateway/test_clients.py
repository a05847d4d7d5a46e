"""Real clients on API Gateway: after any faults of sockets or functions they end with exactly the log."""

import asyncio
import random
from dataclasses import replace

import pytest

from tests.subscriptions.gateway_of_aws import Gateway
from tests.subscriptions.resuming import Events, Follow, by_gql, by_npm, logged
from tests.subscriptions.team import UPDATE, Team
from tests.wires import Wire, wired

CUTS = 6
FAILED = (
    '{"message": "Internal server error", "connectionId": "c=", "requestId": "r="}'  # of no protocol: clients close
)


async def trouble(gate: Gateway, team: Team, wire: Wire) -> None:
    """Log a walk that changes while all are cut off, closed by API Gateway, or sent a failure; and a last one."""
    walk = await team.walk(team.ben)
    for number in range(CUTS):
        for _ in range(2):
            await team.do(team.ben, UPDATE, activityId=walk, distanceMeters=round(1000 + 500 * random.random(), 3))
        if number % 3 == 0:
            wire.cut()
        for connection in gate.api.connections if number % 3 else ():
            sockets = gate.deps.sockets
            await gate.run(sockets.close(connection) if number % 3 == 1 else sockets.post(connection, FAILED))
    await team.walk(team.ben, notes="last")


BY_NPM = [by_npm("ws", retries, may_leave_socket=True) for retries in (0, 5)]


@pytest.mark.parametrize("follow", [by_gql, *BY_NPM], ids=["gql", "graphql-ws", "by itself"])
async def test_client_cut_off_again_and_again_ends_with_exactly_the_log(
    gate: Gateway, team: Team, follow: Follow
) -> None:
    await gate.nothing_left()
    origin = gate.api.url.replace("ws://", "http://").removesuffix("/live")
    async with wired(replace(team.service, origin=origin)) as wire:
        following: asyncio.Task[Events] = asyncio.create_task(follow(team, wire))
        await wire.until_told_where(following)
        await trouble(gate, team, wire)
        first, *events = await asyncio.wait_for(following, 60)
    assert first["delivery"] == "SNAPSHOT"
    sequences = [event["sequence"] for event in events if event["delivery"] != "RESET"]
    assert sequences == await logged(team, first)
