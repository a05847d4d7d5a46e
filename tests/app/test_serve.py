"""Serving and stopping: requests under way end, work beside ends with the server and never takes it down."""

import http.client
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from milequest.settings import PROJECT

SLOW = """
import asyncio, signal, sys
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from app.serve import interruptible, listen, serve

async def slow(request):
    print("working", flush=True)
    await asyncio.sleep(0.5)
    return PlainTextResponse("done")

async def beside():
    if "fail" in sys.argv:
        raise RuntimeError("the walkers are tired")
    try:
        await asyncio.sleep(1000)
    finally:
        print("beside ended", flush=True)

async def who(request):
    return PlainTextResponse(request.client.host)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what it starts in the background
listener = listen("127.0.0.1", 0)
ready = lambda: print("port", listener.getsockname()[1], flush=True)
with interruptible():
    try:
        serve(Starlette(routes=[Route("/", slow), Route("/who", who)]), listener, ready, beside, None, sys.argv[2:])
    except KeyboardInterrupt:
        print("stopped", flush=True)
"""


@pytest.fixture
def start() -> Iterator[list[subprocess.Popen[str]]]:
    """Yield the processes a test starts, and end them."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def served(processes: list[subprocess.Popen[str]], *arguments: str) -> tuple[subprocess.Popen[str], int]:
    """Start the small application; return the process and its port."""
    command = [sys.executable, "-c", SLOW, *arguments]
    process = subprocess.Popen(command, cwd=PROJECT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    processes.append(process)
    assert process.stdout is not None
    found = re.fullmatch(r"port (\d+)\n", process.stdout.readline())
    assert found
    return process, int(found[1])


def get(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/")
    return connection.getresponse().read().decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_request_under_way_gets_its_answer(start: list[subprocess.Popen[str]], number: signal.Signals) -> None:
    process, port = served(start)
    answers: list[str] = []
    client = threading.Thread(target=lambda: answers.append(get(port)))
    client.start()
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    process.send_signal(number)
    client.join()
    said = process.communicate(timeout=20)
    assert answers == ["done"]
    assert (*said, process.returncode) == ("beside ended\nstopped\n", "", 0)


def test_work_beside_that_fails_is_logged_and_the_server_stays(start: list[subprocess.Popen[str]]) -> None:
    process, port = served(start, "fail")
    assert get(port) == "done"
    process.send_signal(signal.SIGINT)
    _, logged = process.communicate(timeout=20)
    assert "the work beside the server stopped" in logged
    assert "the walkers are tired" in logged
    assert process.returncode == 0


@pytest.mark.parametrize(("trusted", "seen"), [([], "127.0.0.1"), (["127.0.0.1"], "203.0.113.7")])
def test_only_a_trusted_proxy_says_who_calls(start: list[subprocess.Popen[str]], trusted: list[str], seen: str) -> None:
    _, port = served(start, "well", *trusted)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/who", headers={"X-Forwarded-For": "203.0.113.7"})
    assert connection.getresponse().read().decode() == seen
