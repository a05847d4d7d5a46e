"""The log: a line of JSON for each record, without personal data."""

import base64
import json
import logging
import re
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from app.logs import ERASE_LINE, JsonFormatter, RepeatFilter
from milequest.settings import PROJECT
from tests.app.operators import CREATE_TEAM, LOG_WALK, SIGN_IN, make_account, served
from tests.service import PASSWORD

# Personal data of this test's people; none of it may be in the log.
SECRETS = {
    "email": "zsecretmail@example.org",
    "password": "Zsecret-Word-77",
    "team": "Zsecretteam",
    "notes": "Zsecretnotes",
    "place": "Zsecretplace",
    "lat": "47.123987",
    "lng": "8.987321",
    "key": "zsecret-key-0001",
    "code": "ZSECRETCODE1",
}

SIGN_UP = "mutation ($input: SignUpInput!) { signUp(input: $input) { ok } }"
REFRESH = "mutation ($input: RefreshTokenInput!) { refreshToken(input: $input) { session { accessToken } } }"
CREATE_GOAL = "mutation ($input: CreateGoalInput!) { createGoal(input: $input) { goalEdge { node { id } } } }"
INVITE = "mutation ($input: CreateInviteInput!) { createInvite(input: $input) { code } }"
PREVIEW = "query ($code: String!) { invitePreview(code: $code) { state } }"
REVERSE = "query ($position: LatLngInput!) { reverseGeocode(position: $position) { name } }"
SEARCH = "query ($query: String!) { searchTeams(query: $query) { nodes { id } } searchPlaces(query: $query) { name } }"

EVERY_WRITE_FAILS = """DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'spatial_ref_sys' LOOP
        EXECUTE format('ALTER TABLE %I ADD CONSTRAINT nothing_fits CHECK (false) NOT VALID', name);
    END LOOP; END $$"""


def formatted(record: logging.LogRecord) -> Any:
    """Return the record as it is written."""
    line = JsonFormatter().format(record)
    assert "\n" not in line
    return json.loads(line)


def record_of(
    message: str, *arguments: object, error: BaseException | None = None, name: str = "milequest.x", **extra: Any
) -> logging.LogRecord:
    """Return a record as a logger makes it."""
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, message, arguments, info)
    vars(record).update(extra)
    return record


def test_log_record_is_one_json_object() -> None:
    line = formatted(record_of("two\nlines and %s", "more", request_id="0192"))
    assert datetime.fromisoformat(line.pop("time")).tzinfo == UTC
    assert line == {"level": "ERROR", "logger": "milequest.x", "message": "two\nlines and more", "request_id": "0192"}


def test_logged_exception_has_class_and_stack_without_its_message() -> None:
    def inner() -> None:
        int("zsecret")

    try:
        try:
            inner()
        except ValueError as cause:
            raise ConnectionError(111, "to zsecret") from cause
    except ConnectionError as error:
        line = formatted(record_of("broken", error=error))
    outer, inner_one = line["exception"]
    assert (outer["type"], outer["errno"], inner_one["type"]) == ("ConnectionError", 111, "ValueError")
    assert re.fullmatch(r"tests/app/test_logs\.py:\d+ inner", inner_one["at"][-1])
    assert "zsecret" not in json.dumps(line)


def test_logged_recursion_is_shortened() -> None:
    def deeper() -> None:
        deeper()

    with pytest.raises(RecursionError) as error:
        deeper()
    line = formatted(record_of("broken", error=error.value))
    assert len(line["exception"][0]["at"]) == 30


def test_log_leaves_out_details_that_asyncio_appends() -> None:
    line = formatted(
        record_of("Task exception was never retrieved\nfuture: <Task exception=ValueError('zsecret')>", name="asyncio")
    )
    assert line["message"] == "Task exception was never retrieved"


def test_the_same_warning_is_written_once_a_minute() -> None:
    seldom = RepeatFilter()

    def written(text: str, second: float, level: int = logging.WARNING) -> bool:
        record = logging.LogRecord("milequest.bus", level, "", 0, "%s", (text,), None)
        record.created = second
        return seldom.filter(record)

    assert [written("Redis is away", at) for at in (1000, 1003, 1059, 1061, 1062)] == [True, False, False, True, False]
    assert written("another", 1003)
    assert [written("an error", 1003, logging.ERROR) for _ in range(2)] == [True, True]


def test_on_a_terminal_a_line_takes_the_place_of_a_bar() -> None:
    record = logging.LogRecord("milequest", logging.INFO, "", 0, "made", (), None)
    assert JsonFormatter(ERASE_LINE).format(record).startswith('\r\x1b[K{"time"')


