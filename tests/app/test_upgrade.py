"""From the starter environment to a larger one by dump and restore, and back from a dump on a host of one's own."""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app import embedded
from app.embedded.postgres import Postgres
from milequest.actions.accounts import user_for_identity
from milequest.rules.identity import IssuerAccount
from milequest.settings import PROJECT, Settings
from milequest.store.sql import migrate
from tests.app.commands import Milequest
from tests.app.commands import data_dir as data_dir
from tests.app.commands import milequest as milequest
from tests.documents import BOARD_NOW, FOUND_TEAM, LIVE_CURSOR, LOG_WALK, SIGN_IN
from tests.documents import WALKS_TO_RESUME as WALKS
from tests.listening import dial
from tests.service import PASSWORD, Service, serving

RUNBOOK = (PROJECT / "docs" / "runbook.md").read_text()
OPERATING = (PROJECT / "docs" / "operating.md").read_text()
DOCKER = """
docker() {
  case "$2" in
    exec) [ "$3 $4" = "-T database" ]; shift 4; "$@" ;;
    run) [ "$3 $4 $5" = "--rm --no-deps server" ]; shift 5; "$@" ;;
    stop|start) [ "$3" = server ] ;;
    *) return 1 ;;
  esac
}
"""  # runs what is to run in a container here
EPOCH = "log_epoch"


@dataclass(frozen=True)
class Club:
    """What a client knew before the upgrade."""

    token: str
    team: str
    cursor: str
    board: Any


def steps() -> str:
    """Return the shell commands of the runbook's section."""
    section = RUNBOOK.partition("\n## From starter to production\n")[2].partition("\n## ")[0]
    return section.partition("```sh\n")[2].partition("\n```")[0]


@pytest.fixture
def larger(tmp_path: Path) -> Iterator[Postgres]:
    """Yield another PostgreSQL server, whose database is migrated, as a deployment of production leaves it."""
    server = embedded.postgres(tmp_path / "larger", fast=True)
    server.start()
    server.ensure_database()
    migrate.upgrade(server.url())
    yield server
    embedded.reset(tmp_path / "larger")


async def rows(url: str) -> dict[str, list[str]]:
    """Return every row of every table of ours, by table."""
    connection = await asyncpg.connect(url)
    try:
        names = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'spatial_ref_sys'"
        )
        return {
            name: [row[0] for row in await connection.fetch(f'SELECT t::text FROM "{name}" t ORDER BY 1')]
            for (name,) in names
        }
    finally:
        await connection.close()


def found(service: Service, name: str = "Ada") -> Club:
    """Have a club of one log three walks."""
    token = service.sign_up(name)
    team = service.data(FOUND_TEAM, token=token, input={"name": f"Walkers of {name}"})["createTeam"]["team"]["id"]
    for number in range(3):
        walk = {
            "distanceMeters": 1_000 + number,
            "durationSeconds": 600,
            "startedAt": (datetime.now(UTC) - timedelta(hours=5 * number + 1)).isoformat(),
            "idempotencyKey": f"walk-number-{number}",
        }
        service.data(LOG_WALK, token=token, input=walk)
    cursor = service.data(LIVE_CURSOR, token=token, id=team)["team"]["liveCursor"]
    return Club(token, team, cursor, service.data(BOARD_NOW, token=token, team=team))


async def test_club_moves_to_a_larger_database_by_the_steps_of_the_runbook(
    new_database: Callable[[], AbstractContextManager[str]],
    postgres: Postgres,
    larger: Postgres,
    redis_url: str,
    milequest: Milequest,
    tmp_path: Path,
) -> None:
    with new_database() as small:
        with serving(Settings(database_url=small, redis_url=redis_url, embedded=True)) as service:
            club = found(service)
        before = await rows(small)
        move(small, larger.url(), postgres, milequest, tmp_path)
        after = await rows(larger.url())
    assert before.pop(EPOCH) != after.pop(EPOCH)
    assert after == before, "sums, boards, log and accounts"
    assert before["event"]
    assert len(before["activity"]) == 3
    with serving(Settings(database_url=larger.url(), redis_url=redis_url, embedded=True)) as service:
        assert service.data(BOARD_NOW, token=club.token, team=club.team) == club.board
        credentials = {"email": "Ada@example.org", "password": PASSWORD}
        signed_in = service.data(SIGN_IN, input=credentials)["signIn"]
        assert signed_in["viewer"]["user"] == {"name": "Ada"}
        assert service.call(user_of_another_issuer(service)) in str(before["app_user"])
        async with dial(service.socket_url, club.token) as connection:
            late = await connection.subscribe(WALKS, team=club.team, after=club.cursor)
            assert (await late.next())["delivery"] == "RESET"


async def user_of_another_issuer(service: Service) -> str:
    """Sign in as Ada by an issuer that says the address is hers; return the id of the user that she is."""
    account = IssuerAccount("https://issuer.example", "another", "Ada@example.org", email_verified=True, name="Ada")
    return str(await service.runtime.commit(lambda tx: user_for_identity(tx, account, datetime.now(UTC))))


def move(source: str, target: str, postgres: Postgres, milequest: Milequest, folder: Path) -> None:
    """Run the runbook's commands, with the two addresses in its variables."""
    run(steps(), postgres, milequest, folder, STARTER_URL=source, PRODUCTION_URL=target)


def run(commands: str, postgres: Postgres, milequest: Milequest, folder: Path, **variables: str) -> None:
    """Run commands of a page in a folder, with PostgreSQL's programs and the product's on the path."""
    programs = postgres.programs
    path = {"PATH": f"{programs.folder}:{PROJECT / 'bin'}:/usr/bin:/bin"}
    environ = milequest.environment(**programs.env()) | path | variables
    if not (folder / "bin").exists():
        (folder / "bin").symlink_to(PROJECT / "bin")
    ran = subprocess.run(["sh", "-euc", commands], cwd=folder, env=environ, text=True, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr


async def test_dump_on_a_host_of_ones_own_is_put_back_by_the_commands_of_its_page(
    larger: Postgres, redis_url: str, milequest: Milequest, tmp_path: Path
) -> None:
    section = OPERATING.partition("\n## With Docker Compose\n")[2].partition("\n## ")[0]
    dump, restore = (DOCKER + block for block in re.findall(r"```bash\n(.*?)\n```", section, re.DOTALL))
    here = {"PGHOST": str(larger.sockets), "MILEQUEST_DATABASE_URL": larger.url()}

    def in_containers(commands: str) -> None:
        run(commands.replace("/backups/", f"{tmp_path}/"), larger, milequest, tmp_path, **here)

    settings = Settings(database_url=larger.url(), redis_url=redis_url, embedded=True)
    with serving(settings) as service:
        club = found(service)
    before = await rows(larger.url())
    in_containers(dump)
    with serving(settings) as service:
        found(service, "Grace")
    assert await rows(larger.url()) != before
    in_containers(restore)
    after = await rows(larger.url())
    assert before.pop(EPOCH) != after.pop(EPOCH)
    assert after == before
    with serving(settings) as service:
        async with dial(service.socket_url, club.token) as connection:
            late = await connection.subscribe(WALKS, team=club.team, after=club.cursor)
            assert (await late.next())["delivery"] == "RESET"
