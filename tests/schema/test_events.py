"""Subscriptions: the feed is passed on, each event is run by itself, and nothing hidden shows."""

from dataclasses import dataclass
from typing import Annotated, Any

import pytest
import strawberry

from milequest.rules.errors import ErrorCode, Refused
from resolvers.context import AnyContext, append_error
from schema.directives import ALL_CALLERS, SIGNED_IN
from schema.error_payloads import RequestRefused
from schema.execution import PreparedSubscription, Runner
from schema.fields import arg, attribute, field, subscription
from tests.schema.small import request, runner_of, told

BROKEN = RuntimeError("the password is hunter2")


@dataclass(frozen=True, slots=True)
class Row:
    """An event."""

    number: int


async def count(ctx: AnyContext) -> tuple[str, object]:
    """Return a feed: here it matters only that it reaches the runner of events."""
    return "numbers", ctx.args["then"]


def refuse(_: AnyContext) -> None:
    raise Refused(ErrorCode.TEAM_FULL, "No seat is left.")


def doubtful(ctx: AnyContext) -> str:
    append_error(ctx, Refused(ErrorCode.IMPLAUSIBLE, "That was fast."))
    return "kept"


async def broken(_: AnyContext) -> None:
    raise BROKEN


@strawberry.type(description="x")
class Thing:
    number: int | None = attribute("x")

    @field(doubtful)
    def doubtful(self) -> str | None:
        """x"""

    @field(broken)
    def broken(self) -> str | None:
        """x"""

    @field(lambda ctx: str(ctx.request.now))
    def now(self) -> str:
        """x"""


@strawberry.type(description="x")
class Query:
    @field(doubtful, *ALL_CALLERS)
    def nothing(self) -> str | None:
        """x"""


Then = Annotated[str, arg("x")]


@strawberry.type(description="x")
class Subscription:
    @subscription(count, *ALL_CALLERS)
    def numbers(self, then: Then) -> Thing | None:
        """x"""

    @subscription(count, *SIGNED_IN)
    def own_numbers(self, then: Then) -> Thing | None:
        """x"""

    @subscription(refuse, *ALL_CALLERS)
    def refused(self) -> Thing | None:
        """x"""


@pytest.fixture(scope="module")
def runner() -> Runner:
    return runner_of(Query, subscription=Subscription)


async def subscribe(runner: Runner, text: str, variables: dict[str, Any] | None = None) -> PreparedSubscription:
    """Prepare a subscription."""
    return await runner.subscribe(runner.prepare(text), request(), variables, None)


async def test_a_feed_and_its_arguments_come_through(runner: Runner) -> None:
    subscribed = await subscribe(runner, "subscription ($t: String!) { numbers(then: $t) { number } }", {"t": "end"})
    feed: Any = subscribed.feed
    assert feed == ("numbers", "end")
    assert subscribed.args == {"then": "end"}
    assert str(subscribed.event_type) == "Thing"


async def test_each_event_is_run_as_an_operation_of_its_own(runner: Runner) -> None:
    subscribed = await subscribe(runner, 'subscription { numbers(then: "end") { number now doubtful } }')
    for number in (1, 2):
        asked = request()
        result = await subscribed.run(Row(number), asked)
        assert result.data == {"numbers": {"number": number, "now": str(asked.now), "doubtful": "kept"}}
        assert [error.path for error in result.errors or ()] == [["numbers", "doubtful"]]


async def test_a_failure_within_an_event_is_masked(runner: Runner, caplog: pytest.LogCaptureFixture) -> None:
    subscribed = await subscribe(runner, 'subscription { numbers(then: "end") { number broken } }')
    result = await subscribed.run(Row(1), request())
    assert result.data == {"numbers": {"number": 1, "broken": None}}
    assert "hunter2" not in str(told(result))
    assert len(caplog.records) == 1


async def test_no_event_is_null(runner: Runner) -> None:
    subscribed = await subscribe(runner, 'subscription { numbers(then: "end") { number } }')
    assert (await subscribed.run(None, request())).data == {"numbers": None}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('subscription { ownNumbers(then: "end") { number } }', "UNAUTHENTICATED"),
        ("subscription { refused { number } }", "TEAM_FULL"),
        ("subscription ($t: String!) { numbers(then: $t) { number } }", "VALIDATION_ERROR"),
        ('subscription { a: numbers(then: "end") { number } b: numbers(then: "end") { number } }', "VALIDATION_ERROR"),
        ('subscription { numbers(then: "end") @skip(if: true) { number } }', "VALIDATION_ERROR"),
    ],
)
async def test_a_subscription_that_cannot_begin_is_refused(runner: Runner, text: str, code: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        await subscribe(runner, text)
    assert [e.extensions["code"] for e in refused.value.errors if e.extensions] == [code]
