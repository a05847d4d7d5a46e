"""The client of the operator's own: what it does at the house's server, and what it says where something fails."""

import asyncio
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app import synthetic_client as probing
from app.synthetic_client import TEAM, StepFailed, Target, probe
from milequest.jobs.probe_walks import KEPT, forget_probe_walks
from milequest.settings import PROJECT
from milequest.store.sql.usage import used
from tests.service import PASSWORD, Service

EMAIL = "probe@example.org"
TEAMS = "{ viewer { memberships { team { id name isPublic } } } }"
ROWS = "SELECT count(*) FROM activity a JOIN app_user u ON u.id = a.user_id WHERE u.email_key = $1"


@pytest.fixture
def target(service: Service) -> Target:
    """Return the service, and the client's account."""
    service.sign_up("probe")
    return Target(service.origin, (service.socket_url,), EMAIL, PASSWORD)


def failure(target: Target) -> str:
    """Return what the client says of a target where it is not served."""
    with pytest.raises(StepFailed) as failed:
        asyncio.run(probe(target))
    return str(failed.value)


def walks(service: Service) -> list[str]:
    """Return the ids of the walks of the client's teams."""
    token = service.sign_up("probe")
    teams = service.data(TEAMS, token=token)["viewer"]["memberships"]
    found = [service.data(probing.WALKS, token=token, id=one["team"]["id"]) for one in teams]
    return [node["id"] for one in found for node in one["team"]["activities"]["nodes"]]


def test_probe_hears_its_walk_and_leaves_nothing_behind(service: Service, target: Target) -> None:
    first, second = asyncio.run(probe(target)), asyncio.run(probe(target))
    assert 0 < first.heard_ms < first.duration_ms
    assert 0 < second.heard_ms < second.duration_ms
    assert walks(service) == []
    (membership,) = service.data(TEAMS, token=service.sign_up("probe"))["viewer"]["memberships"]
    assert (membership["team"]["name"].startswith(TEAM), membership["team"]["isPublic"]) == (True, False)


def test_probe_is_served_beside_the_team_of_another_one(service: Service, target: Target) -> None:
    service.sign_up("other-probe")
    asyncio.run(probe(replace(target, email="other-probe@example.org")))
    assert asyncio.run(probe(target)).heard_ms > 0


def test_probe_deletes_a_walk_that_an_earlier_one_left(service: Service, target: Target) -> None:
    asyncio.run(probe(target))
    given = {"type": "WALK", "distanceMeters": 5.5, "durationSeconds": 9, "startedAt": datetime.now(UTC).isoformat()}
    service.data(probing.LOG, token=service.sign_up("probe"), input=given)
    assert len(walks(service)) == 1
    asyncio.run(probe(target))
    assert walks(service) == []


def test_probe_names_the_step_that_fails(target: Target) -> None:
    assert failure(replace(target, url="http://127.0.0.1:9")) == "ready: ClientConnectorError"
    assert failure(replace(target, password="Wrong-Horse-1")) == "sign in: UNAUTHENTICATED"
    nowhere = target.sockets[0].replace("/graphql", "/nowhere")
    assert failure(replace(target, sockets=(nowhere,))) == "connect /nowhere: WSServerHandshakeError"


def test_probe_that_hears_nothing_says_so_and_deletes_its_walk(
    service: Service, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(probe(target))
    monkeypatch.setattr(probing, "PATIENCE", 1.0)
    monkeypatch.setattr(probing, "NEWS", probing.NEWS.replace("edge { node { id distanceMeters } }", "edge { cursor }"))
    assert failure(target) == "hear /graphql: KeyError"
    assert walks(service) == []


def test_probe_without_a_password_shows_none(target: Target) -> None:
    assert PASSWORD not in repr(target)


def test_walks_of_the_probe_count_for_no_usage_and_their_rows_go_after_a_day(service: Service, target: Target) -> None:
    asyncio.run(probe(target))
    now = datetime.now(UTC)
    day = now - timedelta(days=1), now + timedelta(minutes=1)
    db = service.runtime.reader
    all_, others = service.call(used(db, *day)), service.call(used(db, *day, EMAIL))
    rows = service.call(db.fetchval(ROWS, EMAIL))
    assert rows > 0
    assert (all_.people - others.people, all_.walkers - others.walkers) == (1, 1)
    assert all_.walks - others.walks == rows
    runtime = replace(service.runtime, settings=replace(service.runtime.settings, probe_email=EMAIL))
    assert service.call(forget_probe_walks(service.runtime, now + KEPT + timedelta(hours=1))) == 0, "no client is named"
    assert service.call(forget_probe_walks(runtime, now + KEPT - timedelta(hours=1))) == 0
    assert service.call(forget_probe_walks(runtime, now + KEPT + timedelta(hours=1))) == rows
    assert service.call(db.fetchval(ROWS, EMAIL)) == 0


def command(target: Target, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a target."""
    environ = {"PATH": os.environ["PATH"], **variables}
    arguments = [sys.executable, "-m", "app", "probe", target.url]
    return subprocess.run(arguments, cwd=PROJECT, env=environ, text=True, capture_output=True, check=False)


def test_command_says_how_long_it_took_or_what_failed(target: Target) -> None:
    who = {"MILEQUEST_PROBE_EMAIL": EMAIL, "MILEQUEST_PROBE_PASSWORD": PASSWORD}
    ran = command(target, **who)
    assert re.fullmatch(r"Served: all in \d+ ms, the walk was heard after \d+ ms\.\n", ran.stdout), ran.stderr
    wrong = command(target, **{**who, "MILEQUEST_PROBE_PASSWORD": "Wrong-Horse-1"})
    assert (wrong.returncode, wrong.stderr) == (1, "error: a client is not served: sign in: UNAUTHENTICATED\n")
    nobody = command(target)
    assert "MILEQUEST_PROBE_EMAIL" in nobody.stderr
