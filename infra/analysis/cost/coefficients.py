"""Consumption of AWS per event. Each coefficient names its measurement, or that it is assumed.

Nothing ran on AWS: of a function's time the CPU was measured on a machine of ours, and its waiting is assumed. The
gateway's calls are counted at the wire, and compared with this by
`tests/subscriptions/apigateway/test_metering.py`.
"""

import math
from dataclasses import dataclass
from typing import Final

SENT_AT_ONCE: Final = 10  # messages of one call of SQS
READ_BYTES: Final = 4096  # of one unit of reading
LISTENER_BYTES: Final = 540  # of a subscription's row; those of a group are read one after another


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Calls of the gateway to AWS: units of DynamoDB, calls that send to queues, messages to sockets."""

    reads: int = 0
    writes: int = 0
    sends: int = 0
    posts: int = 0

    def __add__(self, other: "Asked") -> "Asked":
        return Asked(
            reads=self.reads + other.reads,
            writes=self.writes + other.writes,
            sends=self.sends + other.sends,
            posts=self.posts + other.posts,
        )


OPENED: Final = Asked(reads=6, writes=16, sends=2, posts=2)
"""A socket with one subscription, whose document is new to its planner: the seats and rows, the acknowledgement and
the first result.
"""
CLOSED: Final = Asked(reads=1, writes=5)
"""The end of that socket."""
SIGN_OF_LIFE: Final = Asked(writes=1, posts=1)
"""Keep-alive to a socket, every eight minutes."""


def _listed(listeners: int) -> int:
    """Return the units to read all rows of a group of so many: once by the planner and once more by the poster."""
    return math.ceil(listeners * LISTENER_BYTES / READ_BYTES)


def log_event(*, groups: int, batches: int, listeners: int) -> Asked:
    """Return the calls for a log's event whose subscribers are in so many groups, and in so many buckets over all."""
    each = _listed(math.ceil(listeners / groups)) if groups else 0
    news = math.ceil(groups / SENT_AT_ONCE)
    posts = math.ceil(batches / groups / SENT_AT_ONCE) * groups if groups else 0
    return Asked(reads=2 + 2 * groups * (1 + each) + batches, writes=groups, sends=1 + news + posts, posts=listeners)


