"""The invariant whenever everything has settled: every follower holds what a fresh page shows them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from tests.subscriptions.oracle.followers import Follower, Person
from tests.subscriptions.oracle.life import Life
from tests.subscriptions.oracle.views import PAGE, REFUSED

Pages: TypeAlias = Mapping[Person, Any]

IN_HASTE = 5.0  # seconds after a first failure, while Hypothesis looks for the shortest failing life


async def settle(life: Life) -> None:
    """Heal everything, then wait until all hold the right data. Raises AssertionError for those who never do."""
    followers, changed = life.followers, asyncio.Event()
    await life.gateway.heal([follower.wire for follower in followers])
    pages = {who: await life.ask(who, PAGE) for who in life.people}
    for follower in followers:
        follower.changed = changed.set
        reopen(life, follower, pages)
    try:
        async with asyncio.timeout(life.gateway.patience):
            while wrong := unsettled(life, pages):
                await changed.wait()
                changed.clear()
                for follower in wrong:
                    reopen(life, follower, pages)
    except TimeoutError:
        life.gateway.patience = IN_HASTE
        raise AssertionError("\n".join(complaint(life, follower, pages) for follower in wrong)) from None
    life.shut_out = {follower.who for follower in followers if follower.refusal}


def unsettled(life: Life, pages: Pages) -> Sequence[Follower]:
    """Return those without the right data, or with a session that has ended. Raises for those that failed."""
    for follower in life.followers:
        if follower.failure is not None:
            raise AssertionError(f"{follower} failed") from follower.failure
    return [follower for follower in life.followers if not is_right(life, follower, pages)]


def is_right(life: Life, follower: Follower, pages: Pages) -> bool:
    """Return whether a follower holds their page's data, or got the refusal of a page they may not see."""
    expected = follower.view.expected(pages[follower.who])
    if expected == REFUSED:
        return follower.refusal == "NOT_FOUND"
    return follower.refusal is None and follower.held == expected and follower.token not in life.ended


def reopen(life: Life, follower: Follower, pages: Pages) -> None:
    """Reopen the page for a person who was refused, and may see it by now."""
    if follower.refusal is not None and follower.view.expected(pages[follower.who]) != REFUSED:
        assert follower.who in life.shut_out, f"{follower} ended: {follower.refusal}"
        follower.begin()


def complaint(life: Life, follower: Follower, pages: Pages) -> str:
    """Return a description of a follower's wrong data."""
    outlives = ", and outlives its session" if follower.token in life.ended else ""
    expected = follower.view.expected(pages[follower.who])
    return f"{follower}{outlives}\n  holds {follower.refusal or follower.held}\n  not   {expected}"
