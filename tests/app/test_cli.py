"""The commands as people type them, each in a process of its own with a data folder of its own."""

import re
import socket
import subprocess
from pathlib import Path

import pytest

from app import embedded
from app.embedded.postgres import Postgres
from milequest.settings import PROJECT
from tests.app.commands import Milequest, status
from tests.app.commands import data_dir as data_dir
from tests.app.commands import milequest as milequest


def test_run_serves_beside_others_survives_a_kill_and_stops_when_asked(milequest: Milequest) -> None:
    process, port = milequest.run()
    assert status(port, "/livez") == 200
    assert status(port, "/readyz") == 200

    second = milequest("run", PORT="0")
    assert second.returncode == 1
    assert f"in use by milequest run, process {process.pid}, http://127.0.0.1:{port}" in second.stderr
    assert milequest("reset", "--yes").returncode == 1
    assert "is in use by" in milequest("reset").stderr
    assert "now it is at" in milequest("migrate").stdout
    missing = milequest("token", "nobody@example.com")
    assert (missing.returncode, missing.stderr.count("\n")) == (1, 1)

    process.kill()
    process.wait()
    assert embedded.postgres(milequest.data_dir).answers()
    process, port = milequest.run()
    assert status(port, "/readyz") == 200

    process.terminate()
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert said.endswith("Stopping …\n")
    assert "Traceback" not in said
    assert not embedded.postgres(milequest.data_dir).answers()
    assert not embedded.valkey(milequest.data_dir).answers()


def test_port_in_use_is_reported_in_one_line(milequest: Milequest) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        failed = milequest("run", PORT=str(port))
    assert failed.returncode == 1
    assert (
        failed.stderr
        == f"error: port {port} is in use: stop what listens there, or choose another: PORT={port + 1} make run\n"
    )
    assert failed.stdout == ""


def test_each_wrong_setting_is_reported_in_one_line(milequest: Milequest) -> None:
    failed = milequest("run", PORT="no", MILEQUEST_LOG_LEVEL="loud")
    assert failed.returncode == 1
    assert [line.split()[:2] for line in failed.stderr.splitlines()] == [
        ["error:", "MILEQUEST_LOG_LEVEL"],
        ["error:", "MILEQUEST_PORT"],
    ]


@pytest.mark.parametrize(
    ("authorizer", "said"),
    [
        ("no.such:authorize", "cannot be imported: No module named 'no'"),
        ("json:authorize", "cannot be imported: module 'json' has no attribute 'authorize'"),
        ("json:__name__", "is no function: json:__name__"),
    ],
)
def test_missing_authorizer_is_reported_in_one_line(milequest: Milequest, authorizer: str, said: str) -> None:
    failed = milequest("run", PORT="0", MILEQUEST_AUTHORIZER=authorizer)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == f"error: MILEQUEST_AUTHORIZER {said}\n"


def test_external_database_is_neither_migrated_by_run_nor_reset(
    milequest: Milequest, postgres: Postgres, redis_url: str
) -> None:
    postgres.ensure_database("unmigrated")
    given = {"MILEQUEST_DATABASE_URL": postgres.url("unmigrated"), "MILEQUEST_REDIS_URL": redis_url}
    refused = milequest("run", PORT="0", **given)
    assert refused.returncode == 1
    assert re.fullmatch(
        r"error: the database is at migration none, the code at \w+: bin/milequest migrate\n", refused.stderr
    )
    assert milequest("reset", "--yes", **given).returncode == 1
    assert milequest("migrate", **given).returncode == 0
    assert not any(milequest.data_dir.iterdir())


def test_unreachable_database_is_reported_in_one_line_without_its_password(milequest: Milequest) -> None:
    url = "postgresql://quest:s3cret@127.0.0.1:1/quest"
    failed = milequest("migrate", MILEQUEST_DATABASE_URL=url, MILEQUEST_REDIS_URL="redis://127.0.0.1:1")
    assert failed.returncode == 1
    assert failed.stderr.startswith("error: no database at MILEQUEST_DATABASE_URL (")
    assert failed.stderr.count("\n") == 1
    assert "s3cret" not in failed.stderr


@pytest.mark.parametrize(
    ("url", "said"),
    [("", "set MILEQUEST_DATABASE_URL"), ("postgresql://quest:s3cret@127.0.0.1:1/quest", "failover failed (")],
)
def test_failover_without_a_standby_is_reported_in_one_line(milequest: Milequest, url: str, said: str) -> None:
    failed = milequest("failover", MILEQUEST_DATABASE_URL=url)
    assert failed.returncode == 1
    assert said in failed.stderr
    assert failed.stderr.count("\n") == 1
    assert "s3cret" not in failed.stderr


def test_unreachable_reader_is_reported_in_one_line(milequest: Milequest, database_url: str, redis_url: str) -> None:
    reader = "postgresql://quest:s3cret@127.0.0.1:1/quest"
    given = {"MILEQUEST_DATABASE_URL": database_url, "MILEQUEST_REDIS_URL": redis_url}
    failed = milequest("run", PORT="0", MILEQUEST_DATABASE_READER_URL=reader, **given)
    assert failed.returncode == 1
    assert re.fullmatch(r"error: no database at MILEQUEST_DATABASE_READER_URL \(.*\n", failed.stderr)
    assert "s3cret" not in failed.stderr


def test_unreachable_redis_is_reported_in_one_line_and_no_obstacle(milequest: Milequest, database_url: str) -> None:
    given = {"MILEQUEST_DATABASE_URL": database_url, "MILEQUEST_REDIS_URL": "redis://127.0.0.1:1"}
    told = milequest("token", "nobody@example.com", **given).stderr.splitlines()
    assert told[0].startswith("warning: no Valkey or Redis at MILEQUEST_REDIS_URL (ConnectionError): ")
    assert told[1:] == ["error: No such account."]


def test_reset_without_anybody_to_ask_needs_yes(milequest: Milequest) -> None:
    assert milequest("reset").stderr == "error: reset asks before it deletes, and there is nobody to ask: add --yes\n"
    assert milequest("reset", "--yes").returncode == 0


def test_the_printed_schema_is_graphql(milequest: Milequest) -> None:
    assert "type Query" in milequest("schema").stdout


def test_the_project_s_own_command_works_from_anywhere(tmp_path: Path) -> None:
    link = tmp_path / "milequest"
    link.symlink_to(PROJECT / "bin" / "milequest")
    done = subprocess.run([link, "--help"], cwd="/", text=True, capture_output=True, check=True)
    assert "token" in done.stdout
