"""Traces for AWS's own endpoint: each request is signed as AWS's SDK signs it, by the keys that are valid then."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from app.aws.container import Container
from milequest.settings import Settings
from milequest.telemetry import spans
from tests.app.operators import TEAM_PAGE, operator
from tests.app.operators import account as account
from tests.fakes.collector import Admits, collecting

KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG", "a session's token"
OURS = {
    "AWS_ACCESS_KEY_ID": KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_SESSION_TOKEN": TOKEN,
    "AWS_REGION": "us-west-2",
}


def signed_for(service: str, secret: str = SECRET) -> Admits:
    """Return a check of signatures as AWS makes it: the SDK signs the same request, at the time that it says."""

    def admits(path: str, headers: Mapping[str, str], body: bytes) -> bool:
        claim = headers.get("authorization", "")
        if not claim or path != "/v1/traces" or headers.get("x-amz-security-token") != TOKEN:
            return False
        at = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        names = claim.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        if abs(datetime.now(UTC) - at) > timedelta(minutes=5) or not {"host", "x-amz-date"} <= {*names}:
            return False
        given = {name: headers[name] for name in names if name not in ("x-amz-date", "x-amz-security-token")}
        request = AWSRequest("POST", f"http://{headers['host']}{path}", data=body, headers=given)
        request.context["timestamp"] = headers["x-amz-date"]
        signer = SigV4Auth(Credentials(KEY, secret, TOKEN), service, "us-west-2")
        request.headers["X-Amz-Date"] = headers["x-amz-date"]
        request.headers["X-Amz-Security-Token"] = TOKEN
        canonical = signer.canonical_request(request)
        signature = signer.signature(signer.string_to_sign(request, canonical), request)
        return claim.endswith(f"Signature={signature}") and f"/us-west-2/{service}/aws4_request" in claim

    return admits


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Return the environment of a function that signs."""
    for name, value in {**OURS, "MILEQUEST_OTEL_SIGNED": "yes"}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[str]:
    """Open nothing."""
    yield "kept"


async def _work(kept: str) -> str:
    with spans.span("the work"):
        return kept


def sent(environ: pytest.MonkeyPatch, admits: Admits) -> list[str]:
    """Return the spans that an endpoint has taken of a function's call."""
    container = Container(opened)
    with collecting(admits) as collector:
        environ.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        try:
            assert container.run(_work) == "kept"
        finally:
            container.close()
        assert collector.heads, "nothing was sent"
        return collector.spans


def test_function_signs_its_traces_for_xray(environ: pytest.MonkeyPatch) -> None:
    assert sent(environ, signed_for("xray")) == ["the work"]


def test_endpoint_takes_no_trace_of_another_service_or_key_or_without_a_signature(environ: pytest.MonkeyPatch) -> None:
    assert sent(environ, signed_for("logs")) == []
    assert sent(environ, signed_for("xray", "another secret")) == []
    environ.delenv("MILEQUEST_OTEL_SIGNED")
    assert sent(environ, signed_for("xray")) == []


def test_server_signs_its_traces_and_sends_no_metrics(account: tuple[str, str]) -> None:
    with collecting(signed_for("xray")) as collector:
        with operator(account, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, MILEQUEST_OTEL_SIGNED="yes", **OURS) as one:
            one.post(TEAM_PAGE, id=one.team)
        assert {"/graphql", "query team"} <= set(collector.spans)
        assert {path for path, _ in collector.bodies} == {"/v1/traces"}
        assert len(collector.heads) == len(collector.bodies), "none was refused"
