"""The share of a core that a call of a deployed function takes, on this machine and warm: input of the cost model.

Functions run beside us as processes of the local AWS, so the kernel says what each used. Waiting for databases and AWS
is not in it. `pytest -s` prints the figures.
"""

import asyncio
import contextlib
import itertools
import re
import statistics
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import orjson
import pytest

from infra.analysis.cost.coefficients import CPU_MS, ROUND_SOCKET_US
from infra.analysis.cost.usage_profile import UsageProfile
from milequest.settings import PROJECT
from resolvers.feeds import ANY_CHANNEL
from subscriptions.apigateway.delay_queue import NEWS
from subscriptions.apigateway.group_messages import wake_up
from tests.aws.conftest import deployment
from tests.aws.deployment import Deployment
from tests.aws.driving import found, walk
from tests.documents import NOTES_OF_WALKS as WALKS
from tests.journeys import along
from tests.listening import Connection, Stream, dial
from tests.performance.measuring import cpu_seconds, known, load_average
from tests.subscriptions.team import ACCEPT, GOAL, INVITE, LOG

__all__ = ["deployment"]

CALLS = 200
WARM = 20
CROWD = 120  # sockets, of which a user has fifty at most
QUIET_SECONDS = 0.12  # without any work, after which nothing more comes
FURTHER = 2  # times as much or as little as the model has it; machines differ
MARKER = "subscription ($team: ID!) { teamProgressUpdated(teamId: $team) { progress { totalMeters } } }"
PAGE = re.findall(r"```graphql\n(query TeamPage.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)[0]

Taken: TypeAlias = dict[str, list[float]]  # milliseconds of each call, by function


class Meter:
    """Reads the functions' resources in a deployment, and the number of their calls."""

    def __init__(self, deployment: Deployment, *names: str) -> None:
        self._deployment = deployment
        self._names = names
        self.taken: Taken = defaultdict(list)
        self.times: dict[str, int] = defaultdict(int)

    async def of(self, what: Callable[[], Awaitable[None]]) -> None:
        """Run a step, and record for each function involved the cost of a call. New containers don't count."""
        before, calls = self._used(), await asyncio.to_thread(self._calls)
        await what()
        after = await self._quiet()
        for name, called in (await asyncio.to_thread(self._calls)).items():
            times = called - calls[name]
            self.times[name] += times
            if times and before[name].keys() == after[name].keys():
                used = sum(after[name].values()) - sum(before[name].values())
                self.taken[name].append(1e3 * used / times)

    async def _quiet(self) -> dict[str, dict[int, float]]:
        seen = self._used()
        while True:
            await asyncio.sleep(QUIET_SECONDS)
            now = self._used()
            if now == seen:
                return now
            seen = now

    def _calls(self) -> dict[str, int]:
        return {name: self._deployment.calls(name) for name in self._names}

    def _used(self) -> dict[str, dict[int, float]]:
        """Return the seconds of CPU of each container of each function."""
        used: dict[str, dict[int, float]] = {name: {} for name in self._names}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with contextlib.suppress(OSError, UnicodeDecodeError):  # it ended, or is another user's
                    name = self._function((folder / "environ").read_text().split("\0"))
                    if name in used:
                        used[name][int(folder.name)] = cpu_seconds(int(folder.name))
        return used

    def _function(self, environ: list[str]) -> str:
        """Return the function of this deployment that a process runs."""
        given = dict(one.split("=", 1) for one in environ if "=" in one)
        is_ours = given.get("AWS_ENDPOINT_URL") == self._deployment.endpoint
        return given.get("AWS_LAMBDA_FUNCTION_NAME", "").removeprefix("milequest-staging-") if is_ours else ""


@dataclass
class Scene:
    """A team with viewers, walkers and subscribers."""

    deployment: Deployment
    tokens: list[str]
    team: str
    sockets: list[Connection]

    def __post_init__(self) -> None:
        self._walkers = itertools.cycle(self.tokens)
        self._walks: list[Stream] = []
        self._markers: list[Stream] = []
        self._meters = 0.0

    async def page(self) -> None:
        """Query the README's page of a team."""
        await asyncio.to_thread(self.deployment.data, PAGE, self.tokens[0], id=self.team)

    async def subscribe(self) -> None:
        """Begin a subscription, and end it: two messages."""
        stream = await self.sockets[0].subscribe(WALKS, team=self.team)
        await stream.next()
        await stream.stop()

    async def visit(self) -> None:
        """Connect and disconnect."""
        async with dial(self.deployment.socket_url, self.tokens[0]):
            pass

    async def crowd(self, stack: contextlib.AsyncExitStack) -> None:
        """Open many more sockets, each with a subscription."""
        for token in itertools.islice(itertools.cycle(self.tokens), CROWD):
            socket = await stack.enter_async_context(dial(self.deployment.socket_url, token))
            await (await socket.subscribe(WALKS, team=self.team)).next()

    async def duties(self) -> None:
        """Run the scheduled jobs, and the triggers of a first sign-in."""
        person = {"sub": str(uuid4()), "email": f"{uuid4().hex}@example.org", "name": "Max"}
        asked = {
            "region": "us-east-1",
            "userPoolId": self.deployment.told["identity/pool"],
            "request": {"userAttributes": person},
        }
        wake = wake_up("nobody", ANY_CHANNEL)
        put_off = orjson.dumps({"queue": NEWS, "group": wake.group, "id": wake.id, "body": wake.body}).decode()
        for function, event in {
            "sweep": {},
            "finalize": {},
            "prune": {},
            "later": {"Records": [{"messageId": "1", "attributes": {}, "body": put_off}]},
            "post-confirmation": {**asked, "triggerSource": "PostConfirmation_ConfirmSignUp"},
            "pre-token-generation": asked,
        }.items():
            await asyncio.to_thread(self.deployment.invoke, function, event)

    async def _listen(self) -> None:
        """Have every socket follow the log and the marker, as the model has it."""
        for socket in self.sockets:
            self._walks.append(await socket.subscribe(WALKS, team=self.team))
            self._markers.append(await socket.subscribe(MARKER, team=self.team))
        for stream in (*self._walks, *self._markers):
            await stream.next()

    async def walk(self) -> None:
        """Log a walk, until all subscribers have received it and the marker."""
        if not self._walks:
            await self._listen()
        self._meters += 1_000
        await asyncio.to_thread(self.deployment.data, LOG, next(self._walkers), input=walk(1_000))
        for stream in self._walks:
            await stream.next()
        for stream in self._markers:
            await stream.until(lambda told: told["progress"]["totalMeters"] == self._meters)


@pytest.fixture
async def scene(deployment: Deployment) -> AsyncIterator[Scene]:
    """Yield four people, as each may log sixty walks an hour; as many as the model assumes have an open socket."""
    tokens = [await asyncio.to_thread(deployment.sign_up, name) for name in ("ivy", "joe", "kim", "leo")]
    team = await asyncio.to_thread(found, deployment, tokens[0])
    made = await asyncio.to_thread(deployment.data, INVITE, tokens[0], input={"teamId": team})
    for token in tokens[1:]:
        await asyncio.to_thread(deployment.data, ACCEPT, token, input={"code": made["createInvite"]["code"]})
    goal = {"teamId": team, "name": "Far", "startsOn": str(datetime.now(UTC).date()), "waypoints": along(0, 20)}
    await asyncio.to_thread(deployment.data, GOAL, tokens[0], input={**goal, "activate": True})
    async with contextlib.AsyncExitStack() as opened:
        dialled = [dial(deployment.socket_url, token) for token in tokens[: UsageProfile().listeners]]
        yield Scene(deployment, tokens, team, [await opened.enter_async_context(each) for each in dialled])


@pytest.mark.skipif(not known(), reason="this machine does not tell what processes use")
async def test_calls_take_what_the_cost_model_begins_with(deployment: Deployment, scene: Scene) -> None:
    meters = {
        "page": (Meter(deployment, "api", "authorizer"), scene.page),
        "subscribe": (Meter(deployment, "message"), scene.subscribe),
        "walk": (Meter(deployment, "api", "relay", "planner", "poster", "to-lake"), scene.walk),
        "visit": (Meter(deployment, "connect", "disconnect"), scene.visit),
        "duty": (Meter(deployment, *(function for what, function in CPU_MS if what == "duty")), scene.duties),
    }
    print(f"\n{load_average()}")
    for name, (meter, what) in meters.items():
        for _ in range(WARM):
            await what()
        for _ in range(CALLS):
            await meter.of(what)
        for function, calls in meter.taken.items():
            low, middle, high = statistics.quantiles(calls)
            print(
                f"{name:9} {function:10} {len(calls)} times {middle:6.2f} ms, the middle half {low:.2f} to {high:.2f}, "
                f"{meter.times[function] / CALLS:.1f} calls each"
            )
    alone = meters["duty"][0].taken["sweep"]
    async with contextlib.AsyncExitStack() as stack:
        await scene.crowd(stack)
        crowded = Meter(deployment, "sweep")
        for _ in range(CALLS // 2):
            await crowded.of(scene.duties)
    each = 1e3 * (statistics.median(crowded.taken["sweep"]) - statistics.median(alone)) / CROWD
    print(f"sweep     {each:.0f} us for each of {CROWD} more sockets")
    assert ROUND_SOCKET_US.value / FURTHER < each < ROUND_SOCKET_US.value * FURTHER
    for (name, function), milliseconds in CPU_MS.items():
        calls = meters[name][0].taken[function]
        assert len(calls) > CALLS / 2, function
        assert milliseconds / FURTHER < statistics.median(calls) < milliseconds * FURTHER, function
