"""The embedded servers, for real: created, kept, stopped, taken over, refused with a reason."""

import asyncio
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from redis import Redis

from app import embedded
from app.embedded.binaries import major_version
from app.embedded.folder import DataFolderInUseError, held, mark, sockets_dir
from app.environment import SetupError
from milequest.rules.avatars import Upload
from milequest.rules.pictures import Picture
from milequest.settings import PROJECT, Settings
from milequest.store.pictures.picture_folder import Folder
from tests.app.commands import data_dir as data_dir

SERVE = """
import sys
from pathlib import Path
from app import embedded
from milequest.settings import Settings
with embedded.running(Settings(data_dir=Path(sys.argv[1])), "the other one"):
    print("serving", flush=True)
    sys.stdin.read()
"""


def other_process(data_dir: Path) -> subprocess.Popen[str]:
    """Start another process that serves from the folder until its input ends."""
    command = [sys.executable, "-c", SERVE, str(data_dir)]
    process = subprocess.Popen(command, cwd=PROJECT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    while (line := process.stdout.readline()) != "serving\n":
        assert line, "it ended before it served"
    return process


def process_ids(data_dir: Path) -> tuple[int, int]:
    """Return the processes of the folder's PostgreSQL and Valkey."""
    postmaster = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0]
    return int(postmaster), int((data_dir / "valkey" / "pid").read_text())


def sql(url: str, statement: str) -> object:
    """Return the first value of a statement's answer."""

    async def ask() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_a_copy_of_the_template_has_postgis_and_is_migrated(database_url: str) -> None:
    point = "SELECT ST_AsText(ST_LineInterpolatePoint('LINESTRING(0 0,10 0)', 0.3))"
    assert sql(database_url, point) == "POINT(3 0)"
    assert sql(database_url, "SELECT count(*) FROM alembic_version") == 1


@pytest.mark.parametrize("time", ["first", "again"])
def test_every_test_has_a_database_and_a_valkey_of_its_own(database_url: str, redis_url: str, time: str) -> None:
    with Redis.from_url(redis_url) as redis:
        assert redis.dbsize() == 0
        redis.set("left", "over")
    assert sql(database_url, "SELECT to_regclass('left_over')") is None
    sql(database_url, "CREATE TABLE left_over ()")


def test_data_survives_a_restart_and_reset_clears_nothing_else(data_dir: Path) -> None:
    (data_dir / "milequest-postgres.new" / "half").mkdir(parents=True)  # of a first start that was interrupted
    (data_dir / "somebody's notes").touch()
    settings = Settings(data_dir=data_dir)
    with embedded.running(settings, "test") as reached, Redis.from_url(reached.redis_url) as redis:
        assert reached.embedded
        sql(reached.database_url, "CREATE TABLE kept AS SELECT 7 AS number")
        redis.set("word", "kept")
    assert not embedded.postgres(data_dir).answers()
    assert not embedded.valkey(data_dir).answers()
    with embedded.running(settings, "test") as reached, Redis.from_url(reached.redis_url) as redis:
        assert sql(reached.database_url, "SELECT number FROM kept") == 7
        assert redis.get("word") == b"kept"
    pictures, upload = Folder(data_dir / "pictures", ""), Upload.new(uuid4(), None, datetime.now(UTC))
    asyncio.run(pictures.form(upload, "image/png", datetime.now(UTC)))
    asyncio.run(pictures.keep(upload.name(Picture("image/png", b"")), Picture("image/png", b"")))
    embedded.reset(data_dir)
    assert {path.name for path in data_dir.iterdir()} == {"lock", "somebody's notes"}


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_embedded_servers_on_foreign_data_refuse_reset_and_start(data_dir: Path, name: str) -> None:
    theirs = data_dir / name / "PG_VERSION"
    theirs.parent.mkdir()
    theirs.write_text("17\n")
    (data_dir / "lock").touch()
    try:
        with pytest.raises(SetupError, match=f"{theirs.parent} holds data that isn't ours"):
            embedded.reset(data_dir)
        with (
            pytest.raises(SetupError, match=f"{theirs.parent} holds data that isn't ours"),
            embedded.running(Settings(data_dir=data_dir), "test"),
        ):
            pytest.fail("served")
        assert [path.name for path in theirs.parent.iterdir()] == ["PG_VERSION"]
    finally:
        shutil.rmtree(theirs.parent)


