"""A drill: while people walk and follow, somebody destroys data, and a new server takes over from just before."""

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

from app.embedded.postgres import Postgres
from milequest.settings import PROJECT, Settings
from milequest.store.sql import migrate
from tests.conftest import RUN_FOLDER
from tests.documents import WALKS_TO_RESUME as WALKS
from tests.faults.cluster import Balancer
from tests.listening import dial
from tests.soak.crowd import PEOPLE, Crowd, gathered
from tests.soak.drill import Drill, last_walk, parts, rows, saved
from tests.soak.regions import Servers, failover, primary
from tests.soak.restoring import Archive, value

LOGGED = "SELECT sequence FROM event WHERE kind = 'ACTIVITY_ADDED' ORDER BY 1"
NOW = "SELECT clock_timestamp()"
MISTAKES = (  # of somebody who meant one team
    "UPDATE activity SET distance_mm = distance_mm * 10",
    "DELETE FROM goal_contribution",
)


@contextmanager
def archived_place(people: int = PEOPLE) -> Iterator[tuple[Crowd, Servers, Archive]]:
    """Yield people, the servers they use, and the archive of their database."""
    folder = Path(os.environ[RUN_FOLDER], f"{uuid4().hex[:8]}-archived")
    database = primary(folder, fast=True)  # it is always stopped, never killed
    migrate.upgrade(database.url())
    archive = Archive(database, Path(os.environ[RUN_FOLDER], f"{folder.name}-archive"))
    place = Servers(folder, database)
    try:
        settings = Settings(database_url=database.url(), redis_url=place.valkey.url, embedded=True)
        crowd = asyncio.run(gathered(settings, people))
        place.serve()
        yield crowd, place, archive
    finally:
        place.end()


def compared(one: Postgres, other: Postgres) -> str:
    """Run the command that compares two databases; return its report."""
    environ = os.environ | {"MILEQUEST_DATABASE_URL": one.url()}
    command = ["bin/milequest", "compare", other.url()]
    done = subprocess.run(command, cwd=PROJECT, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "error: they differ\n"), done.stderr
    return done.stdout


async def destroy_and_restore(drill: Drill, balancer: Balancer, place: Servers, archive: Archive, walks: int) -> None:
    """Destroy data after some walks, notice it after more, and restore the moment before by the runbook."""
    await drill.listening()
    await drill.written(walks)
    moment = await asyncio.to_thread(value, place.database, NOW)
    for mistake in MISTAKES:
        await asyncio.to_thread(value, place.database, mistake)
    await drill.written(walks)  # until somebody notices
    ahead = drill.seen[0][-1]
    began, noticed = monotonic(), datetime.now(UTC)
    balancer.nodes = []
    await asyncio.to_thread(place.fence)
    await asyncio.to_thread(archive.complete)
    before, broken = await saved(place), place.database
    place.database = await asyncio.to_thread(archive.restored, moment, place.folder.with_name("restored"))
    try:
        said = await asyncio.to_thread(compared, broken, place.database)
    finally:
        broken.stop()
    assert "in epoch 2" in await asyncio.to_thread(failover, place)
    lost = _judge_the_restored(drill, before, await saved(place), moment, said)
    place.serve()
    balancer.nodes = [place.node]
    await drill.written(1)
    took = monotonic() - began
    await _judge_the_listeners(drill, place, ahead)
    print(f"\n{said}Lost: {lost} walks of {(noticed - moment).total_seconds():.1f} s. Restored in {took:.1f} s.")


def _judge_the_restored(drill: Drill, before: set[str], there: set[str], moment: datetime, said: str) -> int:
    """Check that all walks of before the moment are there, and that the report says what is not; return their number.

    `before` and `there` are the walks of the destroyed and of the restored database.
    """
    lost = [walk for walk in drill.walks if walk.id not in there]
    assert lost, "people went on, so some must be"
    assert [walk for walk in lost if walk.told <= moment] == [], "whoever was told before has it"
    assert there < before
    assert f"activity: {len(before)} rows here, {len(there)} there (+{len(before) - len(there)} here)" in said
    assert {"walks", "goals"} <= set(re.findall(r"wrong here: (\w+)", said))
    assert "totals there: each is the sum of its rows" in said
    behind = re.search(r"newest event: there (\d+) ms older", said)
    assert behind
    assert int(behind[1]) > 0
    return len(before - there)


async def _judge_the_listeners(drill: Drill, place: Servers, ahead: dict[str, Any]) -> None:
    """Check that all hear of what is written now, and begin again: their cursors were ahead of the log."""
    while await last_walk(place) <= ahead["sequence"]:
        await drill.written(10)  # until the log is past the place of what was lost
    async with dial(drill.front.socket_url, drill.crowd.tokens[0]) as connection:
        late = await connection.subscribe(WALKS, team=drill.crowd.team, after=ahead["cursor"])
        assert (await late.next())["delivery"] == "RESET", "it would miss what was saved in place of the lost"
    await drill.end_writing()
    await drill.heard(place)
    log = [row[0] for row in await rows(place, LOGGED)]
    for seen in drill.seen:
        began = [event["delivery"] for event in seen if event["delivery"] in ("SNAPSHOT", "RESET")]
        assert (began[0], set(began[1:])) == ("SNAPSHOT", {"RESET"})
        begin, *news = parts(seen)[-1]
        assert news == [sequence for sequence in log if sequence > begin]
