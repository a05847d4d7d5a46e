"""compose.yaml: what it names exists, its order holds, and the server starts with exactly its variables."""

import base64
import json
import re
import secrets
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from app.cli import parser
from milequest.settings import PROJECT, load
from tests.app.commands import Milequest
from tests.app.commands import data_dir as data_dir
from tests.app.commands import milequest as milequest
from tests.infra.assembly import run_tool
from tests.ports import free_port

READ = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open('compose.yaml'))))"
EXAMPLE = (PROJECT / "compose.example.env").read_text()
IGNORED = (PROJECT / ".gitignore").read_text().splitlines()
VALUES = {
    "DOMAIN": "walks.example.org",
    "DATABASE_PASSWORD": secrets.token_hex(24),
    "KEY_SECRET": base64.b64encode(secrets.token_bytes(32)).decode(),
    "SMTP_URL": "smtps://user:password@mail.example.org",
    "MAIL_FROM": "Mile Quest <hello@example.org>",
}
ONCE = {"migrate", "pictures"}  # they end


@pytest.fixture(scope="module")
def compose() -> Any:
    """Return the file, its anchors resolved as Compose resolves them."""
    ran = run_tool("-c", READ)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def settings(compose: Any) -> dict[str, str]:
    """Return the server's variables, with the operator's values."""
    given = compose["services"]["server"]["environment"]
    return {name: re.sub(r"\$\{(\w+)[^}]*\}", lambda one: VALUES[one[1]], text) for name, text in given.items()}


def test_variables_of_the_compose_file_are_those_of_its_example() -> None:
    text = (PROJECT / "compose.yaml").read_text()
    assert set(re.findall(r"\$\{(\w+)", text)) == set(re.findall(r"^(\w+)=", EXAMPLE, re.MULTILINE)) == set(VALUES)
    assert re.findall(r"\$\{\w+[^:\w][^}]*\}|\$\{\w+\}", text) == [], "each is demanded: none may be empty"
    assert {".env", "backups/"} <= set(IGNORED)


def test_every_variable_of_the_compose_file_is_a_setting(compose: Any) -> None:
    loaded = load(settings(compose))
    assert (loaded.public_url, loaded.embedded) == ("https://walks.example.org", False)
    (network,) = compose["networks"]["outer"]["ipam"]["config"]
    assert loaded.trusted_proxies == (network["subnet"],)


def test_services_of_the_compose_file_come_back_and_have_logs_that_end(compose: Any) -> None:
    for name, service in compose["services"].items():
        assert name in ONCE or service["restart"] == "unless-stopped", name
        assert service["logging"]["options"]["max-size"], name
        assert ("healthcheck" in service) == (name not in ONCE), name
        for other, waited in service.get("depends_on", {}).items():
            ends = waited["condition"] == "service_completed_successfully"
            assert ends == (other in ONCE), f"{name} waits for {other}"


def test_edge_alone_of_the_compose_file_is_reached_from_outside(compose: Any) -> None:
    assert [name for name, one in compose["services"].items() if "ports" in one] == ["edge"]
    assert compose["services"]["edge"]["networks"] == ["outer"]
    reached = [name for name, one in compose["services"].items() if "outer" in one["networks"]]
    assert sorted(reached) == ["edge", "server"]


def test_volumes_of_the_compose_file_are_declared_and_hold_what_must_last(compose: Any) -> None:
    mounted = {
        one.partition(":")[0]
        for service in compose["services"].values()
        for one in service.get("volumes", ())
        if not one.startswith("./")
    }
    assert mounted == set(compose["volumes"]) == {"database", "pictures", "certificates"}
    server = compose["services"]["server"]
    assert server["volumes"] == ["pictures:/milequest/.milequest/pictures"]
    assert load({}).data_dir / "pictures" == PROJECT / ".milequest" / "pictures"


def test_commands_of_the_compose_file_exist(compose: Any) -> None:
    program, *arguments = compose["services"]["migrate"]["command"]
    assert program == "bin/milequest"
    assert parser().parse_args(arguments).function.__name__ == "migrate"


def test_server_starts_with_exactly_the_variables_of_the_compose_file(
    compose: Any,
    milequest: Milequest,
    new_database: Callable[[], AbstractContextManager[str]],
    redis_url: str,
) -> None:
    port = free_port()
    here = {"MILEQUEST_HOST": "127.0.0.1", "MILEQUEST_PORT": str(port), "MILEQUEST_REDIS_URL": redis_url}
    with new_database() as url:
        given = {**settings(compose), **here, "MILEQUEST_DATABASE_URL": url}
        assert given.keys() == settings(compose).keys()
        assert milequest("migrate", **given).returncode == 0
        command = [sys.executable, "-m", "app", "run"]
        process = subprocess.Popen(command, cwd=PROJECT, env=milequest.environment(**given), text=True)
        milequest.started.append(process)
        eventually(lambda: is_ready(port), process)
        process.terminate()
        assert process.wait(timeout=30) == 0


def is_ready(port: int) -> bool:
    """Return whether the server on a port is ready."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def eventually(holds: Callable[[], bool], process: "subprocess.Popen[Any]") -> None:
    """Wait until a condition holds, while a process runs."""
    end = time.monotonic() + 60
    while not holds():
        assert process.poll() is None, "the server ended"
        assert time.monotonic() < end
        time.sleep(0.2)
