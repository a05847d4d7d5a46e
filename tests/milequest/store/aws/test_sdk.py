"""AWS by its SDK: opened at first use, with our credentials, errors, deadlines and attempts."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import chain, repeat
from typing import Any

import pytest
from botocore.retries.standard import ThrottledRetryableChecker

from milequest.settings import PROJECT
from milequest.store import deadlines
from milequest.store.away import Away
from milequest.store.aws import sdk_session
from milequest.store.aws.aws_credentials import Source, fixed
from milequest.store.aws.retries import ATTEMPTS, BUSY, AwsError
from milequest.store.aws.sdk import Sdk
from milequest.store.aws.signing import Credentials
from milequest.telemetry import spans
from tests.milequest.store.aws.stub import stubbed

NOBODY = fixed(Credentials("key", "secret"))
SECRET = (200, b'{"SecretString": "{}"}')
STALLS = [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"HTTP/1.1 200 OK\r\n\r\n"]
GARBAGE = [b"\0\1\2\3\r\n\r\n", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"]


@asynccontextmanager
async def answering(said: bytes, *, hangs: bool) -> AsyncIterator[tuple[Sdk, asyncio.Queue[str]]]:
    """Yield the SDK at a server that says this to every request, then hangs up or says no more; and its endings."""
    endings: asyncio.Queue[str] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        while hangs and await reader.read(65_536):
            pass
        endings.put_nowait("closed by the client" if hangs else "closed")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        sdk = Sdk(NOBODY, "us-east-1", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        yield sdk, endings
        await sdk.close()


@pytest.mark.parametrize("said", STALLS)
@pytest.mark.parametrize("call", [("secretsmanager", "describe_secret"), ("s3", "get_object")])
async def test_server_that_stalls_is_away_in_time(
    said: bytes, call: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with answering(said, hangs=True) as (sdk, endings):
        await sdk.client(call[0])  # which takes its time
        monkeypatch.setattr(sdk_session, "SECONDS", 0.2)
        began = time.monotonic()
        with pytest.raises(Away):
            await sdk.call_once(*call, **({"Bucket": "b", "Key": "k"} if call[0] == "s3" else {"SecretId": "s"}))
        assert time.monotonic() - began < 2
        async with asyncio.timeout(5):
            assert await endings.get() == "closed by the client"


@pytest.mark.parametrize("said", GARBAGE)
@pytest.mark.parametrize("call", [("secretsmanager", "describe_secret"), ("s3", "get_object")])
async def test_server_that_garbles_is_away(said: bytes, call: tuple[str, str]) -> None:
    async with answering(said, hangs=False) as (sdk, endings):
        with pytest.raises(Away):
            await sdk.call(*call, **({"Bucket": "b", "Key": "k"} if call[0] == "s3" else {"SecretId": "s"}))
        assert endings.qsize() == ATTEMPTS


async def test_absent_server_is_away() -> None:
    sdk = Sdk(NOBODY, "us-east-1", "http://127.0.0.1:9")
    with pytest.raises(Away, match="EndpointConnectionError"):
        await sdk.call("secretsmanager", "describe_secret", SecretId="s")
    await sdk.close()


async def test_call_ends_at_the_deadline_of_what_is_being_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "ANSWER_SECONDS", 0.3)
    async with answering(b"", hangs=True) as (sdk, _):
        await sdk.client("secretsmanager")
        began = time.monotonic()
        with pytest.raises(Away):
            await deadlines.in_time(sdk.call)("secretsmanager", "describe_secret", SecretId="s")
        assert time.monotonic() - began < 2


async def test_cancelled_call_ends_at_once_and_leaves_no_connection() -> None:
    async with answering(b"", hangs=True) as (sdk, endings):
        await sdk.client("secretsmanager")
        call = asyncio.create_task(sdk.call("secretsmanager", "describe_secret", SecretId="s"))
        await asyncio.sleep(0.2)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        async with asyncio.timeout(5):
            assert await endings.get() == "closed by the client"


@pytest.mark.parametrize(
    "trouble",
    [(500, b""), (503, b"<html>"), (400, b'{"__type": "com.amazonaws.x#ThrottlingException"}'), (429, b""), None],
)
async def test_passing_failure_of_a_call_by_the_sdk_is_tried_again(trouble: tuple[int, bytes] | None) -> None:
    async with stubbed(chain(repeat(trouble, ATTEMPTS - 1), repeat(SECRET))) as stub:
        answer = await stub.aws.sdk.call("secretsmanager", "get_secret_value", SecretId="s")
        assert answer["SecretString"] == "{}"
        assert len(stub.asked) == ATTEMPTS


async def test_call_that_may_do_harm_twice_is_sent_once() -> None:
    async with stubbed(repeat((500, b""))) as stub:
        with pytest.raises(AwsError):
            await stub.aws.sdk.call_once("secretsmanager", "get_secret_value", SecretId="s")
        assert len(stub.asked) == 1


async def test_refusal_has_the_status_and_aws_name_of_the_error() -> None:
    async with stubbed(repeat((400, b'{"__type": "com.amazonaws.x#ResourceNotFoundException"}'))) as stub:
        with pytest.raises(AwsError) as refused:
            await stub.aws.sdk.call("secretsmanager", "get_secret_value", SecretId="s")
        assert (refused.value.status, refused.value.code) == (400, "ResourceNotFoundException")
        assert len(stub.asked) == 1


async def test_many_first_calls_at_once_open_one_client_whose_connections_are_kept() -> None:
    async with stubbed(repeat(SECRET)) as stub:
        sdk = stub.aws.sdk
        clients = await asyncio.gather(*(sdk.client("secretsmanager") for _ in range(20)))
        assert len(set(map(id, clients))) == 1
        for _ in range(5):
            await sdk.call("secretsmanager", "get_secret_value", SecretId="s")
        assert stub.connections == 1


async def test_every_call_is_signed_by_credentials_that_are_valid_then() -> None:
    names = iter(["first", "second"])

    async def renewed() -> Credentials:
        return Credentials(next(names), "secret", "token")

    source: Source = renewed
    async with stubbed(repeat(SECRET)) as stub:
        sdk = Sdk(source, "eu-west-1", stub.url)
        for _ in range(2):
            await sdk.call("secretsmanager", "get_secret_value", SecretId="s")
        await sdk.close()
    for name, asked in zip(["first", "second"], stub.asked, strict=True):
        assert f"Credential={name}/" in asked
        assert "/eu-west-1/secretsmanager/aws4_request" in asked
        assert "X-Amz-Security-Token: token\r\n" in asked


async def test_credentials_that_cannot_be_had_are_away() -> None:
    async def away() -> Credentials:
        raise Away("no role")

    async with stubbed(repeat(SECRET)) as stub:
        sdk = Sdk(away, "us-east-1", stub.url)
        with pytest.raises(Away, match="no role"):
            await sdk.call_once("secretsmanager", "get_secret_value", SecretId="s")
        await sdk.close()
        assert stub.asked == []


async def test_profiles_of_who_starts_the_process_count_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "of-somebody")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with stubbed(repeat(SECRET)) as stub:
        await stub.aws.sdk.call("secretsmanager", "get_secret_value", SecretId="s")
        assert len(stub.asked) == 1
    real = Sdk(NOBODY, "us-east-1")
    client = await real.client("secretsmanager")
    assert client.meta.endpoint_url == "https://secretsmanager.us-east-1.amazonaws.com"
    await real.close()


async def test_call_by_the_sdk_is_a_span(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    original = spans.span

    def span(name: str, *about: Any) -> Any:
        begun.append(name)
        return original(name, *about)

    monkeypatch.setattr(spans, "span", span)
    async with stubbed(repeat(SECRET)) as stub:
        await stub.aws.sdk.call("secretsmanager", "get_secret_value", SecretId="s")
    assert begun == ["AWS secretsmanager.get_secret_value"]


FIRST_CALL = """
import asyncio, sys, time
from milequest.store.aws.aws_credentials import fixed
from milequest.store.aws.sdk import Sdk
from milequest.store.aws.signing import Credentials
assert not {"aioboto3", "aiohttp", "botocore"} & set(sys.modules)