def state_event(*, batches: int, listeners: int) -> Asked:
    """Return the calls for a state's change, beside those for the event of its log."""
    return Asked(
        reads=3 + 2 * _listed(listeners) + batches,
        writes=3,
        sends=1 + math.ceil(batches / SENT_AT_ONCE),
        posts=listeners,
    )


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A number with its unit and its source."""

    value: float
    unit: str
    source: str


ASSUMED: Final = "assumed"
BENCH: Final = "tests/performance/fanout.py, 1,000 sockets on a busy machine of 2 cores, November 2026"

MEASURED: Final = "tests/soak/test_function_cpu.py"
"""Medians of 60 to 200 warm calls of the deployed functions on a local AWS: Python 3.11 on x86-64, 2 cores with other
work beside, November 2026. Lambda's Python 3.14 took as long there, or up to a quarter less. Its ARM was not
measured: an emulated one gives no useful times.
"""
STATEMENT_MS: Final = Coefficient(3, "ms, a statement of Aurora from a server of ours", ASSUMED)
SEARCH_MS: Final = Coefficient(100, "ms, one that looks through all there is", ASSUMED)
DYNAMODB_MS: Final = Coefficient(5, "ms, a call of DynamoDB", ASSUMED)
SQS_MS: Final = Coefficient(10, "ms, a call of SQS", ASSUMED)
SOCKET_MS: Final = Coefficient(15, "ms, a message by @connections", ASSUMED)
FIREHOSE_MS: Final = Coefficient(20, "ms, a record for Firehose", ASSUMED)
CPU_MS: Final = {  # of a whole core, by the operation and the function that a call of it is
    ("page", "api"): 3.1,
    ("page", "authorizer"): 0.86,
    ("subscribe", "message"): 3.2,
    ("walk", "api"): 4.9,
    ("walk", "relay"): 3.1,
    ("walk", "planner"): 6.4,
    ("walk", "poster"): 2.0,
    ("walk", "to-lake"): 0.93,
    ("visit", "connect"): 1.1,
    ("visit", "disconnect"): 1.6,
    ("duty", "sweep"): 14.0,
    ("duty", "finalize"): 0.81,
    ("duty", "prune"): 0.81,
    ("duty", "later"): 0.94,
    ("duty", "post-confirmation"): 1.2,
    ("duty", "pre-token-generation"): 0.79,
}
"""A walk of which three were notified called the planner 1.8 times and the poster 2.2 times, as messages are batched.
The model has a call for each message, 3 and 6: an upper bound.
"""
LEAN: Final = frozenset({"authorizer", "connect", "disconnect", "post-confirmation", "pre-token-generation", "to-lake"})
LEAN_SHARE: Final = 512 / 1_769  # of a core, which these get with their memory; the others here get one


def _billed(
    what: str,
    function: str,
    *,
    statements: int = 0,
    searches: int = 0,
    dynamodb: int = 0,
    sends: int = 0,
    sockets: int = 0,
    records: int = 0,
) -> Coefficient:
    """Return the billed time: the measured CPU, and assumed times of calls that are awaited one after another."""
    cpu_ms = CPU_MS[what, function] / (LEAN_SHARE if function in LEAN else 1)
    waits = (
        (statements, STATEMENT_MS, "statements"),
        (searches, SEARCH_MS, "searches"),
        (dynamodb, DYNAMODB_MS, "calls of DynamoDB"),
        (sends, SQS_MS, "sends"),
        (sockets, SOCKET_MS, "messages to sockets"),
        (records, FIREHOSE_MS, "records for Firehose"),
    )
    waited = sum(times * each.value for times, each, _ in waits)
    said = ", ".join(f"{times} {name}" for times, _, name in waits if times) or "no waiting"
    return Coefficient(round(cpu_ms + waited, 1), "ms", f"{MEASURED}: {cpu_ms:.1f} ms of CPU; {ASSUMED}: {said}")


ROUND_SOCKET_US: Final = Coefficient(70, "us of a core, a socket in a round", MEASURED)
WRITE: Final = _billed("walk", "api", statements=14, sends=1)
"""A request that logs a walk, with the statements of `tests/performance/logging_walks.py` and the notification."""
FUNCTIONS: Final = {  # milliseconds a call is billed for, by function
    "authorizer": _billed("page", "authorizer"),
    "api": _billed("page", "api", statements=4),
    "auth": Coefficient(250, "ms", f"{ASSUMED}: waits for Cognito"),
    "team": WRITE,
    "activity": WRITE,
    "map": Coefficient(300, "ms", f"{ASSUMED}: waits for Mapbox"),
    "connect": _billed("visit", "connect", dynamodb=2),
    "message": _billed("subscribe", "message", dynamodb=5),
    "disconnect": _billed("visit", "disconnect", dynamodb=4),
    "relay": _billed("walk", "relay", statements=4, dynamodb=3, sends=2),
    "planner": _billed("walk", "planner", statements=3, dynamodb=5, sends=1),
    "poster": _billed("walk", "poster", dynamodb=1, sockets=1),  # 32 at once
    "later": _billed("duty", "later", sends=1),
    "finalize": _billed("duty", "finalize", statements=1, searches=1),
    "prune": _billed("duty", "prune", statements=1, searches=1),
    "sweep": _billed("duty", "sweep", statements=4 + 32, dynamodb=4 + 2 * 32),
    "migrations": Coefficient(20_000, "ms", f"{ASSUMED}: once a deployment"),
    "rehearsal-api": Coefficient(20_000, "ms", f"{ASSUMED}: starts six functions, once a deployment of each"),
    "rehearsal-live": Coefficient(20_000, "ms", f"{ASSUMED}: starts eight functions, once a deployment of each"),
    "rehearsal-identity": Coefficient(10_000, "ms", f"{ASSUMED}: starts two functions, once a deployment of each"),
    "rotate-secret": Coefficient(3_000, "ms", f"{ASSUMED}: once a month"),
    "database-roles": Coefficient(3_000, "ms", f"{ASSUMED}: once a deployment"),
    "post-confirmation": _billed("duty", "post-confirmation", statements=6),
    "pre-token-generation": _billed("duty", "pre-token-generation", statements=1),
    "pictures": Coefficient(150, "ms", f"{ASSUMED}: 4 calls of S3, a look at some MB, and four statements"),
    "usage": Coefficient(2_000, "ms", f"{ASSUMED}: counts of a day's walks and of all people, once a day"),
    "probe": Coefficient(3_000, "ms", f"{ASSUMED}: a dozen requests at the public address, and two sockets"),
    "interest": Coefficient(20, "ms", f"{ASSUMED}: one script of Valkey, for all changes of some seconds"),
    "to-lake": _billed("walk", "to-lake", records=1),
}
SOCKET_CPU_US: Final = Coefficient(35, "us of a core, each delivery by a server of ours", BENCH)
SOCKET_IDLE_US: Final = Coefficient(10, "us of a core a second, each silent socket on a server of ours", BENCH)
SOCKET_OPEN_MS: Final = Coefficient(2.1, "ms of a core, connecting and subscribing on a server of ours", BENCH)
RESULT_BYTES: Final = Coefficient(645, "bytes of a result, far below the 32 KB that are one message", BENCH)
SIGN_CPU_US: Final = Coefficient(600, "us of a core, a sign of life: two signed calls", ASSUMED)
PICK_UP_MS: Final = Coefficient(10, "ms, from a message in a queue to its function", ASSUMED)
VALKEY_MS: Final = Coefficient(1, "ms, from a commit to all servers that have listeners", ASSUMED)
STATEMENT_CPU_US: Final = Coefficient(100, "us of a database's core, a small statement", ASSUMED)
POLL_ROW_US: Final = Coefficient(
    2.5, "us of a database's core, a channel that a server asks after", "EXPLAIN ANALYZE of 4,000 of 60,000 channels"
)
WAKE_CPU_US: Final = Coefficient(500, "us of a core, a server of ours wakes for a channel", ASSUMED)
ACUS_PER_100: Final = Coefficient(1, "of Aurora, each 100 requests a second", f"{ASSUMED}: a quarter of a core")
