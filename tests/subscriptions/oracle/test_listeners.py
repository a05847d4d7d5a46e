"""Once all is quiet, after any actions and faults, every subscriber holds what a fresh query shows.

Lists of steps are drawn: writes, changes of access, and connections that are cut, held back or closed. Four people
follow seven views of the team by the resume helper, over all four protocols on our own server; on API Gateway over the
three of WebSockets, for it has no event streams, and there without processes that would be restarted.

`--hypothesis-profile=soak` draws many more; a life that failed once stays in SAVED.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import TypeAlias

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app import serve
from subscriptions import send_buffer
from subscriptions.apigateway import sender
from tests.service import Service
from tests.subscriptions.gateway_of_aws import Gateway as Functions
from tests.subscriptions.oracle.gateways import ApiGateway, Gateway, OwnServer
from tests.subscriptions.oracle.life import STEPS, Step, living
from tests.subscriptions.oracle.quiet import settle

Life: TypeAlias = Sequence[Sequence[Step]]

NUMBERS = st.integers(0, 99)
STEP = st.tuples(st.sampled_from(STEPS), NUMBERS, NUMBERS)
DAY = st.lists(STEP, min_size=1, max_size=10)  # at its end all is quiet
LIVES = st.lists(DAY, min_size=1, max_size=4)

TURN = st.integers(0, 3)
SAVED: Sequence[tuple[Life, int]] = [
    # Each kind of step, and each kind of trouble in the midst of writes.
    (
        [
            [("log", 0, 1), ("log", 1, 2), ("cut", 0, 0), ("log", 0, 4), ("edit", 0, 1), ("join", 2, 0), ("cut", 9, 0)],
            [("edit", 0, 2), ("hold", 7, 0), ("hold", 0, 0), ("flood", 0, 0), ("log", 2, 99), ("begin_goal", 0, 0)],
            [("hide_team", 0, 0), ("promote", 1, 0), ("remove", 2, 0), ("close_all", 0, 0), ("rename", 1, 5)],
            [("sign_out", 1, 0), ("lose_wakeups", 0, 0), ("log", 1, 7), ("delete", 1, 0), ("join", 2, 0)],
            [("give_up", 0, 0), ("restart", 0, 0), ("hide_person", 0, 0), ("leave", 1, 0), ("close_all", 0, 1)],
        ],
        0,
    ),
    # One's own part of a goal, after one has left the public team.
    ([[("log", 1, 1), ("leave", 1, 0)], [("join", 1, 0)]], 0),
]


def saved(test: Callable[..., None]) -> Callable[..., None]:
    """Try the lives that failed once, before others."""
    for days, turn in SAVED:
        test = example(days=days, turn=turn)(test)
    return test


async def live(gateway: Gateway, days: Life, turn: int) -> None:
    """Live a life; check the invariant at its beginning and after each day."""
    async with living(gateway, turn) as life:
        await settle(life)
        for day in days:
            for name, *numbers in day:
                await getattr(life, name)(*numbers)
            await settle(life)


@pytest.fixture(scope="module")
def own_server(service: Service) -> Iterator[OwnServer]:
    """Yield our own server, with small buffers: a client that does not read is soon too slow."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setattr(serve, "SEND_BUFFER_BYTES", 8 * 1024)
        patch.setattr(send_buffer, "MAX_BUFFERED_BYTES", 32 * 1024)
        patch.setattr(send_buffer, "LAGGING_BYTES", 8 * 1024)
        yield OwnServer(service, stack)


@pytest.fixture(scope="module")
def api_gateway(service: Service, gate: Functions) -> Iterator[ApiGateway]:
    """Yield API Gateway's, where a socket that accepts nothing is soon retried."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sender, "WAIT", (1, 1))
        gateway = ApiGateway(service, gate)
        yield gateway
        gateway.close()


@saved
@settings(max_examples=max(3, settings().max_examples // 25))
@given(days=LIVES, turn=TURN)
def test_a_listener_to_our_own_server_holds_what_a_query_shows(own_server: OwnServer, days: Life, turn: int) -> None:
    asyncio.run(live(own_server, days, turn))


@saved
@settings(max_examples=max(1, settings().max_examples // 50))
@given(days=LIVES, turn=TURN)
def test_a_listener_to_api_gateway_holds_what_a_query_shows(api_gateway: ApiGateway, days: Life, turn: int) -> None:
    asyncio.run(live(api_gateway, days, turn))