async def main():
    gaps, ends = [], asyncio.Event()
    async def tick():
        while not ends.is_set():
            began = time.monotonic()
            await asyncio.sleep(0.001)
            gaps.append(time.monotonic() - began)
    ticking = asyncio.create_task(tick())
    began = time.monotonic()
    await Sdk(fixed(Credentials("a", "b")), "us-east-1")._opened()
    print(time.monotonic() - began, end=" ")
    ends.set()
    await ticking
    print(max(gaps))

asyncio.run(main())
"""


def test_first_call_by_the_sdk_keeps_nobody_else_waiting() -> None:
    """Its import took most of a second, in which no other call was answered and no socket served."""
    done = subprocess.run(
        [sys.executable, "-c", FIRST_CALL], cwd=PROJECT, env=dict(os.environ), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    taken, longest = map(float, done.stdout.split())
    print(f"opened in {taken:.2f} s, in which others waited {longest:.3f} s at most")
    assert longest < taken / 3


def test_passing_errors_are_those_of_the_sdk_but_quotas_that_no_moment_frees() -> None:
    of_the_sdk = set(ThrottledRetryableChecker._THROTTLED_ERROR_CODES)
    assert of_the_sdk - BUSY == {"LimitExceededException", "EC2ThrottledException"}  # the latter is of no call of ours
