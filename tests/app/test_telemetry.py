"""Traces and metrics that go out by OTLP, from a server and from a function of Lambda."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.aws.container import Container
from milequest.settings import Settings
from milequest.telemetry import spans
from tests.app.operators import TEAM_PAGE, operator
from tests.app.operators import account as account
from tests.fakes.collector import collecting
from tests.ports import free_port


def test_server_sends_traces_and_metrics_where_the_setting_says(account: tuple[str, str]) -> None:
    with collecting() as collector:
        with operator(account, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_SERVICE_NAME="quest-7") as one:
            one.post(TEAM_PAGE, id=one.team)
        assert {"/graphql", "query team", "Query.team", "SELECT"} <= set(collector.spans)
        assert {"milequest.operations", "milequest.statement.duration"} <= collector.metrics
        assert collector.services == {"quest-7"}


def test_server_without_a_collector_serves_and_stops_in_time(account: tuple[str, str]) -> None:
    with operator(account, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}") as one:
        for _ in range(20):
            assert "errors" not in one.post(TEAM_PAGE, id=one.team).json()
        began = time.monotonic()
    assert time.monotonic() - began < 10
    assert len(one.of("operation", operation="TeamPage")) == 20


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[str]:
    """Open nothing."""
    yield "kept"


def test_function_of_lambda_sends_its_spans_before_it_is_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(kept: str) -> str:
        with spans.span("the work"):
            return kept

    container = Container(opened)
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        try:
            assert container.run(work) == "kept"
            assert collector.spans == ["the work"]
            container.run(work)
            assert collector.spans == ["the work"] * 2
        finally:
            container.close()
    assert spans.tracing is None


def test_function_of_lambda_does_not_wait_long_for_a_collector_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(kept: str) -> str:
        with spans.span("the work"):
            return kept

    container = Container(opened)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    try:
        began = time.monotonic()
        assert container.run(work) == "kept"
        assert time.monotonic() - began < 3
    finally:
        container.close()


def test_tracing_is_off_and_makes_no_span_without_the_setting() -> None:
    assert spans.tracing is None
    assert spans.span("a") is spans.span("b") is spans.NOTHING
    assert spans.following(["00-x"], "c") is spans.NOTHING
    assert spans.traceparent() is None
