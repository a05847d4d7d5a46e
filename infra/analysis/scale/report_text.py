"""The text of docs/scale.md around its numbers."""

from typing import Final

HEAD: Final = """# Scale

What becomes of live news when there are many sockets, on both gateways: the **functions** behind API Gateway's
WebSocket API with DynamoDB and SQS, and our **servers** on Fargate. `make scale` simulates both and writes this page;
nothing of it was measured on AWS. *Today* is the code as it is, with production's templates and an account's first
quotas. *Raised* is what can be asked of AWS or changed; none of that is done.
"""

AFTER_LIMITS: Final = """What to raise first, in this order:

1. **Buckets**: 32 posters work at a time, each on one message of one bucket, which with small teams is one socket. More
   buckets are one constant, `BUCKETS`, while nobody is connected: where rows lie depends on it.
2. **API Gateway's requests**: a quota of the account, shared with everything else, that AWS raises when asked.
3. **The round of all sockets** (`subscriptions/apigateway/sweeper.py`): one function looks after all of them each
   minute; it can be cut into one for each bucket.
4. For the servers: how many there may be (`tasks_max`), then **how often they ask the database after wake-ups that were
   lost** (`POLL_SECONDS` in `milequest/store/cache/bus.py`): with every channel asked after five times a second that is
   what the database is busy with, not the events.
"""

AFTER_COST: Final = """
With sockets that are always there it is the calls of functions, DynamoDB and SQS for each event that cost, and API
Gateway's minutes and messages. `make cost` has people who come and go.
"""

SWITCH: Final = """## When to switch

From the functions to the servers:

- **By cost** from some {cost} sockets on that are always there.
- **By what holds** before {late} sockets, of which a round takes as long as the minute until the next one (with {dead}
  it takes longer than its function may, and silent sockets are ended by AWS); or before {events} events a minute
  that twenty sockets hear of.
- The switch is one of addresses, `/graphql/realtime` to `/graphql/live`: protocols, documents and cursors are the same,
  so who was connected resumes on the other gateway.
"""

LIMITS: Final = {  # by their names in `functions` and `fleet`
    "relays": "functions: relays at once",
    "planners": "planners at once",
    "posters": "posters at once",
    "buckets": "buckets of sockets",
    "sockets_at_once": "sockets that a poster writes to at once",
    "fifo_calls": "calls a second, of each kind, to a FIFO queue",
    "requests": "requests a second of API Gateway",
    "burst": "and in a burst",
    "connections": "new connections a second",
    "signs_at_once": "signs of life at once in a round",
    "rounds": "functions that share a round of all sockets",
    "tasks": "servers: how many there may be",
    "acus": "ACUs of Aurora",
    "ecpus": "ECPUs a second of Valkey",
    "polls": "times a second a server asks the database for lost wake-ups",
}

ASSUMPTIONS: Final = """## What it rests on

- Events come at random moments, and their listeners are spread evenly. One team with very many sockets is the column
  with most listeners, not simulated as such.
- Quotas are those of AWS's documentation, as first given to an account: 10,000 requests a second of API Gateway with a
  burst of 5,000, 500 new connections a second, 70,000 calls a second to a FIFO queue of high throughput (fewer in other
  regions, down to 2,400).
- What the gateway asks of DynamoDB and SQS was counted at the wire, and a server's CPU, memory and time for a socket
  were measured with 1,000 of them, and so was the CPU of a function's call; how long AWS's calls take is assumed.
  `infra/analysis/cost/coefficients.py` says of each number which it is.
- What is over a limit waits. On AWS it is refused and comes again later, which is worse: a socket that could not be
  written to begins again from its cursor.
- Functions that have to start (a cold start) are left out, and so are deployments and failures.
"""
