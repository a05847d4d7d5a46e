"""The edge's secret: how often it is read, and what holds while it cannot be."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat

import orjson
import pytest

from milequest.store.away import Away
from milequest.store.aws import edge_secret
from milequest.store.aws.edge_secret import FRESH, RETRY, EdgeSecret
from milequest.store.aws.retries import ATTEMPTS
from milequest.store.aws.secrets import Secret
from tests.milequest.store.aws.stub import Stub, stubbed

OLD, NEW, NEWER = "a" * 40, "b" * 40, "c" * 40
AWAY = (503, b"{}")


class Clock:
    """The module's clock."""

    now = datetime(2026, 12, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(edge_secret, "clock", clock)
    return clock


def answer(first: str, second: str) -> tuple[int, bytes]:
    """Return Secrets Manager's answer."""
    return 200, orjson.dumps({"SecretString": orjson.dumps({"first": first, "second": second}).decode()})


def answering(*answers: tuple[int, bytes]) -> Iterator[tuple[int, bytes]]:
    """Answer in this order, and the last one for ever."""
    return chain(answers, repeat(answers[-1]))


def edge(stub: Stub) -> EdgeSecret:
    """Return a secret of that Secrets Manager."""
    return EdgeSecret(Secret(stub.aws, "origin"))


async def test_secret_is_read_once_while_it_is_fresh(clock: Clock) -> None:
    async with stubbed(answering(answer(OLD, NEW))) as stub:
        secret = edge(stub)
        for _ in range(100):
            assert await secret.admits(OLD)
            assert await secret.admits(NEW)
        assert len(stub.asked) == 1
        clock.now += FRESH
        assert await secret.admits(OLD)
        assert len(stub.asked) == 2


async def test_replaced_secret_is_admitted_within_seconds_and_the_old_one_no_more(clock: Clock) -> None:
    async with stubbed(answering(answer(OLD, NEW), answer(NEWER, NEW))) as stub:
        secret = edge(stub)
        assert await secret.admits(OLD)
        assert not await secret.admits(NEWER)
        clock.now += RETRY
        assert await secret.admits(NEWER)
        assert await secret.admits(NEW)
        assert not await secret.admits(OLD)


async def test_secret_is_read_without_the_sdk_whose_import_takes_longer_than_an_authorizers_start() -> None:
    async with stubbed(answering(answer(OLD, NEW))) as stub:
        assert await edge(stub).admits(OLD)
        assert stub.aws.sdk._session is None


async def test_secret_is_read_again_after_the_clock_was_set_back(clock: Clock) -> None:
    async with stubbed(answering(answer(OLD, ""), answer(NEW, ""))) as stub:
        secret = edge(stub)
        assert await secret.admits(OLD)
        clock.now -= timedelta(hours=1)
        assert await secret.admits(NEW)


async def test_guesses_cost_one_reading_in_some_seconds(clock: Clock) -> None:
    async with stubbed(answering(answer(OLD, ""))) as stub:
        secret = edge(stub)
        for guess in (None, "", "guess", "x" * 40, *map(str, range(500))):
            assert not await secret.admits(guess)
            clock.now += timedelta(seconds=0.1)
        assert len(stub.asked) <= 1 + timedelta(seconds=504 * 0.1) / RETRY


async def test_secret_that_was_read_holds_while_secrets_manager_is_away(clock: Clock) -> None:
    async with stubbed(answering(answer(OLD, ""), AWAY)) as stub:
        secret = edge(stub)
        assert await secret.admits(OLD)
        for _ in range(3):
            clock.now += FRESH
            assert await secret.admits(OLD)
            assert not await secret.admits(NEW)
        assert len(stub.asked) == 1 + 3 * ATTEMPTS


async def test_secret_that_cannot_be_read_admits_nobody(clock: Clock) -> None:
    async with stubbed(answering(*[AWAY] * ATTEMPTS, answer(OLD, ""))) as stub:
        secret = edge(stub)
        for given in (OLD, None):
            with pytest.raises(Away):
                await secret.admits(given)
        clock.now += RETRY
        assert await secret.admits(OLD)


@pytest.mark.parametrize("value", ["", "short"])
async def test_secret_without_a_long_value_admits_nobody(value: str) -> None:
    async with stubbed(answering(answer(value, value))) as stub:
        assert not await edge(stub).admits(value)
        assert not await edge(stub).admits(None)
