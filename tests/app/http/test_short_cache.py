"""Public answers are read from the database once, however many ask."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from app.http import health, jwks
from app.http import short_cache as shared_answers
from app.http.short_cache import SECONDS, ShortCache
from milequest.providers.identity.builtin import BuiltinIdentity
from tests.quest import Quest

MANY = 50


class Clock:
    """A clock the test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_an_answer_is_shared_while_it_is_asked_for_and_a_second_longer() -> None:
    clock, asked = Clock(), 0

    async def ask() -> int:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return asked

    cache = ShortCache(ask, clock)
    assert await asyncio.gather(*(cache() for _ in range(MANY))) == [1] * MANY
    clock.now += SECONDS / 2
    assert await cache() == 1
    clock.now += SECONDS / 2
    assert await cache() == 2


async def test_failed_answer_is_raised_to_waiting_callers_and_not_cached() -> None:
    answers = iter([OSError("away"), 7])

    async def ask() -> object:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    cache = ShortCache(ask, Clock())
    with pytest.raises(OSError, match="away"):
        await cache()
    assert await cache() == 7


async def test_shared_answer_survives_the_cancellation_of_one_waiter() -> None:
    go_on = asyncio.Event()

    async def ask() -> bool:
        return await go_on.wait()

    cache = ShortCache(ask, Clock())
    first, second = asyncio.ensure_future(cache()), asyncio.ensure_future(cache())
    await asyncio.sleep(0)
    first.cancel()
    go_on.set()
    assert await second


@pytest.mark.parametrize(
    ("path", "owner", "name"),
    [("/readyz", health, "_reasons"), ("/.well-known/jwks.json", BuiltinIdentity, "jwks")],
)
async def test_concurrent_callers_share_one_call(
    quest: Quest, path: str, owner: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, real = 0, getattr(owner, name)

    def look(*args: object) -> object:
        nonlocal looks
        looks += 1
        return real(*args)

    monkeypatch.setattr(owner, name, look)
    monkeypatch.setattr(shared_answers, "SECONDS", 3_600.0)  # however slow this machine is
    app = Starlette(routes=[Route("/readyz", health.ready), Route("/.well-known/jwks.json", jwks.keys)])
    app.state.runtime = quest.runtime
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as client:
        answers = await asyncio.gather(*(client.get(path) for _ in range(MANY)))
        answers.append(await client.get(path))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert looks == 1
