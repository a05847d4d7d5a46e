"""The tutorial runs as it stands: its blocks together are a program, which prints what the page says."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from app import demo
from app.accounts import ensure_account, token_for
from milequest.settings import PROJECT, Settings
from tests.journeys import CREATE, along
from tests.quest import FOUND
from tests.service import CLIENTS, Service, installed_node, serving

PAGE = (PROJECT / "docs" / "tutorial.md").read_text()
ADA = "ada@demo.milequest.invalid"


@pytest.fixture
def served(new_database: Any, _valkey: Redis) -> Iterator[Service]:
    """Yield the service with one of the demo's accounts, in a team that has a goal."""
    with new_database() as url:
        path = _valkey.get_connection_kwargs()["path"]
        with serving(Settings(database_url=url, redis_url=f"unix://{path}", embedded=True)) as service:
            now = datetime.now(UTC)
            service.call(ensure_account(service.runtime, ADA, demo.PASSWORD, "Ada", now))
            token = service.call(token_for(service.runtime, ADA, now))
            team = service.data(FOUND, token=token, input={"name": "Dawn Patrol"})["createTeam"]["team"]["id"]
            goal = {"name": "The line", "startsOn": str(now.date()), "waypoints": along(0, 0.1), "activate": True}
            service.data(CREATE, token=token, input=goal | {"teamId": team})
            yield service


def blocks(language: str) -> list[str]:
    """Return the page's blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_tutorials_program_prints_what_the_page_says(served: Service, tmp_path: Path) -> None:
    node = installed_node()
    (tmp_path / "quest.mjs").write_text("".join(blocks("js")))
    shutil.copy(PROJECT / "clients" / "resume.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(CLIENTS / "node_modules")
    environ = os.environ | {"QUEST_URL": served.url}
    command: list[str | Path] = [node, "quest.mjs"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    (printed,) = blocks("text")
    pattern = re.escape(printed).replace("…", ".+")
    assert re.fullmatch(pattern, done.stdout), done.stdout


def test_the_tutorial_installs_what_its_program_imports() -> None:
    imported = set(re.findall(r"from '([^.']+)'", "".join(blocks("js"))))
    installed = {name for names in re.findall(r"npm install (.+)", "".join(blocks("bash"))) for name in names.split()}
    assert imported == installed
