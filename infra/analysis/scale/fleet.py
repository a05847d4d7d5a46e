"""Our own servers on Fargate: each wakes for an event of a channel to which one of its sockets subscribes."""

import math
from dataclasses import dataclass
from typing import Final

from infra.analysis.cost.coefficients import (
    POLL_ROW_US,
    SOCKET_CPU_US,
    SOCKET_IDLE_US,
    SOCKET_OPEN_MS,
    STATEMENT_CPU_US,
    STATEMENT_MS,
    VALKEY_MS,
    WAKE_CPU_US,
)
from infra.analysis.scale.load import Load, LoadOutcome
from infra.analysis.scale.queueing import Job, Station, later
from infra.config import PRODUCTION, SOCKETS_PER_TASK, TASK_CPU

ACUS_A_CORE: Final = 4  # of Aurora
STATEMENTS: Final = 3  # of a woken server: new events, their audience, and their data
POLLS: Final = 5  # a second, of every server for all its channels, in case a wake-up was lost
AGAIN_SECONDS: Final = 120  # within which all should have reconnected after a server was lost


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetLimits:
    """Limits of a fleet; the defaults are production's templates' and our code's."""

    tasks: int = PRODUCTION.sizes.tasks_max
    acus: float = PRODUCTION.sizes.acu_max
    ecpus: float = PRODUCTION.sizes.cache_ecpu * 1_000  # a second, of Valkey: one for each woken server
    polls: float = POLLS


TODAY: Final = FleetLimits()
RAISED: Final = FleetLimits(tasks=500, acus=128, ecpus=1_000_000, polls=0.5)
"""More servers, a larger database and cache, and less frequent polling. None of it is done."""


def servers(load: Load) -> int:
    """Return the servers that so many sockets need."""
    return max(PRODUCTION.sizes.tasks_min, math.ceil(load.sockets / SOCKETS_PER_TASK))


def simulate(load: Load, limits: FleetLimits) -> LoadOutcome:
    """Simulate the load's events, with as many servers as its sockets need and the limits allow."""
    tasks = min(servers(load), limits.tasks)
    moments = load.moments()
    places = load.places(len(moments), tasks)
    left = 1 - polling(load, limits)  # of the database
    woken = [
        Job(moment + VALKEY_MS.value / 1e3, task, moment, size)
        for moment, where in zip(moments, places, strict=True)
        for task, size in where.items()
    ]
    if left <= 0:
        return LoadOutcome([], busy(load, limits))
    cores = max(1, round(limits.acus / ACUS_A_CORE))
    database = Station("database", cores, lambda jobs: STATEMENTS * STATEMENT_CPU_US.value / 1e6 / left, most=1)
    read = database.run([Job(job.ready, number, job.began, job.size) for number, job in enumerate(woken)])
    numbered = [Job(job.ready, woken[job.key].key, job.began, job.size) for job in read]
    server = Station("server", tasks, lambda jobs: sum(_telling(job) for job in jobs), most=1)
    told = server.run(later(numbered, STATEMENTS * STATEMENT_MS.value / 1e3))
    return LoadOutcome(told, busy(load, limits))


def busy(load: Load, limits: FleetLimits) -> dict[str, float]:
    """Return each part's utilization."""
    wanted = servers(load)
    tasks = min(wanted, limits.tasks)
    woken = load.per_second * tasks * (1 - (1 - 1 / tasks) ** load.listeners)
    cores = limits.acus / ACUS_A_CORE
    server = load.deliveries * SOCKET_CPU_US.value + woken * WAKE_CPU_US.value + load.sockets * SOCKET_IDLE_US.value
    return {
        "servers there may be": wanted / limits.tasks,
        "servers' cores": server / 1e6 / tasks / (TASK_CPU / 1024),
        "database": polling(load, limits) + woken * STATEMENTS * STATEMENT_CPU_US.value / 1e6 / cores,
        "wake-ups by Valkey": load.per_second * tasks / limits.ecpus,
        "a lost server's sockets": SOCKETS_PER_TASK * SOCKET_OPEN_MS.value / 1e3 / tasks / AGAIN_SECONDS,
    }


def polling(load: Load, limits: FleetLimits) -> float:
    """Return the polls' share of the database: every server polls all its channels, each once for all its sockets."""
    tasks = min(servers(load), limits.tasks)
    shared = tasks * (1 - (1 - 1 / tasks) ** load.listeners) / load.listeners
    rows = load.sockets * shared * limits.polls
    return rows * POLL_ROW_US.value / 1e6 / (limits.acus / ACUS_A_CORE)


def _telling(job: Job) -> float:
    return (WAKE_CPU_US.value + job.size * SOCKET_CPU_US.value) / 1e6