def test_a_folder_in_use_is_refused_or_joined_and_taken_over_from_a_killed_run(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir)
    other = other_process(data_dir)
    with pytest.raises(DataFolderInUseError, match=f"{data_dir} is in use by the other one: stop that one first"):
        embedded.reset(data_dir)
    with pytest.raises(DataFolderInUseError), embedded.running(settings, "test"):
        pytest.fail("two at once")
    with embedded.running(settings, "test", join=True) as joined:
        assert sql(joined.database_url, "SELECT 1") == 1
    other.kill()
    other.wait()
    survivors = process_ids(data_dir)
    with embedded.running(settings, "test") as reached:
        assert sql(reached.database_url, "SELECT 1") == 1
        assert process_ids(data_dir) == survivors
    assert not embedded.postgres(data_dir).answers()
    assert not embedded.valkey(data_dir).answers()


def test_folder_in_use_with_stopped_servers_is_reported(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir)
    with (
        held(data_dir, "the other one"),
        pytest.raises(SetupError, match=r"don't answer: stop the other one, and start it anew$"),
        embedded.running(settings, "test", join=True),
    ):
        pytest.fail("nobody is there")


def test_survivors_whose_sockets_were_cleaned_away_are_replaced(data_dir: Path) -> None:
    other = other_process(data_dir)
    other.kill()
    other.wait()
    survivors = process_ids(data_dir)
    shutil.rmtree(sockets_dir(data_dir))
    with embedded.running(Settings(data_dir=data_dir), "test") as reached, Redis.from_url(reached.redis_url) as redis:
        assert sql(reached.database_url, "SELECT 1") == 1
        assert redis.ping()
        assert not set(process_ids(data_dir)) & set(survivors)


def test_a_process_that_ends_stops_its_servers(data_dir: Path) -> None:
    other = other_process(data_dir)
    sockets = sockets_dir(data_dir)
    other.communicate(timeout=60)
    assert not sockets.exists()
    assert not embedded.postgres(data_dir).answers()
    assert not embedded.valkey(data_dir).answers()


def test_servers_named_in_the_settings_are_left_alone(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir, database_url="postgresql://nowhere/quest", redis_url="redis://nowhere")
    with embedded.running(settings, "test") as reached:
        assert reached is settings
    with embedded.running(Settings(data_dir=data_dir, database_url="postgresql://nowhere/quest"), "test") as reached:
        assert reached.database_url == "postgresql://nowhere/quest"
        assert not reached.embedded
        assert embedded.valkey(data_dir).answers()
    assert not (data_dir / "postgres").exists()


def test_data_of_another_major_version_says_what_to_do(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir()
    mark(data_dir / "postgres")
    (data_dir / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(SetupError, match=r"is PostgreSQL 9's, only \d+ is here: install PostgreSQL 9 with PostGIS, or"):
        embedded.postgres(data_dir)


def test_a_server_that_does_not_start_says_why_in_one_line(data_dir: Path) -> None:
    server = embedded.postgres(data_dir)
    (data_dir / "postgres").mkdir(mode=0o700)
    (data_dir / "postgres" / "PG_VERSION").write_text(major_version(server.programs))
    mark(data_dir / "postgres")
    with pytest.raises(SetupError, match=r"^PostgreSQL does not start: .*postgresql.conf.*$"):
        server.start()


def test_sockets_have_short_paths_in_a_folder_closed_to_others(tmp_path: Path) -> None:
    folder = sockets_dir(tmp_path / ("deep/" * 40))
    try:
        assert len(str(folder / ".s.PGSQL.5432.lock")) < 100
        assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        folder.rmdir()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to somebody else")
def test_a_socket_folder_of_somebody_else_is_not_trusted(tmp_path: Path) -> None:
    folder = sockets_dir(tmp_path)
    os.chown(folder, 12345, 12345)
    try:
        with pytest.raises(SetupError, match="belongs to somebody else"):
            sockets_dir(tmp_path)
    finally:
        folder.rmdir()


def test_lock_of_a_data_folder_names_its_holder(tmp_path: Path) -> None:
    with held(tmp_path, "milequest run, process 7"):
        refused = pytest.raises(DataFolderInUseError, match="by milequest run, process 7")
        with refused, held(tmp_path, "me"):
            pytest.fail("two at once")
    with held(tmp_path, "me"):
        assert (tmp_path / "lock").read_text() == "me"
