"""Tiers of tests, by what they need: `make quick` leaves out those that are marked here.

A test that needs one of these and is not marked fails in `make quick`, as what starts it asks `needs`.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from milequest.settings import PROJECT

QUICK: Final = "MQ_TEST_QUICK"  # set by `make quick`; not a setting of the service
TIERS: Final[Mapping[str, tuple[str, ...]]] = {
    "aws": (
        "tests/aws/",
        "tests/infra/",
        "tests/milequest/store/aws/test_lean_and_sdk.py",
        "tests/subscriptions/apigateway/",
        "tests/subscriptions/oracle/",
    ),
    "browser": ("tests/app/test_graphiql.py",),
    "node": (
        "tests/app/test_graphiql_bundle.py",
        "tests/app/test_graphiql_page.py",
        "tests/app/test_http.py",
        "tests/docs/test_tutorial.py",
        "tests/schema/test_appsync.py",
        "tests/subscriptions/test_caches.py",
        "tests/subscriptions/test_event_stream_clients.py",
        "tests/subscriptions/test_older_clients.py",
        "tests/subscriptions/test_resuming.py",
        "tests/test_resume.py",
    ),
    "slow": (
        "tests/app/aws/test_callers.py",
        "tests/app/aws/test_cognito.py",
        "tests/app/aws/test_limits.py",
        "tests/app/aws/test_rotation.py",
        "tests/app/http/test_refused_pictures.py",
        "tests/app/http/test_shown_pictures.py",
        "tests/app/http/test_uploads.py",
        "tests/app/test_budget.py",
        "tests/app/test_cli.py",
        "tests/app/test_debs.py",
        "tests/app/test_demo.py",
        "tests/app/test_embedded.py",
        "tests/app/test_environment.py",
        "tests/app/test_frames.py",
        "tests/app/test_health.py",
        "tests/app/test_http_connections.py",
        "tests/app/test_http_fuzz.py",
        "tests/app/test_log_lines.py",
        "tests/app/test_logs.py",
        "tests/app/test_metrics.py",
        "tests/app/test_operating.py",
        "tests/app/test_probe.py",
        "tests/app/test_process_quota.py",
        "tests/app/test_role.py",
        "tests/app/test_serve.py",
        "tests/app/test_signed_traces.py",
        "tests/app/test_telemetry.py",
        "tests/app/test_upgrade.py",
        "tests/docs/test_reference.py",
        "tests/docs/test_site.py",
        "tests/faults/",
        "tests/hostile/",
        "tests/milequest/actions/test_accounts.py",
        "tests/milequest/actions/test_contention.py",
        "tests/milequest/jobs/test_imports.py",
        "tests/milequest/providers/",  # hashes of passwords, a gazetteer, servers of mail
        "tests/milequest/rules/test_credentials.py",
        "tests/milequest/store/aws/test_client.py",
        "tests/milequest/store/aws/test_sdk.py",
        "tests/milequest/store/cache/",  # windows that have to pass, servers of a cluster
        "tests/milequest/store/sql/test_po",  # lines and positions on maps, by Hypothesis
        "tests/milequest/store/sql/test_rankings.py",
        "tests/milequest/store/sql/test_routes.py",
        "tests/milequest/store/test_breaker.py",
        "tests/milequest/store/test_picture_bucket.py",
        "tests/milequest/test_totals.py",
        "tests/performance/",
        "tests/policy/",
        "tests/resolvers/test_account",
        "tests/resolvers/test_email_changes.py",
        "tests/resolvers/test_limiting.py",
        "tests/resolvers/test_network_guard.py",
        "tests/resolvers/test_passwords.py",
        "tests/resolvers/test_places.py",
        "tests/resolvers/test_sessions.py",
        "tests/resolvers/test_failure_counting.py",
        "tests/schema/test_decisions.py",
        "tests/simulation/",
        "tests/subscriptions/test_",
        "tests/test_architecture.py",  # in `make check`, as two below
        "tests/test_readme.py",
        "tests/test_repository.py",
        "tests/test_words.py",
    ),
}
"""The beginnings of their paths."""


def tiers_of(path: Path) -> Sequence[str]:
    """Return the tiers of a file or folder."""
    place = path.relative_to(PROJECT).as_posix() + "/" * path.is_dir()
    return [tier for tier, beginnings in TIERS.items() if place.startswith(beginnings)]


def is_left_out(path: Path) -> bool:
    """Return whether this run leaves a file or folder out: to read it would take as long as to run others."""
    return bool(os.environ.get(QUICK)) and path.is_relative_to(PROJECT) and bool(tiers_of(path))


def mark(items: Iterable[pytest.Item]) -> None:
    """Give each test the marks of its file."""
    for item in items:
        for tier in tiers_of(item.path):
            item.add_marker(tier)


def needs(tier: str) -> None:
    """Fail in `make quick`: the test that asks for this is not marked."""
    if os.environ.get(QUICK):
        pytest.fail(f"`make quick` has no {tier}: add the test's file to `{tier}` in tests/tiers.py")
