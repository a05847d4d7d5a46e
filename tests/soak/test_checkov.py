"""checkov's findings in every template: none, but for those skipped with a reason."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from app.environment import tools
from tests.infra.assembly import Assembly

LOCK = Path(__file__).parent / "requirements-checkov.lock"
MOST_RULES = 20  # whose findings may be skipped; five are of the starter environment alone, which saves
SCAN = ("--framework", "cloudformation", "--skip-download", "--compact", "--output", "json")


@pytest.fixture(scope="module")
def report(assembly: Assembly) -> dict[str, Any]:
    """Return the report."""
    isolated = (tools("checkov", LOCK), "-I", "-m")  # for it has a library called `schema`, as is our folder
    command: list[str | Path] = [*isolated, "checkov.main", *SCAN, "--directory", assembly.folder]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.stdout, ran.stderr[-3000:]
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_checkov_finds_nothing(assembly: Assembly, report: dict[str, Any]) -> None:
    failed = [f"{one['check_id']} {one['file_path']} {one['resource']}" for one in report["results"]["failed_checks"]]
    assert failed == []
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["resource_count"] == len(list(assembly.resources()))
    assert report["summary"]["passed"] > 3000


def test_few_rules_are_passed_over_and_each_has_a_reason(report: dict[str, Any]) -> None:
    reasons: dict[str, set[str]] = {}
    for one in report["results"]["skipped_checks"]:
        reasons.setdefault(one["check_id"], set()).add(one["check_result"]["suppress_comment"])
    print(f"checkov: {report['summary']}, passed over: {sorted(reasons)}")
    assert 0 < len(reasons) < MOST_RULES, sorted(reasons)
    assert [rule for rule, texts in reasons.items() if any(len(text) < 20 for text in texts)] == []
