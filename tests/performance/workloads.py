"""The four workloads, as clients send them: the documents, and requests that any server of the bench accepts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from tests.performance.client import UNIQUE
from tests.performance.dataset import Member

READERS = 100  # users who read; a caller is cached for five seconds, as one who opens a page is


@dataclass(frozen=True, slots=True)
class Workload:
    """An operation; `document` is its GraphQL text, `name` its operation's name."""

    name: str
    title: str
    document: str


LEADERBOARD = Workload(
    "Leaderboard",
    "leaderboard(100)",
    """query Leaderboard($id: ID!) { team(id: $id) { leaderboard(period: ALL_TIME) {
        entries(first: 100) { nodes { rank value competitor { name } } } } } }""",
)
TEAM_PAGE = Workload(
    "TeamPage",
    "team page",
    """query TeamPage($id: ID!) { team(id: $id) {
        name memberCount
        activeGoal { name progress { percent totalMeters position { lat lng } } }
        members(first: 20) { nodes { role user { name } } }
        activities(first: 20) { nodes { distanceMeters startedAt user { name } } } } }""",
)
SMALL = Workload(
    "Small",
    "small query",
    "query Small($id: ID!) { team(id: $id) { name activeGoal { progress { totalMeters } } } }",
)
LOG_ACTIVITY = Workload(
    "LogActivity",
    "logActivity",
    """mutation LogActivity($input: LogActivityInput!) { logActivity(input: $input) {
        activity { id distanceMeters } progress { totalMeters } } }""",
)
WORKLOADS = (LEADERBOARD, TEAM_PAGE, SMALL, LOG_ACTIVITY)


def requests(workload: Workload, members: Sequence[Member], now: datetime) -> list[bytes]:
    """Return HTTP requests to be sent in turn; `members` begin with those of the largest team."""
    callers = {LEADERBOARD: members[:READERS], LOG_ACTIVITY: members}.get(workload, members[-READERS:])
    return [_http(member.token, orjson.dumps(body(workload, member, now))) for member in callers]


def body(workload: Workload, member: Member, now: datetime) -> dict[str, Any]:
    """Return the body. It also names the viewer, for a server without tokens."""
    variables: dict[str, Any] = {"viewer": member.user_id.hex, "id": f"team_{member.team_id.hex}"}
    if workload is LOG_ACTIVITY:
        variables = {"viewer": member.user_id.hex, "input": _walk(now)}
    return {"query": workload.document, "operationName": workload.name, "variables": variables}


def _walk(now: datetime) -> dict[str, Any]:
    """Return a walk so short that no day gets too long; each request has a key of its own."""
    began = now - timedelta(minutes=30)
    return {
        "distanceMeters": 120.5,
        "durationSeconds": 90,
        "startedAt": began.isoformat(),
        "idempotencyKey": UNIQUE.decode(),
        "allowDuplicate": True,
    }


def _http(token: str, content: bytes) -> bytes:
    head = (
        "POST /graphql HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content
