"""Three ways to carry requests and events: API Gateway with our functions, our servers on Fargate, and AWS AppSync.

Each is its own cost alone; the database, accounts, pages and logs are the same behind all of them.
"""

import math
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from infra.analysis.cost.coefficients import CPU_MS, SOCKET_CPU_US, SOCKET_IDLE_US, SOCKET_OPEN_MS
from infra.analysis.cost.prices import Quantities, total
from infra.analysis.cost.usage_profile import HOURS, MILLION, Usage, billed_gb_seconds
from infra.config import PRODUCTION, SOCKETS_PER_TASK, TASK_CPU, TASK_MEMORY

Way: TypeAlias = Callable[[Usage], Quantities]

BUSY: Final = 0.6  # of a server's core, as the fleet scales
PAGE_MS, WRITE_MS = CPU_MS["page", "api"], CPU_MS["walk", "api"]  # of a core, on a server of ours as in the function
LEAN: Final = 512  # MB, of the functions without GraphQL
MEMORY: Final = {
    "authorizer": LEAN,
    "connect": LEAN,
    "disconnect": LEAN,
    "interest": LEAN,
    "api": PRODUCTION.sizes.api_memory,
    "message": PRODUCTION.sizes.api_memory,
    **dict.fromkeys(("relay", "planner", "poster", "later", "sweep"), PRODUCTION.sizes.job_memory),
}
SECONDS: Final = HOURS * 3600


def api_gateway(usage: Usage) -> Quantities:
    """Return the quantities as it is deployed."""
    asked = usage.asked()
    return {
        "api-gateway.rest": usage.requests / MILLION,
        "api-gateway.messages": (usage.messages + usage.posts) / MILLION,
        "api-gateway.minutes": usage.socket_minutes / MILLION,
        "dynamodb.reads": asked["reads"] / MILLION,
        "dynamodb.writes": asked["writes"] / MILLION,
        "sqs.fifo": sum(usage.queue_calls(name) for name in ("news", "posts")) / MILLION,
        "sqs.standard": sum(usage.queue_calls(name) for name in ("kicks", "later")) / MILLION,
        "transfer.out": usage.out_gb,
        **_functions(usage, *MEMORY),
    }


def fargate(usage: Usage) -> Quantities:
    """Return those of requests and sockets on servers behind the balancer, as many as their busiest hour needs."""
    tasks = servers(usage.sockets * usage.habits.peak, cores(usage) * usage.habits.peak)
    fresh = (usage.visits + usage.requests) / SECONDS / 25  # each request on a connection of its own
    units = max(fresh, usage.sockets / 3_000, usage.out_gb / HOURS)
    return {
        "fargate.cpu": tasks * TASK_CPU / 1024 * HOURS,
        "fargate.memory": tasks * TASK_MEMORY / 1024 * HOURS,
        "alb.hours": HOURS,
        "alb.lcu": units * HOURS,
        "transfer.out": usage.out_gb,
    }


def appsync(usage: Usage) -> Quantities:
    """Return those of the same schema behind AWS AppSync: a function for each request, a mutation for each event."""
    told = usage.walks * usage.habits.topics
    updates = usage.deliveries + usage.visits * (1 + usage.habits.topics)  # connecting and subscribing are updates too
    return {
        "appsync.operations": (usage.requests + told) / MILLION,
        "appsync.updates": updates / MILLION,
        "appsync.minutes": usage.socket_minutes / MILLION,
        "sqs.standard": usage.queue_calls("kicks") / MILLION,
        "transfer.out": usage.out_gb,
        **_functions(usage, "api", "relay"),
    }


WAYS: Final[Mapping[str, Way]] = {"API Gateway": api_gateway, "Fargate": fargate, "AppSync": appsync}


def cores(usage: Usage) -> float:
    """Return the busy cores of servers, on average."""
    return (
        usage.deliveries / SECONDS * SOCKET_CPU_US.value / 1e6
        + usage.sockets * SOCKET_IDLE_US.value / 1e6
        + usage.visits / SECONDS * SOCKET_OPEN_MS.value / 1e3
        + (usage.requests - usage.walks) / SECONDS * PAGE_MS / 1e3
        + usage.walks / SECONDS * WRITE_MS / 1e3
    )


def servers(sockets: float, busy_cores: float) -> int:
    """Return the tasks that hold so many sockets and use so many cores: at least two."""
    return max(2, math.ceil(sockets / SOCKETS_PER_TASK), math.ceil(busy_cores / (TASK_CPU / 1024) / BUSY))


def switch(cheap: Way, dear: Way, most: int = 10_000_000) -> int | None:
    """Return the number of people from which `dear` costs more than `cheap`; None where that is never before `most`."""

    def is_dearer(people: int) -> bool:
        return total(dear(Usage(people))) > total(cheap(Usage(people)))

    if not is_dearer(most):
        return None
    low, high = 0, most
    while high - low > max(1, low // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if is_dearer(middle) else (middle, high)
    return high


def _functions(usage: Usage, *names: str) -> Quantities:
    calls = usage.calls()
    return {
        "lambda.requests": sum(calls[name] for name in names) / MILLION,
        "lambda.arm": sum(billed_gb_seconds(usage, name, MEMORY[name]) for name in names),
    }
