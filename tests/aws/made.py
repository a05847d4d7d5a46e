"""Built once for all workers of a run: the functions' packages for this machine, and every template with them."""

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.environment import INFRA_LOCK, tools
from infra import packaging
from milequest.settings import PROJECT
from tests.conftest import RUN_FOLDER

WRITTEN_LAST = "validation-report.json"
AUTHORIZER = "machines"  # an operator's own function
REPOSITORY = "https://github.com/mile-quest/mile-quest-web"
COLLECTOR = "http://collector.internal:4318"


@pytest.fixture(scope="session")
def packages() -> Path:
    """Return the folder of the functions' packages."""
    with _alone("packages") as folder:
        for name, without in packaging.PACKAGES.items():
            if not (folder / f"{name}.zip").exists():
                packaging.make(folder / f"{name}.zip", without, here=True)
    return folder


@pytest.fixture(scope="session")
def templates(packages: Path) -> Path:
    """Return the folder of the output of `make synth`: all stacks of all environments, and of their pages."""
    with _alone("cdk.out") as folder:
        _synthesize(packages, folder, "tests.infra.whole", REPOSITORY)
    return folder


@pytest.fixture(scope="session")
def variants(packages: Path) -> Path:
    """Return the folder of staging `authorized`, `traced` by a collector, `watched` by AWS, and production `alone`."""
    with _alone("variants") as folder:
        given = (REPOSITORY, AUTHORIZER, COLLECTOR)
        _synthesize(packages, folder / "traced", "tests.infra.variants", str(folder), *given)
    return folder


def _synthesize(packages: Path, folder: Path, *module: str) -> None:
    """Have a module write templates, unless those in the folder, which it writes last, are there."""
    if (folder / WRITTEN_LAST).exists():
        return
    environ = os.environ | {"MILEQUEST_PACKAGES": str(packages), "CDK_OUTDIR": str(folder)}
    command: list[str | Path] = [tools("infra", INFRA_LOCK), "-m", *module]
    ran = subprocess.run(command, cwd=PROJECT, env=environ, text=True, capture_output=True, check=False)
    # A finding that is not acknowledged fails it with all written; tests/infra has a test for those.
    assert (folder / WRITTEN_LAST).exists(), ran.stderr[-3000:]


@contextmanager
def _alone(name: str) -> Iterator[Path]:
    """Yield a folder of the run, in which one worker at a time builds for all."""
    folder = Path(os.environ[RUN_FOLDER], name)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.mkdir(exist_ok=True)
        yield folder
