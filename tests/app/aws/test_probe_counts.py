"""The function of the operator's own client: what CloudWatch gets of a failure, and whose password is used."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from app.accounts import ensure_account
from app.aws.probe import KINDS, NoPasswordError, probed
from milequest.settings import Settings
from tests.milequest.store.aws.stub import stubbed
from tests.service import Service

EMAIL, LETTERS = "counted@example.org", "x" * 20
SECRET = (200, json.dumps({"SecretString": json.dumps({"password": LETTERS})}).encode())
MISSING = (400, json.dumps({"__type": "x#ResourceNotFoundException"}).encode())


def settings(url: str, *sockets: str) -> Settings:
    """Return the function's settings."""
    return Settings(
        probe_url=url,
        probe_sockets=sockets,
        probe_email=EMAIL,
        probe_secret="milequest-production-probe",
        metrics_namespace="MileQuest",
    )


def metrics(output: str) -> Mapping[str, Any]:
    """Return the one line of metrics, without CloudWatch's own part."""
    line: dict[str, Any]
    (line,) = [json.loads(text) for text in output.splitlines() if "_aws" in text]
    described = line.pop("_aws")["CloudWatchMetrics"][0]
    assert {one["Name"] for one in described["Metrics"]} == set(line)
    assert (described["Namespace"], described["Dimensions"]) == ("MileQuest", [[]])
    return line


async def test_success_counts_with_its_times(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    await asyncio.wrap_future(
        asyncio.run_coroutine_threadsafe(
            ensure_account(service.runtime, EMAIL, KINDS + LETTERS, "Counted", datetime.now(UTC)), service.loop
        )
    )
    async with stubbed(iter([SECRET])) as stub:
        assert await probed(stub.aws, settings(service.origin, service.socket_url)) == {}
    told = metrics(capsys.readouterr().out)
    assert told["ProbeWorked"] == 1
    assert 0 <= told["ProbeHeard"] < told["ProbeDuration"]


async def test_failure_counts_as_nought_and_its_step_is_logged_without_a_secret(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with stubbed(iter([SECRET])) as stub:
        told = await probed(stub.aws, settings("http://127.0.0.1:9", "ws://127.0.0.1:9/graphql"))
    assert told == {"failed": "ready: ClientConnectorError"}
    assert metrics(capsys.readouterr().out) == {"ProbeWorked": 0}
    assert "ready: ClientConnectorError" in caplog.text
    assert LETTERS not in caplog.text


async def test_secret_without_a_value_is_an_error() -> None:
    async with stubbed(iter([MISSING])) as stub:
        with pytest.raises(NoPasswordError):
            await probed(stub.aws, settings("http://127.0.0.1:9"))
