"""Lines of operations, sockets, jobs and writes in the log of a server, read as an operator reads them."""

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from milequest.settings import PROJECT
from tests.app.operators import (
    FOLLOW,
    LOG_WALK,
    TEAM_PAGE,
    Operator,
    operator,
    say,
    socket_of,
    subscribe,
    walk,
)
from tests.app.operators import account as account


async def test_operation_line_has_name_duration_and_caller(account: tuple[str, str]) -> None:
    with operator(account) as one:
        answer = one.post(TEAM_PAGE, id=one.team)
    assert "errors" not in answer.json()
    (line,) = one.of("operation", operation="TeamPage")
    assert line.pop("duration_ms") > 0
    assert line.pop("statements") >= 2
    assert line.pop("time")
    assert line == {
        "level": "INFO",
        "logger": "milequest.operation",
        "message": "operation",
        "request_id": answer.headers["x-request-id"],
        "operation": "TeamPage",
        "kind": "query",
        "fields": ["team"],
        "caller": "USER",
        "transport": "http",
        "errors": [],
    }


async def test_operation_line_has_the_codes_of_its_errors(account: tuple[str, str]) -> None:
    with operator(account) as one:
        ids = [
            (answer.headers["x-request-id"], codes)
            for answer, codes in (
                (one.post("query Half { viewer { id } team(id: 7) { id } }"), ["VALIDATION_ERROR"]),
                (one.post("{ nothing }"), ["VALIDATION_ERROR"]),
                (one.post("{ viewer { id } }", token="no.good.token"), ["UNAUTHENTICATED"]),
                (one.post(LOG_WALK, input={**walk(), "distanceMeters": -1}), ["VALIDATION_ERROR"]),
            )
        ]
    for request_id, codes in ids:
        (line,) = one.of("operation", request_id=request_id)
        assert line["errors"] == codes, line
    assert one.of("operation", operation="Half")[0]["fields"] == ["viewer", "team"]
    assert one.of("operation", request_id=ids[2][0])[0]["caller"] is None


HOSTILE = 'x"}\n{"level":"ERROR","logger":"milequest.forged","message":"\x1b[2J\u2028 root'


async def test_operation_line_takes_no_name_that_is_not_of_the_document_and_cuts_a_long_one(
    account: tuple[str, str],
) -> None:
    with operator(account) as one:
        one.post("query Fine { viewer { id } }", name=HOSTILE)
        one.post(f"query {HOSTILE} {{ viewer {{ id }} }}")
        one.post(f"query Z{'a' * 5_000} {{ viewer {{ id }} }}")
        with socket_of(one) as socket:
            payload = {"query": "query Fine { viewer { id } }", "operationName": HOSTILE}
            say(socket, type="subscribe", id=HOSTILE, payload=payload)
            assert json.loads(socket.recv(10))["type"] == "error"
    names = {line["operation"] for line in one.of("operation")}
    assert f"Z{'a' * 63}" in names
    assert {name for name in names if name and not name.replace("_", "").isalnum()} == set()
    assert max(len(json.dumps(line)) for line in one.of("operation")) < 600
    text = json.dumps(one.lines)
    for part in ("forged", "[2J", "root", "\\u2028"):
        assert part not in text


async def test_write_line_has_action_teams_and_user(account: tuple[str, str]) -> None:
    with operator(account) as one:
        viewer = one.post("{ viewer { user { id } } }").json()["data"]["viewer"]["user"]["id"]
        answer = one.post(LOG_WALK, input=walk())
        logged = answer.json()["data"]["logActivity"]["activity"]["id"]
    (line,) = one.of("write", request_id=answer.headers["x-request-id"])
    assert (line["action"], line["user"]) == ("logActivity", viewer)
    assert line["teams"].keys() == {one.team}
    assert f"ACTIVITY_ADDED {logged.removeprefix('activity_')}" in line["events"]
    told = [line for line in one.of("write") if one.team in line.get("teams", ())]
    assert [line["action"] for line in told] == ["createTeam", "logActivity"]