def test_configured_log_takes_our_messages_and_warnings_and_errors_of_others() -> None:
    script = (
        "import logging, warnings; from app import logs; logs.configure('INFO')\n"
        "logging.getLogger('milequest.x').info('ours'); logging.getLogger('httpx').info('theirs')\n"
        "logging.getLogger('milequest.x').debug('too fine'); logging.getLogger('uvicorn.error').error('broken')\n"
        "warnings.warn('old')"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, text=True, capture_output=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(line["logger"], line["level"]) for line in lines] == [
        ("milequest.x", "INFO"), ("uvicorn.error", "ERROR"), ("py.warnings", "WARNING"),
    ]  # fmt: skip
    assert done.stdout == ""


def operations(team_id: str, refresh: str) -> list[tuple[str, dict[str, Any]]]:
    """Return operations full of private data."""
    position = {"lat": float(SECRETS["lat"]), "lng": float(SECRETS["lng"])}
    waypoints = [{"position": position, "name": SECRETS["place"]}, {"position": {"lat": 0, "lng": 0}}]
    walk = {
        "distanceMeters": 1000,
        "durationSeconds": 290,
        "startedAt": datetime.now(UTC).isoformat(),
        "notes": SECRETS["notes"],
    }
    inputs = [
        (SIGN_UP, {"email": f"a{SECRETS['email']}", "password": SECRETS["password"], "name": SECRETS["team"]}),
        (SIGN_IN, {"email": SECRETS["email"], "password": SECRETS["password"]}),
        (REFRESH, {"refreshToken": refresh}),
        (CREATE_TEAM, {"name": SECRETS["team"], "idempotencyKey": SECRETS["key"]}),
        (
            CREATE_GOAL,
            {
                "teamId": team_id,
                "name": SECRETS["team"],
                "startsOn": datetime.now(UTC).date().isoformat(),
                "waypoints": waypoints,
            },
        ),
        (LOG_WALK, walk),
        (INVITE, {"teamId": team_id, "email": SECRETS["email"]}),
    ]
    reads: list[tuple[str, dict[str, Any]]] = [
        (PREVIEW, {"code": SECRETS["code"]}),
        (REVERSE, {"position": position}),
        (SEARCH, {"query": SECRETS["place"]}),
        (f'{{ searchTeams(query: "{SECRETS["team"]}") {{ nodes {{ id }} }} }}', {}),
        ("query ($position: LatLngInput!) { nothing }", {"position": position}),
        (REVERSE, {"position": SECRETS["place"]}),
    ]
    return [(text, {"input": given}) for text, given in inputs] + reads


async def test_log_holds_no_secret_when_operations_fail(database_url: str, redis_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    with served(database_url, redis_url) as (url, lines), httpx.Client(timeout=20) as client:

        def post(text: str, variables: dict[str, Any], token: str = "") -> Any:
            headers = {"authorization": f"Bearer {token}"} if token else {}
            return client.post(url, json={"query": text, "variables": variables}, headers=headers).json()

        await make_account(database_url, redis_url)
        session = post(SIGN_IN, {"input": {"email": "owner@example.org", "password": PASSWORD}})["data"]["signIn"][
            "session"
        ]
        token, refresh = session["accessToken"], session["refreshToken"]
        team_id = post(CREATE_TEAM, {"input": {"name": "The team"}}, token)["data"]["createTeam"]["team"]["id"]
        for text, variables in operations(team_id, "zsecret-refresh"):
            post(text, variables, token)
            post(text, variables, f"{token[:-4]}zzzz")
        await connection.execute(EVERY_WRITE_FAILS)
        answers = [post(text, variables, token) for text, variables in operations(team_id, refresh)]
        errors = [error["extensions"] for answer in answers for error in answer.get("errors", ())]
        internal = [told["requestId"] for told in errors if told["code"] == "INTERNAL"]
        assert len(internal) >= 5, answers
        headers = [greet(url, sent) for sent in (token, f"{token[:-4]}zzzz")]
    await connection.close()
    assert sorted(internal) == sorted(
        line["request_id"] for line in lines if line["level"] == "ERROR" and "request_id" in line
    )
    assert any("sqlstate" in place for line in lines for place in line.get("exception", ()))
    text = json.dumps(lines).lower()
    found = [name for name, secret in SECRETS.items() if secret.lower() in text]
    assert found == []
    for secret in (token, refresh, PASSWORD, "owner@example.org", "zsecret", *headers):
        assert secret.lower() not in text


def greet(url: str, token: str) -> str:
    """Open a WebSocket with the token in the address, as AppSync's clients may; return that part of the address."""
    header = base64.b64encode(json.dumps({"Authorization": token}).encode()).decode()
    address = f"ws{url.removeprefix('http')}/realtime?header={quote(header)}"
    with connect(address, subprotocols=[Subprotocol("graphql-ws")]) as socket:
        socket.send('{"type": "connection_init"}')
        assert "connection_" in str(socket.recv(10))
    return header


def test_log_line_of_a_function_has_the_version_that_its_alarm_counts_by() -> None:
    record = logging.LogRecord("milequest.api", logging.ERROR, __file__, 1, "unexpected", None, None)
    assert json.loads(JsonFormatter(version="7").format(record))["version"] == "7"
    assert "version" not in json.loads(JsonFormatter().format(record))
