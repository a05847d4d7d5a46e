"""The gateway on API Gateway: relay, planner and poster behind their queues, and AWS's limits."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from infra.analysis.cost.coefficients import (
    DYNAMODB_MS,
    FUNCTIONS,
    PICK_UP_MS,
    ROUND_SOCKET_US,
    SIGN_CPU_US,
    SOCKET_MS,
    SQS_MS,
)
from infra.analysis.cost.usage_profile import BUCKETS, SHARDS, SILENCE
from infra.analysis.scale.load import Load, LoadOutcome
from infra.analysis.scale.queueing import Job, Seconds, Station, later, limited
from infra.config import PRODUCTION

MOST_SHARDS: Final = SHARDS  # a log's subscribers are in so many groups
ROUND_SECONDS: Final = 60  # between sweeps of all sockets
ROUND_LASTS: Final = 300  # the function's timeout
SOCKET_LIFE: Final = 2 * 3600  # seconds, by API Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionLimits:
    """Limits of the gateway. The defaults are our code's, production's templates' and an account's first quotas."""

    relays: int = PRODUCTION.limits.reserved["relay"]  # at once
    planners: int = PRODUCTION.limits.reserved["planner"]
    posters: int = PRODUCTION.limits.reserved["poster"]
    buckets: int = BUCKETS  # each handled by one poster at a time
    sockets_at_once: int = 32  # of a message, by a poster
    fifo_calls: float = 70_000  # a second, of each kind, to a FIFO queue of high throughput
    requests: float = 10_000  # a second, of API Gateway in all
    burst: float = 5_000
    connections: float = 500  # new ones a second
    signs_at_once: int = 32  # keep-alives that a sweep sends concurrently
    rounds: int = 1  # functions that share a sweep


TODAY: Final = FunctionLimits()
RAISED: Final = FunctionLimits(
    relays=100,
    planners=500,
    posters=500,
    buckets=512,
    requests=40_000,
    burst=20_000,
    connections=2_000,
    rounds=8,
)
"""Quotas to request of AWS, or changes of the code; none of it is done."""


def simulate(load: Load, limits: FunctionLimits) -> LoadOutcome:
    """Simulate the load's events."""
    moments = load.moments()
    places = load.places(len(moments), limits.buckets)
    relay = Station("relay", limits.relays, _each("relay"))
    kicks = [Job(moment, number, moment) for number, moment in enumerate(moments)]
    relayed = relay.run(later(kicks, (SQS_MS.value + PICK_UP_MS.value) / 1e3))

    news = limited(relayed, limits.fifo_calls)  # one call of SQS for all groups of an event
    planner = Station("planner", limits.planners, _each("planner"))
    planned = planner.run(later(_groups(news, places), PICK_UP_MS.value / 1e3))

    posts = limited(planned, limits.fifo_calls)  # one call for each group
    poster = Station("poster", limits.posters, lambda jobs: sum(_posting(job, limits) for job in jobs))
    posted = poster.run(later(_buckets(posts, places), PICK_UP_MS.value / 1e3))

    left = limits.requests - asked_of_api_gateway(load)
    told = limited(posted, left, limits.burst, by_size=True) if left > 0 else []
    return LoadOutcome(told, busy(load, limits))


def busy(load: Load, limits: FunctionLimits) -> dict[str, float]:
    """Return each part's utilization."""
    groups = _expected(load.listeners, MOST_SHARDS)
    buckets = _expected(load.listeners, limits.buckets)
    each = Job(0, 0, 0, max(1, round(load.listeners / buckets)))
    return {
        "relay": load.per_second * FUNCTIONS["relay"].value / 1e3 / limits.relays / 10,
        "calls of `news`": load.per_second / limits.fifo_calls,
        "planner": load.per_second * groups * FUNCTIONS["planner"].value / 1e3 / limits.planners / 10,
        "calls of `posts`": load.per_second * groups / limits.fifo_calls,
        "buckets": load.per_second * buckets * _posting(each, limits) / min(limits.buckets, limits.posters * 10),
        "API Gateway's requests": (load.deliveries + asked_of_api_gateway(load)) / limits.requests,
        "new connections": load.sockets / SOCKET_LIFE / limits.connections,
        "round of all sockets": round_seconds(load.sockets, limits) / ROUND_SECONDS,
    }


def asked_of_api_gateway(load: Load) -> float:
    """Return the requests a second beside deliveries: the events, keep-alives with their answers, and reconnections
    after two hours, with five messages.
    """
    return load.per_second + load.sockets / (SILENCE * 60) * 2 + load.sockets / SOCKET_LIFE * 5


def round_seconds(sockets: float, limits: FunctionLimits) -> float:
    """Return the duration of a sweep of all sockets: it reads each, sends an eighth a keep-alive, and marks that."""
    waiting = (SOCKET_MS.value + DYNAMODB_MS.value) / 1e3 / limits.signs_at_once
    each = ROUND_SOCKET_US.value / 1e6 + max(waiting, SIGN_CPU_US.value / 1e6) / SILENCE
    return sockets * each / limits.rounds


def _each(function: str) -> Seconds:
    """Return the duration of one step for the jobs of a key, however many: it handles the later ones too."""
    return lambda jobs: FUNCTIONS[function].value / 1e3


def _posting(job: Job, limits: FunctionLimits) -> float:
    """Return the duration of one message of `posts`: a read of lagging subscribers, then batches of so many sockets."""
    further = math.ceil(job.size / limits.sockets_at_once) - 1
    return (FUNCTIONS["poster"].value + further * SOCKET_MS.value) / 1e3


def _groups(news: Sequence[Job], places: Sequence[dict[int, int]]) -> list[Job]:
    """Return a message for each shard with subscribers.

    A job's key is its event's number, and the next one its shard.
    """
    return [
        Job(job.ready, job.key * MOST_SHARDS + shard, job.began)
        for job in news
        for shard in {bucket % MOST_SHARDS for bucket in places[job.key]}
    ]


def _buckets(planned: Sequence[Job], places: Sequence[dict[int, int]]) -> list[Job]:
    """Return a message for each bucket of a shard."""
    return [
        Job(job.ready, bucket, job.began, size)
        for job in planned
        for bucket, size in places[job.key // MOST_SHARDS].items()
        if bucket % MOST_SHARDS == job.key % MOST_SHARDS
    ]


def _expected(thrown: int, boxes: int) -> float:
    """Return the expected number of non-empty boxes."""
    return boxes * (1 - (1 - 1 / boxes) ** thrown)
