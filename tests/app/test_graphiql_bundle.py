"""The making of GraphiQL's bundle: its errors, and the content of its lock."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from app import bundle
from app.environment import PROJECT

GENERATED = shutil.ignore_patterns("node_modules", "dist", ".build")


def test_lock_holds_hashes_and_no_registry() -> None:
    packages = json.loads(bundle.LOCK.read_text())["packages"]
    for name, package in packages.items():
        assert "resolved" not in package
        assert name == "" or package["integrity"].startswith("sha512-")
    assert re.findall(r"https?://", bundle.NODE_LOCK.read_text()) == []


def test_bundle_is_named_after_its_sources(tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path)
    name = "import app.bundle as b; print(b.bundle().name)"
    before = python(project, "-c", name).stdout
    (project / "app" / "graphiql" / "src" / "main.css").write_text("")
    after = python(project, "-c", name).stdout
    assert re.fullmatch(r"[0-9a-f]{16}\n", before)
    assert before != after


def test_failure_is_one_line_kept_for_the_page(tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path)
    done = python(project, "-m", "app.bundle")
    assert done.returncode == 1
    assert done.stdout == ""
    line = done.stderr.removeprefix("error: ").removesuffix("\n")
    assert re.fullmatch(r"GraphiQL could not be bundled: .*reason:.*retry with: make graphiql", line)
    assert (project / "app" / "graphiql" / ".build" / "failure").read_text() == line


def copy_of_the_project(folder: Path) -> Path:
    """Make a fresh clone as far as the bundle is concerned."""
    shutil.copytree(PROJECT / "app", folder / "app", ignore=GENERATED)
    shutil.copy(PROJECT / "requirements-uv.lock", folder)  # for a machine that has neither Node nor uv
    return folder


def python(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a clone without a cache, whose npm registry does not answer."""
    offline = {
        "XDG_CACHE_HOME": str(project / "cache"),
        "npm_config_cache": str(project / "npm"),
        "npm_config_fetch_retries": "0",
        "npm_config_registry": "http://127.0.0.1:9/",
    }
    environment = os.environ | offline
    return subprocess.run([sys.executable, *arguments], cwd=project, env=environment, capture_output=True, text=True)
