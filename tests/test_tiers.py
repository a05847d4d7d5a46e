"""Tiers of tests: each mark is known and used, and names of tests and modules in them exist."""

import re
import tomllib

import pytest

from milequest.settings import PROJECT
from tests import tiers
from tests.soak import mutants

MAKEFILE = (PROJECT / "Makefile").read_text()


def test_every_tier_is_registered_and_left_out_of_make_quick() -> None:
    options = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert [line.partition(":")[0] for line in options["markers"]] == sorted(tiers.TIERS)
    (expression,) = re.findall(r'^quickly := -m "not \((.*)\)"$', MAKEFILE, re.M)
    assert expression.split(" or ") == sorted(tiers.TIERS)
    assert f"{tiers.QUICK}=1 $(python) -m pytest" in MAKEFILE


def test_every_beginning_of_a_tier_is_of_a_test_that_exists() -> None:
    tests = [path.relative_to(PROJECT).as_posix() for path in PROJECT.glob("tests/**/test_*.py")]
    beginnings = [one for tier in tiers.TIERS.values() for one in tier]
    assert [one for one in beginnings if not any(test.startswith(one) for test in tests)] == []


@pytest.mark.parametrize("tier", tiers.TIERS)
def test_a_test_that_needs_a_tier_unmarked_fails_in_make_quick(monkeypatch: pytest.MonkeyPatch, tier: str) -> None:
    monkeypatch.delenv(tiers.QUICK, raising=False)
    tiers.needs(tier)
    monkeypatch.setenv(tiers.QUICK, "1")
    with pytest.raises(pytest.fail.Exception, match=f"add the test's file to `{tier}`"):
        tiers.needs(tier)


def test_marks_are_given_by_the_beginning_of_the_path(request: pytest.FixtureRequest) -> None:
    assert not {mark.name for mark in request.node.iter_markers()} & tiers.TIERS.keys()
    monkeypatch = pytest.MonkeyPatch()
    with monkeypatch.context() as patched:
        patched.setattr(tiers, "TIERS", {"slow": ("tests/test_tiers",), "node": ("tests/app/",)})
        tiers.mark([request.node])
    assert {mark.name for mark in request.node.iter_markers()} == {"slow"}


def test_marked_file_is_not_imported_by_make_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    left_out = [PROJECT / "tests" / "aws", PROJECT / "tests" / "aws" / "test_lake.py", PROJECT / "tests" / "faults"]
    read = [PROJECT / "tests", PROJECT / "tests" / "app", PROJECT / "tests" / "test_tiers.py"]
    monkeypatch.delenv(tiers.QUICK, raising=False)
    assert not any(map(tiers.is_left_out, left_out + read))
    monkeypatch.setenv(tiers.QUICK, "1")
    assert [path for path in left_out + read if tiers.is_left_out(path)] == left_out


def test_modules_and_tests_named_for_the_mutation_run_exist() -> None:
    """The soak alone runs mutmut, which would mutate nothing of a module that was renamed."""
    missing = [name for name in mutants.MODULES if not (PROJECT / f"milequest/rules/{name}.py").is_file()]
    defined = set(re.findall(r"def test_(\w+)", (PROJECT / "tests/milequest/test_access.py").read_text()))
    assert (missing, sorted(set(mutants.POLICY) - defined)) == ([], [])
