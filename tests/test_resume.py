"""The resume helpers over connections that a test scripts. Against the service: tests/subscriptions."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from clients.resume import back_off, resume
from tests.service import run_client


class GraphQLErrors(Exception):
    """As libraries raise them."""

    def __init__(self, *extensions: dict[str, Any] | None) -> None:
        super().__init__("No.")
        self.errors = [{"message": "No.", "extensions": each} for each in extensions]


class Closed(Exception):
    """As `websockets` raises it."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.rcvd = SimpleNamespace(code=code)


PASSING = GraphQLErrors({"code": "UNAVAILABLE", "retryable": True})


def event(sequence: int, delivery: str = "LIVE") -> dict[str, Any]:
    return {"walks": {"cursor": f"at {sequence}", "sequence": sequence, "delivery": delivery}}


@dataclass
class Played:
    """A subscription whose attempts yield given results, and then end by an error or quietly."""

    attempts: Sequence[Sequence[Mapping[str, Any] | Exception]]
    begun: list[dict[str, Any]] = field(default_factory=list)
    waits: list[tuple[int, Exception | None]] = field(default_factory=list)
    left: int = 0

    async def subscribe(self, variables: dict[str, Any]) -> AsyncGenerator[Mapping[str, Any], None]:
        self.begun.append(variables)
        try:
            for step in self.attempts[len(self.begun) - 1]:
                if isinstance(step, Exception):
                    raise step
                yield step
        finally:
            self.left += 1

    def wait(self, attempt: int, error: Exception | None) -> float:
        self.waits.append((attempt, error))
        return 0

    async def told(self, count: int, **options: Any) -> list[Any]:
        """Return the sequences of the first results."""
        results = resume(self.subscribe, {"team": 1}, wait=self.wait, **options)
        told = []
        async for result in results:
            walks = result.get("data", result)["walks"]
            told.append(walks and walks["sequence"])
            if len(told) == count:
                break
        await results.aclose()
        return told


async def test_resume_begins_each_attempt_at_the_newest_cursor_without_duplicates() -> None:
    lost = ConnectionResetError()
    played = Played([[event(3), event(5), lost], [event(4, "REPLAY"), event(5), event(6)], [event(7)]])
    assert await played.told(4) == [3, 5, 6, 7]
    assert played.begun == [{"team": 1}, {"team": 1, "after": "at 5"}, {"team": 1, "after": "at 6"}]
    assert played.waits == [(0, lost), (0, None)]
    assert played.left == 3


async def test_resume_passes_on_resets_and_snapshots_and_restarts_its_cursor() -> None:
    steps = [event(90), event(4, "RESET"), event(5), event(5), event(2, "SNAPSHOT"), event(3)]
    assert await Played([steps]).told(5) == [90, 4, 5, 2, 3]


async def test_resume_passes_on_results_without_a_cursor() -> None:
    steps: list[dict[str, Any]] = [{"data": event(1)}, {"data": event(1)}, {"walks": None}, {"walks": {"sequence": 1}}]
    assert await Played([steps]).told(3) == [1, None, 1]


async def test_cursor_is_sent_in_the_variable_that_was_named() -> None:
    played = Played([[event(1)], [event(2)]])
    assert await played.told(2, after="since") == [1, 2]
    assert played.begun[1] == {"team": 1, "since": "at 1"}


@pytest.mark.parametrize("reason", [PASSING, OSError("away"), TimeoutError(), ConnectionResetError()])
async def test_passing_failure_is_tried_again(reason: Exception) -> None:
    played = Played([[reason], [reason], [event(1), reason], [event(2)]])
    assert await played.told(2) == [1, 2]
    assert played.waits == [(0, reason), (1, reason), (0, reason)]


@pytest.mark.parametrize("code", [1000, 1006, 1012, 1013, 4408, 4429])
async def test_a_connection_may_be_lost_in_a_librarys_own_way(code: int) -> None:
    assert await Played([[Closed(code)], [event(1)]]).told(1, lost=Closed) == [1]


@pytest.mark.parametrize(
    "reason",
    [
        GraphQLErrors({"code": "NOT_FOUND"}),
        GraphQLErrors({"retryable": True}, {"code": "NOT_FOUND"}),
        GraphQLErrors(None),
        TypeError("a mistake"),
        *[Closed(code) for code in (4400, 4401, 4403, 4406, 4409, 4500)],
    ],
)
async def test_lasting_failure_is_raised_to_the_caller(reason: Exception) -> None:
    with pytest.raises(type(reason)) as caught:
        await Played([[event(1), reason]]).told(2, lost=(OSError, Closed))
    assert caught.value is reason


async def test_should_retry_of_the_caller_decides_which_errors_are_retried() -> None:
    expired = GraphQLErrors({"code": "UNAUTHENTICATED"})
    played = Played([[event(1), expired], [event(2), TypeError()]])
    with pytest.raises(TypeError):
        await played.told(3, should_retry=lambda error: error is expired)
    assert played.begun[1]["after"] == "at 1"


def test_back_off_stays_within_its_growing_bound_and_retry_after() -> None:
    for attempt in range(40):
        assert 0 <= back_off(attempt, None) <= min(30, 2**attempt)
        assert back_off(attempt, GraphQLErrors({"retryAfterSeconds": 5}, None)) >= 5


def test_the_helper_for_javascript_holds_in_every_case() -> None:
    assert len(run_client("resume-cases.mjs")) == 15
