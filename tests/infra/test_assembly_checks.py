"""Faults of templates that are found before deployment, and the command's words where it cannot begin."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.config import STAGING
from infra.deploy.assembly_checks import STAND_IN, faults
from infra.deploy.cloud_assembly import CloudAssembly
from infra.environments_file import VARIABLE
from milequest.settings import PROJECT

STACK = "milequest-staging-api"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the output of a synthesis: a stack with a function, whose code is there."""
    properties = {"templateFile": "api.json", "stackName": STACK}
    stack = {"type": "aws:cloudformation:stack", "environment": f"aws://{STAGING.account}/us-east-1"}
    place = {"here": {"bucketName": "assets", "objectKey": "code"}}
    files = {"code": {"source": {"path": "asset.code"}, "destinations": place}}
    (tmp_path / "asset.code").mkdir()
    (tmp_path / "asset.code" / "app.py").touch()
    (tmp_path / "api.assets.json").write_text(json.dumps({"files": files}))
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"api": {**stack, "properties": properties}}}))
    return tmp_path


def amiss(folder: Path) -> list[str]:
    """Return what is amiss; all of it is fatal."""
    found = list(faults(CloudAssembly(folder, STAGING.name), STAGING))
    assert all(one.fatal and "make synth" in one.remedy for one in found)
    return [one.says for one in found]


def test_templates_of_this_environment_with_code_are_deployed(folder: Path) -> None:
    assert amiss(folder) == []


def test_templates_for_another_account_are_not_deployed(folder: Path) -> None:
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(STAGING.account, "999999999999"))
    assert amiss(folder) == [f"the templates are for account 999999999999, and staging is {STAGING.account}"]


def test_templates_older_than_the_operators_values_are_not_deployed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = folder / "environments.toml"
    own.touch()
    monkeypatch.setenv(VARIABLE, str(own))
    os.utime(folder / "manifest.json", (1, 1))
    assert amiss(folder) == [f"the templates are older than {own}"]
    os.utime(own, (1, 1))
    assert amiss(folder) == []


def test_templates_without_the_functions_code_are_not_deployed(folder: Path) -> None:
    shutil.copytree(STAND_IN, folder / "asset.code", dirs_exist_ok=True)
    assert amiss(folder) == ["the functions have no code: templates were made without packages"]


@pytest.mark.parametrize("command", ["infra.deploy", "infra.failover"])
def test_value_that_cannot_be_is_told_in_a_line(command: str, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text("[production]\naccount = 12\n")
    ran = subprocess.run(
        [sys.executable, "-m", command, "production", "--dry-run"],
        cwd=PROJECT,
        env=os.environ | {VARIABLE: str(own)},
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stderr) == (1, "")
    assert ran.stdout == "error: production.account must be a text, not 12\n"


def test_folder_without_templates_is_told_with_how_they_are_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no templates in .*: `make package`, then `make synth`"):
        CloudAssembly(tmp_path, "production")
