"""What is done every minute for all connections: signs of life, and an end for whose reason to listen has ended."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from milequest.rules.instants import of_seconds, seconds
from milequest.store import log
from milequest.store.aws.dynamodb import Key
from milequest.store.aws.metrics import Metric, measured
from milequest.store.aws.sockets import Outcome
from resolvers.feeds import ANY_CHANNEL
from subscriptions.apigateway import rows
from subscriptions.apigateway.connections import PROTOCOLS
from subscriptions.apigateway.counting import count
from subscriptions.apigateway.news import beginning, wake_up
from subscriptions.apigateway.parts import Parts
from subscriptions.apigateway.relay import relay_lost
from subscriptions.apigateway.rows import Recipient
from subscriptions.apigateway.states import DUE
from subscriptions.apigateway.unwelcome import Row, end_the_unwelcome
from subscriptions.apigateway.words import close, closing, say, sign_of_life
from subscriptions.protocols.steps import Close, Phase
from subscriptions.protocols.transport_ws import CloseCode
from subscriptions.throttle import INIT_SECONDS

AT_ONCE = 32  # sockets of a bucket, which has a minute for thousands
EPOCH = Key("EPOCH", "EPOCH")
INIT_TIMEOUT = Close(CloseCode.INIT_TIMEOUT, "Connection initialisation timeout")
END_OF_LIFE = Close(1001, "API Gateway closes it after two hours: connect again and resume")
ELSEWHERE = Close(1001, "Another region tells what happens: connect again and resume")


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a socket may be silent, and how old it is warned: API Gateway's 10 minutes and 2 hours less what a round
    may be late. Who has not introduced themselves in time is closed."""

    init: timedelta = timedelta(seconds=INIT_SECONDS)
    silence: timedelta = timedelta(minutes=8)
    life: timedelta = timedelta(seconds=rows.LIFE) - timedelta(minutes=5)
    behind: timedelta = timedelta(minutes=1)  # after that nobody is about to see to who is behind


async def round_of(parts: Parts, now: datetime, pace: Pace) -> None:
    """One round. What another one does at the same time is done twice, which does no harm."""
    oldest = await log.oldest_unrelayed(parts.runtime.writer)
    age = (now - oldest).total_seconds() if oldest else 0
    measured(parts.runtime.settings.metrics_namespace, Metric.OLDEST_UNPUBLISHED, [age])
    await count(parts, now)
    try:
        await relay_lost(parts)
    finally:  # a bus that takes nothing is no reason to let sockets end
        await _see_to_all(parts, now, pace)


async def send_away(parts: Parts) -> None:
    """End all connections, in a region that stands by: nothing is told here, and who comes again is led elsewhere."""
    for number in range(rows.BUCKETS):
        connections = [row async for row in parts.connections.of_bucket(number)]
        for start in range(0, len(connections), AT_ONCE):
            some = connections[start : start + AT_ONCE]
            await asyncio.gather(*(close(parts, row["sk"], PROTOCOLS[row["kind"]], ELSEWHERE) for row in some))


async def _see_to_all(parts: Parts, now: datetime, pace: Pace) -> None:
    await _wake_due(parts, now)
    epoch_changed = await _epoch_changed(parts, now)
    groups: set[str] = set()
    for number in range(rows.BUCKETS):
        connections = [row async for row in parts.connections.of_bucket(number)]
        await end_the_unwelcome(parts, connections, now)
        for start in range(0, len(connections), AT_ONCE):
            some = connections[start : start + AT_ONCE]
            await asyncio.gather(*(_look_after(parts, row, now, pace) for row in some))
        if epoch_changed:
            for row in connections:
                groups |= {group for _, group in await parts.connections.operations(row["sk"])}
        await _begin_again(parts, number, now, pace)
    await parts.news.send([wake_up(group, ANY_CHANNEL) for group in sorted(groups)])


async def _look_after(parts: Parts, row: Row, now: datetime, pace: Pace) -> None:
    protocol, age = PROTOCOLS[row["kind"]], now - of_seconds(row["opened"])
    if "doomed" in row:
        if await parts.sockets.close(row["sk"]) is Outcome.GONE:
            await parts.connections.close(row["sk"])
    elif row["phase"] != Phase.READY and age >= pace.init:
        await close(parts, row["sk"], protocol, INIT_TIMEOUT)
    elif age >= pace.life and "warned" not in row:
        await _say(parts, row, "warned", closing(protocol, END_OF_LIFE), now)
    elif now - of_seconds(row["alive"]) >= pace.silence:
        await _say(parts, row, "alive", sign_of_life(protocol), now)


async def _say(parts: Parts, row: Row, what: str, text: str, now: datetime) -> None:
    if await say(parts.sockets, row["sk"], text) is Outcome.GONE:
        await parts.connections.close(row["sk"])
    else:
        await parts.connections.mark(row["sk"], what, now)


async def _wake_due(parts: Parts, now: datetime) -> None:
    """Have looked at what may be another state by now, with midnight for instance, and at the state of all teams."""
    due = [row["sk"] async for row in parts.table.query(DUE, "#sk < :now", now=f"{seconds(now):012d}")]
    groups = {sk.partition("#")[2] for sk in due}
    groups |= {row["sk"] async for row in parts.table.query(rows.interest_key(ANY_CHANNEL, "").pk)}
    await parts.news.send([wake_up(group, ANY_CHANNEL) for group in sorted(groups)])
    await parts.table.remove([Key(DUE, sk) for sk in due])


async def _epoch_changed(parts: Parts, now: datetime) -> bool:
    """Whether the log is another one than in the round before."""
    epoch, kept = await log.epoch(parts.runtime.writer), await parts.table.get(EPOCH)
    await parts.table.put(EPOCH, {"epoch": epoch, "expires": rows.expiry(now)})
    return kept is not None and kept["epoch"] != epoch


async def _begin_again(parts: Parts, number: int, now: datetime, pace: Pace) -> None:
    """Let those who are behind begin again if the message that was to do so got lost."""
    async for row in parts.table.query(rows.behind_bucket(number)):
        if now - of_seconds(row["since"]) > pace.behind:
            await parts.news.send([beginning(row["group"], Recipient.of(row), row["after"], again=True)])
