"""`/metrics` of a server, as Prometheus scrapes it: off by default, at an address of its own."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from milequest.settings import PROJECT
from schema.build import build
from tests.app.commands import Milequest
from tests.app.commands import data_dir as data_dir
from tests.app.commands import milequest as milequest
from tests.app.operators import (
    FOLLOW,
    LOG_WALK,
    SERVED,
    TEAM_PAGE,
    Operator,
    operator,
    served,
    socket_of,
    subscribe,
    walk,
)
from tests.app.operators import account as account
from tests.ports import free_port

HOSTILE = 'a"} 1\nforged_metric{x="'


class Page:
    """The page of a server, and the values on it."""

    def __init__(self) -> None:
        self.port = free_port()
        self.setting = {"MILEQUEST_METRICS_ADDRESS": f"127.0.0.1:{self.port}"}

    @property
    def text(self) -> str:
        """The page now."""
        return httpx.get(f"http://127.0.0.1:{self.port}/metrics").raise_for_status().text

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of all values of a name with these labels."""
        return sum(
            sample.value
            for family in text_string_to_metric_families(self.text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def until(self, reached: Callable[[], bool]) -> None:
        """Wait until something is so, ten seconds at most."""
        due = time.monotonic() + 10
        while not reached():
            assert time.monotonic() < due, self.text
            time.sleep(0.05)


@pytest.fixture
def page() -> Page:
    """Return a page at a free port, with the setting of it."""
    return Page()


def test_page_counts_operations_by_field_kind_and_outcome(account: tuple[str, str], page: Page) -> None:
    with operator(account, **page.setting) as one:
        for _ in range(3):
            one.post(TEAM_PAGE, id=one.team)
        one.post("{ nothing }")
        one.post("{ viewer { id } unreadNothing: team(id: 7) { id } }")
        assert page.value("milequest_operations_total", field="team", kind="query", outcome="OK") == 3
        assert page.value("milequest_operations_total", field="none", outcome="VALIDATION_ERROR") == 1
        assert page.value("milequest_operations_total", field="several", outcome="VALIDATION_ERROR") == 1
        name = "milequest_operation_duration_seconds"
        assert page.value(f"{name}_count", field="team") == 3
        assert 0 < page.value(f"{name}_sum", field="team") < 3
        assert page.value(f"{name}_bucket", field="team", le="+Inf") == 3
        assert page.value("milequest_statement_duration_seconds_count") > 6
        assert page.value("milequest_jobs_total", job="goals", outcome="OK") == 1


def test_page_counts_sockets_results_and_their_lag(account: tuple[str, str], page: Page) -> None:
    with operator(account, **page.setting) as one:
        with socket_of(one) as held:
            subscribe(held, FOLLOW, id=one.team)
            assert page.value("milequest_sockets", kind="websocket") == 1
            assert page.value("milequest_subscribers") == 1
            one.post(LOG_WALK, input=walk())
            held.recv(10)
            assert page.value("milequest_results_total") >= 1
            assert page.value("milequest_fanout_lag_seconds_count") >= 1
            assert 0 < page.value("milequest_fanout_lag_seconds_sum") < 10
            held.close(4321)
        page.until(lambda: page.value("milequest_sockets", kind="websocket") == 0)
        assert page.value("milequest_sockets_ended_total", protocol="graphql-transport-ws", code="client") == 1
        assert page.value("milequest_database_connections", pool="writer", state="idle") >= 1


def test_metrics_page_says_which_server_is_away(account: tuple[str, str], page: Page) -> None:
    with operator(account, **page.setting) as one:
        assert page.value("milequest_server_away", server="PostgreSQL") == 0
        with Redis.from_url(account[1]) as valkey:
            valkey.client_pause(4_000)
        one.post(LOG_WALK, input=walk())
        page.until(lambda: page.value("milequest_server_away", server="Valkey") == 1)
        assert page.value("milequest_server_failures_total", server="Valkey") >= 1
        assert page.value("milequest_server_away", server="PostgreSQL") == 0


def test_metrics_label_never_has_a_callers_data(account: tuple[str, str], page: Page) -> None:
    with operator(account, **page.setting) as one:
        for number in range(50):
            one.post(f"query Name{number} {{ alias{number}: viewer {{ id }} }}", name=f"Name{number}")
            one.post("{ viewer { id } }", name=HOSTILE)
            one.post(f"{{ unknown{number} }}", token=f"Name{number}")
        with socket_of(one) as held:
            held.close(4999, HOSTILE)
        page.until(lambda: page.value("milequest_sockets_ended_total") == 1)
        text = page.text
    assert "forged" not in text
    labels = dict(re.findall(r'(\w+)="([^"]*)"', text))
    assert not re.search(r"Name\d|alias|unknown\d|4999", " ".join(re.findall(r'="([^"]*)"', text)))
    fields = set(re.findall(r'field="([^"]*)"', text)) - {"none", "several"}
    schema = build()._schema
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    assert fields <= {name for root in roots if root for name in root.fields}
    assert labels.keys() <= {"field", "kind", "outcome", "le", "job", "server", "pool", "state", "protocol", "code"}
    assert len(text.splitlines()) < 400


def test_metrics_page_is_served_at_its_own_address_only(account: tuple[str, str], page: Page) -> None:
    with served(*account, **page.setting) as (url, _):
        origin = url.removesuffix("/graphql")
        assert httpx.get(f"{origin}/metrics").status_code == 404
        assert page.text
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://127.0.0.2:{page.port}/metrics")


WITHOUT = """
import sys
sys.modules.update({"opentelemetry": None, "prometheus_client": None})  # as where they are not installed
"""


def test_server_without_the_setting_has_no_page_and_needs_none_of_the_packages(account: tuple[str, str]) -> None:
    with operator(account, script=WITHOUT + SERVED) as one:
        assert one.post(TEAM_PAGE, id=one.team).status_code == 200
        assert httpx.get(f"{one.url.removesuffix('/graphql')}/metrics").status_code == 404


def test_server_with_the_setting_and_without_the_packages_says_how_to_get_them(page: Page) -> None:
    script = WITHOUT + "from app.telemetry import check\nfrom milequest.settings import load\ncheck(load(%r))"
    done = subprocess.run(
        [sys.executable, "-c", script % page.setting], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert "SetupError: metrics and traces need more packages: python3 -I app/environment.py telemetry" in done.stderr


def test_server_does_not_start_if_the_metrics_address_is_in_use(milequest: Milequest, page: Page) -> None:
    with socket.create_server(("127.0.0.1", page.port)):
        failed = milequest("run", **page.setting)
    assert failed.returncode == 1
    assert (
        failed.stderr == "error: MILEQUEST_METRICS_ADDRESS cannot be had (Address already in use): name another one\n"
    )


def test_page_for_operators_names_every_metric(account: tuple[str, str], page: Page) -> None:
    with operator(account, **page.setting) as one:
        touch(one, page)
        names = set(re.findall(r"^# TYPE (milequest_\w+)", page.text, re.MULTILINE))
    section = Path(PROJECT, "docs", "observability.md").read_text().partition("\n## Metrics\n")[2].partition("\n## ")[0]
    assert names - {"milequest_server_failures_total"} == set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) - {
        "milequest_server_failures_total"
    }


def touch(one: Operator, page: Page) -> None:
    """Have everything happen once that is counted, but failures."""
    with socket_of(one) as held:
        subscribe(held, FOLLOW, id=one.team)
        one.post(LOG_WALK, input=walk())
        held.recv(10)
    page.until(lambda: page.value("milequest_sockets_ended_total") == 1)
