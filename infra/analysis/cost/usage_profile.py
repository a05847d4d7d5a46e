"""People's usage in a month, and the load on each part. All habits are assumed: there is no usage yet."""

import math
from dataclasses import dataclass, field
from typing import Final

from infra.analysis.cost.coefficients import (
    CLOSED,
    FUNCTIONS,
    OPENED,
    RESULT_BYTES,
    ROUND_SOCKET_US,
    SIGN_OF_LIFE,
    WRITE,
    log_event,
    state_event,
)

HOURS: Final = 730.0  # of a month
MINUTES: Final = HOURS * 60
MILLION: Final = 1e6
GB: Final = 1e9
SHARDS, BUCKETS = 4, 32  # of subscriptions/apigateway/table_rows.py; a test compares them
SILENCE: Final = 8  # minutes after which a socket is sent a keep-alive
PINGS_MS: Final = 20 / 32  # of the sweep for each, 32 at once: a message and a mark
WINDOW, GATHERED = 20, 1_000  # seconds and changes of infra/constructs/stream.py, compared likewise
POLLS: Final = 5 * 3 * MINUTES  # of an empty queue: five pollers of Lambda wait twenty seconds each


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageProfile:
    """One person's usage in a month on average."""

    requests: float = 400  # of GraphQL, the walks among them
    walks: float = 20
    visits: float = 30  # each is a socket
    topics: int = 2  # a walk is published on: a log and a state
    peak: float = 4  # times the average, in the busiest hour
    minutes: float = 300  # connected
    listeners: int = 3  # sockets that receive a walk's events, its own person's among them
    sign_ins: float = 2
    pages: float = 60  # rendered by Amplify
    response_kb: float = 3
    page_kb: float = 150
    slowness: float = 1  # times functions' billed durations


@dataclass(frozen=True, slots=True)
class Usage:
    """A month of so many people. A standby region has none, and its schedules run all the same."""

    people: int
    habits: UsageProfile = field(default=UsageProfile())

    @property
    def requests(self) -> float:
        """Requests over HTTP."""
        return self.people * self.habits.requests

    @property
    def walks(self) -> float:
        """Walks, each an event of a team's log and a change of its marker."""
        return self.people * self.habits.walks

    @property
    def visits(self) -> float:
        """Sockets that are opened."""
        return self.people * self.habits.visits

    @property
    def socket_minutes(self) -> float:
        """Minutes of all sockets together."""
        return self.people * self.habits.minutes

    @property
    def sockets(self) -> float:
        """Sockets open at a time, on average."""
        return self.socket_minutes / MINUTES

    @property
    def deliveries(self) -> float:
        """Results delivered for events."""
        return self.walks * self.habits.listeners * self.habits.topics

    @property
    def signs(self) -> float:
        """Keep-alives, and as many answers."""
        return self.socket_minutes / SILENCE

    @property
    def posts(self) -> float:
        """Messages to sockets: with the acknowledgement, and a subscription's position at its start."""
        return self.deliveries + self.visits * (1 + self.habits.topics) + self.signs

    @property
    def messages(self) -> float:
        """Messages from sockets: `connection_init`, subscriptions, their ends, and answers to keep-alives."""
        return self.visits * (1 + 2 * self.habits.topics) + self.signs

    @property
    def interest(self) -> float:
        """Rows of sockets and subscriptions that are added or deleted."""
        return self.visits * (1 + self.habits.topics) * 2

    @property
    def out_gb(self) -> float:
        """GB to the internet, without pages."""
        return (self.requests * self.habits.response_kb * 1e3 + self.posts * RESULT_BYTES.value) / GB

    def spread(self) -> tuple[int, int]:
        """Return the shards and buckets that hold an event's subscribers, on average."""
        listeners = self.habits.listeners
        return _occupied(listeners, SHARDS), _occupied(listeners, BUCKETS)

    def asked(self) -> dict[str, float]:
        """Return the gateway's units of DynamoDB and calls that send to queues, on API Gateway."""
        shards, buckets = self.spread()
        listeners = self.habits.listeners
        walk = log_event(groups=shards, batches=buckets, listeners=listeners)
        state = state_event(batches=buckets, listeners=listeners)
        topics = self.habits.topics
        parts = (
            (self.walks, walk),
            (self.walks * (topics - 1), state),
            (self.visits * topics, OPENED + CLOSED),  # of one with one subscription: slightly too high
            (self.signs, SIGN_OF_LIFE),
        )
        rounds = MINUTES * (BUCKETS * 2 + self.sockets / 8)  # eight rows of sockets are one unit
        return {
            "reads": sum(times * one.reads for times, one in parts) + rounds,
            "writes": sum(times * one.writes for times, one in parts),
            "sends": sum(times * one.sends for times, one in parts),
        }

    def calls(self) -> dict[str, float]:
        """Return the calls of each function."""
        shards, buckets = self.spread()
        topics = self.habits.topics
        return {
            "authorizer": self.requests + self.visits,
            "api": self.requests,
            "auth": self.people * self.habits.sign_ins,
            "team": self.people * 0.1,
            "activity": self.people * 0.1,
            "map": self.walks * 0.01,
            "connect": self.visits,
            "message": self.messages,
            "disconnect": self.visits,
            "relay": self.walks,
            "planner": self.walks * (shards + topics - 1) + self.visits * topics,
            "poster": self.walks * buckets * topics + self.visits * topics,
            "later": self.posts * 0.001,
            "interest": min(self.interest, MINUTES * 60 / WINDOW + self.interest / GATHERED),
            "finalize": MINUTES,
            "prune": MINUTES / 5,
            "sweep": MINUTES,
            "migrations": 10,
            "rehearsal-api": 10 * 6,
            "rehearsal-live": 10 * 8,
            "rehearsal-identity": 10 * 2,
            "rotate-secret": 1,
            "database-roles": 10,
            "post-confirmation": self.people * 0.05,
            "pre-token-generation": self.people * self.habits.sign_ins,
            "probe": MINUTES / 5,
            "to-lake": self.walks,
            "usage": HOURS / 24,
            "pictures": self.people * 0.05,
        }

    def milliseconds(self, function: str) -> float:
        """Return the milliseconds billed for one call, on average."""
        extra = self.sockets * (ROUND_SOCKET_US.value / 1e3 + PINGS_MS / SILENCE) if function == "sweep" else 0.0
        each = FUNCTIONS[function].value
        if function == "api":  # a page, but for the walks
            each += (WRITE.value - each) * self.habits.walks / self.habits.requests
        return each * self.habits.slowness + extra

    def queue_calls(self, queue: str) -> float:
        """Return the calls of SQS: to send, receive and delete, and empty polls."""
        workers = {"news": "planner", "posts": "poster", "kicks": "relay", "later": "later"}
        if queue not in workers:
            return 0.0  # not polled yet
        calls = self.calls()[workers[queue]] * 2
        sends = self.asked()["sends"] - self.walks  # a notification is sent for each walk
        return calls + {"kicks": self.walks, "later": 0.0}.get(queue, sends / 2) + POLLS


def _occupied(thrown: int, boxes: int) -> int:
    """Return the expected number of non-empty boxes when so many balls are thrown."""
    return max(1, round(boxes * (1 - (1 - 1 / boxes) ** thrown)))


def billed_gb_seconds(usage: Usage, function: str, memory_mb: float) -> float:
    """Return the GB-seconds of a function."""
    calls, each = usage.calls().get(function, 0.0), usage.milliseconds(function)
    return calls * math.ceil(each) / 1e3 * memory_mb / 1024
