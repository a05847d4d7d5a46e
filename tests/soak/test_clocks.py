"""The suite under other clocks: at the ends of days, months and years, in leap years, where clocks are changed.

Each run begins some seconds before the instant it is named by, which passes while its tests run.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from milequest.settings import PROJECT
from tests.soak.clocks import Clock, library, why_not

CLOCKS = (
    Clock("leap day", "2028-02-29T23:58:30Z"),
    Clock("New Year in week 53", "2026-12-31T23:58:30Z", "America/St_Johns"),
    Clock("New Year of the first zone", "2027-12-31T09:58:30Z", "Pacific/Kiritimati"),
    Clock("clocks go forward", "2027-03-14T09:58:30Z", "America/Los_Angeles"),
    Clock("clocks go back", "2027-04-03T13:58:30Z", "Pacific/Auckland"),
)
TESTS = (
    "tests/soak/check_clocks.py",
    "tests/milequest",
    "tests/resolvers",
    "tests/schema",
    "tests/policy",
    "tests/subscriptions",
    "--ignore=tests/subscriptions/apigateway",
    *("-k", "not deployed and not apigateway"),  # whose containers have clocks of their own
)
FEWEST = 3_000  # tests that must have run
MEMORY = Path("/dev/shm")

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


@pytest.fixture
def shared_memory() -> Iterator[None]:
    """Remove files that libfaketime leaves behind for programs that replaced themselves or were killed."""
    before = set(MEMORY.glob("*faketime_*"))
    yield
    for left in set(MEMORY.glob("*faketime_*")) - before:
        left.unlink(missing_ok=True)


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: clock.name)
def test_the_suite_passes_under_another_clock(clock: Clock, shared_memory: None) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "tests.soak.sleeping", *TESTS]
    environment = os.environ | clock.environment(library())
    ran = subprocess.run(command, cwd=PROJECT, env=environment, text=True, capture_output=True, check=False)
    said = ran.stdout[-20_000:] + ran.stderr[-2_000:]
    assert ran.returncode == 0, said
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed, said
    assert int(passed[1]) >= FEWEST
