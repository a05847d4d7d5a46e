"""What the running subscriptions of one caller may hold in memory."""

from collections.abc import Hashable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.quotas import MemoryQuota
from tests.eventually import eventually
from tests.service import Service
from tests.sockets import Socket, opened
from tests.subscriptions.team import Team

PROGRESS = (
    "subscription ($team: ID!, $a: String, $b: String) { teamMilestoneReached(teamId: $team) { snapshot { %s } } }"
)
PAGES = "a: activities(first: 1, after: $a) { nodes { id } } b: activities(first: 1, after: $b) { nodes { id } }"
MOST = 700 * 1024
SIZES = {"a": 1, "b": 2, "c": 4, "d": 8}
STEPS = st.tuples(st.booleans(), st.sampled_from("xy"), st.frozensets(st.sampled_from("abcd"), min_size=1))


@given(st.lists(STEPS))
def test_memory_quota_holds_each_thing_once_and_never_too_much(steps: list[tuple[bool, str, frozenset[str]]]) -> None:
    held = MemoryQuota(10)
    taken: list[tuple[str, frozenset[str]]] = []

    def size(who: str, more: Iterable[str] = ()) -> int:
        """What somebody's things weigh together, counted anew."""
        return sum(SIZES[thing] for thing in {*more, *(thing for one, its in taken if one == who for thing in its)})

    for is_take, who, things in steps:
        weights: dict[Hashable, int] = {thing: SIZES[thing] for thing in things}
        if is_take:
            fits = size(who, things) <= 10
            assert held.acquire(who, weights) == fits
            taken += [(who, things)] * fits
        elif (who, things) in taken:
            taken.remove((who, things))
            held.release(who, weights)
        assert {one: held._bytes[one] for one in "xy"} == {one: size(one) for one in "xy"}
    assert len(held) == len({who for who, _ in taken})


async def began(socket: Socket, number: int, text: str, **variables: str) -> bool:
    """Whether a subscription begins; else it is refused as it should be."""
    await socket.subscribe(str(number), text, variables=variables)
    answer = await socket.receive()
    if answer["type"] == "next":
        return True
    assert answer["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert answer["payload"][0]["extensions"]["retryAfterSeconds"] >= 1
    return False


@pytest.mark.parametrize("kind", ["variables", "documents", "selections"])
async def test_a_user_holds_so_much_on_all_their_sockets(
    service: Service, team: Team, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(service.hub.plans.held, "_most", MOST)
    wide = " ".join(f"a{number}: memberCount" for number in range(28))

    async def next_began(socket: Socket, number: int) -> bool:
        text, given = PROGRESS % PAGES, {"team": team.id, "a": str(number)}
        if kind == "documents":
            text = text.replace("subscription", f"subscription N{number}")
        if kind == "variables":
            given |= {"a": f"{number}{'x' * 8_000}", "b": f"{number}{'y' * 8_000}"}
        if kind == "selections":
            text = PROGRESS % f"{PAGES} {wide}"
        return await began(socket, number, text, **given)

    async with opened(service, team.ann) as one:
        async with opened(service, team.ann) as other:
            running = 0
            while await next_began((one, other)[running % 2], running):
                running += 1
                assert running < 60
            assert running >= 2
            async with opened(service, team.ben) as his:
                assert await next_began(his, 0)
        eventually(lambda: len(service.hub) == (running + 1) // 2)
        assert await next_began(one, running)
    eventually(lambda: not len(service.hub) + len(service.hub.plans) + len(service.hub.plans.held))


async def test_memory_quota_counts_the_same_on_many_sockets_once(
    service: Service, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.hub.plans.held, "_most", MOST)
    async with opened(service, team.ann) as socket:
        for number in range(60):
            assert await began(socket, number, PROGRESS % PAGES, team=team.id)