async def test_socket_line_has_counts_and_close_code_and_its_operations_name_it(account: tuple[str, str]) -> None:
    with operator(account) as one:
        with socket_of(one) as socket:
            assert subscribe(socket, FOLLOW, id=one.team)["type"] == "next"
            socket.close(4321, "Zsecretreason")
        with connect(f"ws{one.url.removeprefix('http')}", subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
            socket.send("no message")
            with pytest.raises(Exception, match="4400"):
                socket.recv(10)
    first, second = one.of("socket")
    (began,) = one.of("operation", operation="Follow")
    assert (began["kind"], began["transport"], began["socket"]) == (
        "subscription",
        "graphql-transport-ws",
        first["socket"],
    )
    assert first["duration_ms"] >= 0
    assert [first[name] for name in ("protocol", "caller", "operations", "sent", "closed_by", "code")] == [
        "graphql-transport-ws",
        "USER",
        1,
        2,
        "client",
        4321,
    ]
    assert [second[name] for name in ("caller", "operations", "closed_by", "code")] == ["ANONYMOUS", 0, "server", 4400]
    assert "zsecret" not in json.dumps(one.lines).lower()


async def test_event_stream_has_the_line_of_a_socket(account: tuple[str, str]) -> None:
    with operator(account) as one:
        headers = {"authorization": f"Bearer {one.token}", "accept": "text/event-stream"}
        body = {"query": FOLLOW, "variables": {"id": one.team}}
        with one.client.stream("POST", one.url, json=body, headers=headers) as answer:
            next(text for text in answer.iter_lines() if text.startswith("data:"))
    (line,) = one.of("socket")
    assert (line["socket"], line["protocol"], line["operations"]) == (answer.headers["x-request-id"], "sse", 1)
    assert line["sent"] >= 1


async def test_each_run_of_a_job_has_a_line(account: tuple[str, str]) -> None:
    with operator(account) as one:
        pass
    jobs = {line["job"]: line for line in one.of("job")}
    assert jobs.keys() >= {"log", "answers", "goals", "keys"}
    assert jobs["goals"]["count"] == 0
    assert jobs["goals"]["statements"] >= 1
    assert jobs["goals"]["errors"] == []


async def test_an_operation_of_a_caller_without_points_fills_no_log(account: tuple[str, str]) -> None:
    with operator(account) as one:
        answers = spend(one)
    refused = one.of("operation", request_id=answers[-1].headers["x-request-id"])
    assert [(line["level"], line["errors"]) for line in refused] == [("DEBUG", ["RATE_LIMITED"])]


def spend(one: Operator) -> Sequence[Any]:
    """Send operations of many points until one is refused before it is read."""
    text = "{ " + " ".join(f"a{n}: searchTeams(query: $q, first: 30) {{ nodes {{ id }} }}" for n in range(20)) + " }"
    answers = []
    for _ in range(5_000):
        answers.append(one.post(f"query ($q: String!) {text}", q="x"))
        if answers[-1].status_code == 429 and "data" not in answers[-1].json():
            return answers
    raise AssertionError("no budget ended")


async def test_saved_queries_for_operators_ask_for_fields_that_lines_have(account: tuple[str, str]) -> None:
    with operator(account) as one:
        one.post(TEAM_PAGE, id=one.team)
    text = (PROJECT / "infra" / "stacks" / "watch.py").read_text()
    for name, logger in (("slow-operations", "operation"), ("writes", "write")):
        query = text.partition(f'"{name}": ')[2].partition('",\n')[0]
        assert f'logger = "milequest.{logger}"' in query
        asked = re.findall(r"(?<=[ ,])(\w+)(?=[,. ])", query.partition("| fields ")[2].partition(" |")[0] + " ")
        assert len(asked) >= 3
        assert set(asked) - {"timestamp", "message"} <= one.of(logger)[-1].keys()


async def test_fields_of_lines_are_those_of_the_page_for_operators(account: tuple[str, str]) -> None:
    with operator(account) as one, socket_of(one) as socket:
        assert subscribe(socket, FOLLOW, id=one.team)["type"] == "next"
    page = (PROJECT / "docs" / "observability.md").read_text()
    for logger in ("operation", "write", "socket", "job"):
        (row,) = re.findall(rf"^\| `milequest\.{logger}` \|.*\|(.*)\|$", page, re.MULTILINE)
        always = {"time", "level", "logger", "message"}
        written = {name for line in one.of(logger) for name in line} - always
        optional = {"retries"}
        assert written | optional == set(re.findall(r"`(\w+)`", row)) | optional
