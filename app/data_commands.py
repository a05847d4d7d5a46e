"""The commands that load data: the demo, a file of walks, a file with a route. Each uses the actions of the API."""

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from app import demo as demo_data
from app import embedded, migrations
from app.demo_simulator import simulate_walkers
from app.environment import SetupError
from milequest.jobs import imports
from milequest.rules.text import zone
from milequest.runtime import Runtime, open_runtime
from milequest.settings import Settings
from milequest.store.away import Away

log = logging.getLogger("milequest.demo")

T = TypeVar("T")

BAR = 30  # characters
AWAY_SECONDS = 5.0  # between checks of whether the database is back


def demo(settings: Settings, arguments: argparse.Namespace) -> None:
    """Load the demo: five teams, forty people, ninety days of walks. Existing data stays as it is."""
    _with_servers(settings, "milequest demo", lambda runtime: demo_data.load(runtime, _now(), bar("Demo data")))
    print(f"Sign in as {demo_data.PEOPLE[0].email} with the password {demo_data.PASSWORD}")


def import_walks(settings: Settings, arguments: argparse.Namespace) -> None:
    """Log a file of Fitbit's daily totals (dailyActivity_merged.csv) as its people's walks. Idempotent."""
    path, local = _file(arguments.file), zone("--zone", arguments.zone)

    async def work(runtime: Runtime) -> imports.WalksImported:
        with path.open(newline="", encoding="utf-8-sig") as source:
            return await imports.import_walks(
                runtime, source, local, arguments.team, _now(), bar("Walks"), arguments.owner
            )

    done = _with_servers(settings, "milequest import-walks", work)
    for reason in sorted({row.reason for row in done.skipped}):
        lines = [row.line for row in done.skipped if row.reason == reason]
        shown = ", ".join(map(str, lines[:8])) + (", …" if len(lines) > 8 else "")
        print(f"Skipped {len(lines)} rows, {reason}: lines {shown}")
    print(f"{done.people} people in the team “{arguments.team}”: {done.added} walks added, {done.known} known already.")
    _print_owner_hint(arguments)


def import_route(settings: Settings, arguments: argparse.Namespace) -> None:
    """Create a draft goal from the track in a GPX file."""
    path = _file(arguments.file)

    async def work(runtime: Runtime) -> imports.RouteImported:
        with path.open("rb") as source:
            return await imports.import_route(runtime, source, arguments.team, arguments.name, _now(), arguments.owner)

    made = _with_servers(settings, "milequest import-route", work)
    print(
        f"{made.points:,} points, {made.sphere_meters / 1000:,.1f} km on the sphere, "
        f"{made.length_meters / 1000:,.1f} km as PostGIS measures it, which is the goal's length.\n"
        f"Draft goal goal_{made.goal_id.hex} of the team “{arguments.team}”."
    )
    _print_owner_hint(arguments)


def _print_owner_hint(arguments: argparse.Namespace) -> None:
    if arguments.owner is None:
        print("No account can sign in as its owner: to look at it, run the same again with --owner EMAIL.")


async def alive(runtime: Runtime) -> None:
    """Run the demo beside a running server: load it if it is missing, then simulate its walkers."""
    while True:
        try:
            if not await demo_data.is_loaded(runtime):
                await demo_data.load(runtime, _now(), bar("Demo data"))
            return await simulate_walkers(runtime)
        except* Away:
            log.warning("the demo waits for the database")
        await asyncio.sleep(AWAY_SECONDS)


def bar(name: str) -> Callable[[int, int], None]:
    """Return a progress bar that is redrawn at each call on a terminal, and only at the end elsewhere."""
    began = time.monotonic()

    def draw(done: int, of: int) -> None:
        full = BAR * done // max(of, 1)
        line = f"  {name} [{'█' * full}{' ' * (BAR - full)}] {done:,} of {of:,}, {time.monotonic() - began:.1f} s"
        if sys.stdout.isatty():
            print(f"\r{line}", end="" if done < of else "\n", flush=True)
        elif done >= of:
            print(line, flush=True)

    return draw


def _with_servers(settings: Settings, by: str, work: Callable[[Runtime], Awaitable[T]]) -> T:
    """Return the result of `work` on the servers of the settings; embedded ones are started unless they run already."""

    async def run(reached: Settings) -> T:
        async with open_runtime(reached) as runtime:
            return await work(runtime)

    with embedded.running(settings, by, join=True) as reached:
        migrations.prepare(reached)
        return asyncio.run(run(reached))


def _file(name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise SetupError(f"there is no file {name}")
    return path


def _now() -> datetime:
    return datetime.now(UTC)
