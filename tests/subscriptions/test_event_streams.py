"""GraphQL over Server-Sent Events on the served service: its events, and the ids with which clients reconnect."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from milequest.rules.live import Cursor, read_cursor
from tests.documents import BOARD_STREAM as BOARD
from tests.documents import WALKS_STREAM as WALKS
from tests.event_streams import EVENTS, Event, asked
from tests.eventually import eventually
from tests.service import Service
from tests.subscriptions.team import LOG, UPDATE, Team

VIEWER = "{ viewer { email } }"


@pytest.fixture(autouse=True)
def _nothing_is_left(service: Service) -> Iterator[None]:
    yield
    eventually(lambda: not len(service.hub) + len(service.hub.plans) + len(service.app.state.streams))


def rows(event: Event) -> list[int]:
    """Return the values of the board in an event."""
    return [row["value"] for row in event.news["leaderboard"]["entries"]["nodes"]]


async def test_a_response_says_what_it_is(service: Service, team: Team) -> None:
    async with asked(service, WALKS, team.ann, team=team.id) as stream:
        await stream.next()
        headers = stream.response.headers
        assert stream.response.status_code == 200
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-cache", "no")
        assert headers["vary"] == "accept"
        assert "content-length" not in headers
        assert headers["x-request-id"]


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_each_logged_event_has_its_cursor_as_id(service: Service, team: Team, method: str) -> None:
    async with asked(service, WALKS, team.ann, method=method, team=team.id) as stream:
        first = await stream.next()
        assert (first.kind, first.news["delivery"], first.id) == ("next", "SNAPSHOT", first.news["cursor"])
        walk = await team.walk(team.ben)
        second = await stream.next()
        assert (second.news["delivery"], second.id) == ("LIVE", second.news["cursor"])
        assert second.news["edge"]["node"]["id"] == walk


async def test_event_stream_result_is_one_line(service: Service, team: Team) -> None:
    notes = "up\nand down\n\ndata: x\u2028\u2029end"
    walk = await team.walk(team.ben)
    async with asked(service, WALKS, team.ann, team=team.id) as stream:
        await stream.next()
        await team.do(team.ben, UPDATE, activityId=walk, notes=notes)
        told = (await stream.next()).news["edge"]["node"]
    assert told["notes"] == notes


async def test_reconnecting_event_stream_gets_missed_events(service: Service, team: Team) -> None:
    async with asked(service, WALKS, team.ann, team=team.id) as stream:
        seen = await stream.next()
    missed = [await team.walk(team.ben) for _ in range(3)]
    for after in ({}, {"after": "nonsense"}):  # its address still has its first beginning
        async with asked(
            service, WALKS, team.ann, method="GET", last_event_id=seen.id, team=team.id, **after
        ) as stream:
            events = [await stream.next() for _ in missed]
            assert [event.news["edge"]["node"]["id"] for event in events] == missed
            assert {event.news["delivery"] for event in events} == {"REPLAY"}
    async with asked(service, WALKS, team.ann, last_event_id=events[1].id, team=team.id) as stream:
        assert (await stream.next()).id == events[2].id
        walk = await team.walk(team.ben)
        assert (await stream.next()).news["edge"]["node"]["id"] == walk


@pytest.mark.parametrize("last", ["x", "é", "=", "9" * 5000, "ahead", "foreign", "epoch"])
async def test_event_stream_with_an_expired_cursor_gets_a_reset(service: Service, team: Team, last: str) -> None:
    async with asked(service, WALKS, team.ann, team=team.id) as stream:
        here = read_cursor((await stream.next()).id or "")
    assert here is not None
    places = {
        "ahead": replace(here, sequence=here.sequence + 1_000),
        "foreign": Cursor(here.epoch, f"team:{'0' * 32}", here.sequence),
        "epoch": replace(here, epoch=here.epoch + 1),
    }
    async with asked(service, WALKS, team.ann, last_event_id=str(places.get(last, last)), team=team.id) as stream:
        event = await stream.next()
        assert (event.news["delivery"], event.news["snapshot"]) == ("RESET", {"id": team.id})


async def test_event_stream_with_an_empty_last_event_id_begins_with_a_snapshot(service: Service, team: Team) -> None:
    async with asked(service, WALKS, team.ann, last_event_id="", team=team.id) as stream:
        assert (await stream.next()).news["delivery"] == "SNAPSHOT"


async def test_event_stream_of_a_state_begins_at_once_without_a_cursor(service: Service, team: Team) -> None:
    await team.walk(team.ben, 1500)
    async with asked(service, BOARD, team.ann, last_event_id="whatever", team=team.id) as stream:
        first = await stream.next()
        assert (first.id, rows(first)) == (None, [1500])
        await team.walk(team.ann, 2500)
        assert rows(await stream.next()) == [2500, 1500]


async def test_queries_and_mutations_are_one_event_and_the_end(service: Service, team: Team) -> None:
    for method in ("POST", "GET"):
        async with asked(service, VIEWER, team.ann, method=method) as stream:
            assert (await stream.next()).news["email"].startswith("ann-")
            assert [await stream.next(), await stream.next()] == [Event("complete"), Event("end")]
    walk = {"distanceMeters": -1, "durationSeconds": 60, "startedAt": datetime.now(UTC).isoformat()}
    async with asked(service, LOG, team.ann, input=walk) as stream:
        assert stream.response.status_code == 200
        answer = (await stream.next()).payload
        assert answer["data"] == {"logActivity": None}
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"VALIDATION_ERROR"}
        assert [await stream.next(), await stream.next()] == [Event("complete"), Event("end")]


NOWHERE = "team_0192f1c27b1e7c3a9d7e3f2a6c1b4d5e"


@pytest.mark.parametrize(
    ("query", "variables", "signed_in", "code"),
    [
        ("{", {}, True, "VALIDATION_ERROR"),
        ("{ nothing }", {}, True, "VALIDATION_ERROR"),
        ("query ($id: ID!) { team(id: $id) { id } }", {}, True, "VALIDATION_ERROR"),
        (WALKS, {}, True, "VALIDATION_ERROR"),
        (WALKS, {"team": "team_1"}, True, "VALIDATION_ERROR"),
        (WALKS, {"team": NOWHERE}, True, "NOT_FOUND"),
        (WALKS, {"team": NOWHERE}, False, "UNAUTHENTICATED"),
        (WALKS.replace("after: $after", 'after: $after, filter: "1"'), {"team": NOWHERE}, True, None),
    ],
)
async def test_refused_operation_is_answered_in_the_preferred_media_type(
    service: Service, team: Team, query: str, variables: dict[str, Any], signed_in: bool, code: str | None
) -> None:
    token = team.ann if signed_in else None
    async with asked(service, query, token, **variables) as stream:
        assert stream.response.status_code == 200
        failed = await stream.next()
        assert "data" not in failed.payload
        (error,) = failed.payload["errors"]
        assert error["extensions"]["requestId"] == stream.response.headers["x-request-id"]
        assert code in (None, error["extensions"]["code"])
        assert [(await stream.next()).kind for _ in range(2)] == ["complete", "end"]
    for accept, status in (("application/json", 200), ("application/graphql-response+json", 400)):
        both = f"{accept}, {EVENTS}"
        async with asked(service, query, token, accept=both, **variables) as stream:
            assert stream.response.status_code == status
            assert stream.response.headers["content-type"] == f"{accept}; charset=utf-8"
