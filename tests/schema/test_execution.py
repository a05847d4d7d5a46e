"""Running documents: errors as clients see them, and the caches between requests."""

import logging
import tracemalloc
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
import strawberry

from milequest.rules.errors import ErrorCode, RateLimited, Refused, invalid
from resolvers.context import AnyContext, append_error, error
from schema import limits
from schema.build import runner as real_runner
from schema.directives import ALL_CALLERS, SIGNED_IN
from schema.error_payloads import RequestRefused
from schema.execution import TOKEN_BYTES, Runner
from schema.fields import arg, attribute, field
from tests.quest import Quest
from tests.schema.small import run, runner_of, told


@dataclass(frozen=True, slots=True)
class Row:
    """A row that lacks a required value."""

    number: object
    text: str | None = None


def refuse(_: AnyContext) -> None:
    raise Refused(ErrorCode.TEAM_FULL, "No seat is left.", maxMembers=5)


def wrong(_: AnyContext) -> None:
    raise invalid("input.name", "TOO_LONG", "must have 1 to 3 characters", low=1, high=3)


async def limited(_: AnyContext) -> None:
    raise RateLimited("Too many.", 30)


def give_up(_: AnyContext) -> None:
    error(ErrorCode.ROUTE_ERROR, "No way.", legIndex=2)


def doubtful(ctx: AnyContext) -> str:
    append_error(ctx, Refused(ErrorCode.IMPLAUSIBLE, "That was fast."))
    return "kept"


BROKEN = RuntimeError("the password is hunter2")


async def broken(_: AnyContext) -> None:
    raise BROKEN


@strawberry.type(description="x")
class Thing:
    number: int | None = attribute("x")
    text: str = attribute("x")

    @field(doubtful)
    def doubtful(self) -> str | None:
        """x"""

    @field(broken)
    def broken(self) -> str | None:
        """x"""


@strawberry.type(description="x")
class Query:
    @field(refuse, *ALL_CALLERS)
    def refused(self) -> str | None:
        """x"""

    @field(wrong, *ALL_CALLERS)
    def wrong(self) -> str | None:
        """x"""

    @field(limited, *ALL_CALLERS)
    def limited(self) -> str | None:
        """x"""

    @field(give_up, *ALL_CALLERS)
    def given_up(self) -> str | None:
        """x"""

    @field(doubtful, *ALL_CALLERS)
    def doubtful(self) -> str | None:
        """x"""

    @field(broken, *ALL_CALLERS)
    def broken(self) -> str | None:
        """x"""

    @field(lambda _: [Row(1, "a"), Row("two", "b"), Row(3, None)], *ALL_CALLERS, bound=3)
    def things(self) -> list[Thing | None] | None:
        """x"""

    @field(lambda ctx: ctx.args["text"], *ALL_CALLERS)
    def echo(self, text: Annotated[str, arg("x")]) -> str | None:
        """x"""

    @field(lambda _: "in", *SIGNED_IN)
    def signed_in(self) -> str | None:
        """x"""


@pytest.fixture(scope="module")
def runner() -> Runner:
    return runner_of(Query)


@pytest.mark.parametrize(
    ("name", "message", "extensions"),
    [
        ("refused", "No seat is left.", {"code": "TEAM_FULL", "maxMembers": 5}),
        ("limited", "Too many.", {"code": "RATE_LIMITED", "retryable": True, "retryAfterSeconds": 30}),
        ("givenUp", "No way.", {"code": "ROUTE_ERROR", "legIndex": 2}),
        ("signedIn", "Sign in first.", {"code": "UNAUTHENTICATED"}),
        ("broken", "Something went wrong on our side.", {"code": "INTERNAL"}),
    ],
)
async def test_an_error_has_its_code_its_details_and_the_requests_id(
    runner: Runner, name: str, message: str, extensions: dict[str, Any]
) -> None:
    result = await run(runner, f'{{ {name} echo(text: "x") }}')
    assert result.data == {name: None, "echo": "x"}
    assert told(result) == [(message, [name], extensions | {"requestId": "0192f1c2"})]
    assert result.errors is not None
    assert result.errors[0].locations


async def test_a_wrong_field_is_named_with_its_range(runner: Runner) -> None:
    ((message, _, extensions),) = told(await run(runner, "{ wrong }"))
    assert message == "input.name: must have 1 to 3 characters"
    (fault,) = extensions["fields"]
    assert fault == {
        "path": "input.name",
        "code": "TOO_LONG",
        "message": "must have 1 to 3 characters",
        "min": 1,
        "max": 3,
    }


async def test_an_appended_error_keeps_the_value(runner: Runner) -> None:
    result = await run(runner, "{ a: doubtful things { doubtful } }")
    assert result.data is not None
    assert result.data["a"] == "kept"
    paths = [path for _, path, _ in told(result)]
    assert paths == [["a"], ["things", 0, "doubtful"], ["things", 1, "doubtful"], ["things", 2, "doubtful"]]
    assert {extensions["code"] for _, _, extensions in told(result)} == {"IMPLAUSIBLE"}


async def test_value_that_does_not_fit_its_type_is_masked_as_internal(
    runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    result = await run(runner, "{ things { number text } }")
    assert result.data == {"things": [{"number": 1, "text": "a"}, {"number": None, "text": "b"}, None]}
    assert [(path, extensions["code"]) for _, path, extensions in told(result)] == [
        (["things", 1, "number"], "INTERNAL"),  # "two" is no Int
        (["things", 2, "text"], "INTERNAL"),  # null for a non-null text
    ]
    assert "two" not in str(told(result))
    assert len(caplog.records) == 2


async def test_a_database_out_of_reach_is_told_and_logged_in_one_line(
    quest: Quest, caplog: pytest.LogCaptureFixture
) -> None:
    ada = await quest.user("Ada")
    await quest.runtime.writer.close()
    result = await ada.result("{ viewer { email } again: viewer { email } __typename }", {})
    assert result.data == {"viewer": None, "again": None, "__typename": "Query"}
    extensions = {"code": "UNAVAILABLE", "retryable": True, "retryAfterSeconds": 1}
    assert [(extensions | (error.extensions or {})) == error.extensions for error in result.errors or ()] == [True] * 2
    (record,) = [record for record in caplog.records if record.name == "milequest.graphql"]
    assert (record.levelname, record.getMessage(), record.exc_info) == (
        "WARNING",
        "no answer for now: InterfaceError",
        None,
    )


async def test_repeated_failure_of_one_request_is_logged_once(runner: Runner, caplog: pytest.LogCaptureFixture) -> None:
    result = await run(runner, "{ a: broken b: broken things { broken } }")
    assert len(told(result)) == 5
    assert "hunter2" not in str(told(result))
    (record,) = caplog.records
    assert (record.name, record.levelno, vars(record)["request_id"]) == ("milequest.graphql", logging.ERROR, "0192f1c2")
    assert record.exc_info is not None
    assert record.exc_info[1] is BROKEN


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("query ($t: String!) { echo(text: $t) }", {}),
        ("query ($t: String!) { echo(text: $t) }", {"t": None}),
        ("query ($t: String!) { echo(text: $t) }", {"t": 5}),
        ("query ($t: String!) { echo(text: $t) }", {"t": ["x"]}),
        ("query ($t: Boolean = true) { __typename @skip(if: $t) }", {"t": None}),
        ("query ($t: Nothing) { echo(text: $t) }", {}),
        ("{ echo }", {}),
        ("{ echo(text: 5) }", {}),
        ("{ echo(text: \"x\", more: 1) }", {}),
        ("{", {}),
        ("", {}),
        ("fragment F on Query { __typename }", {}),
        ("{ __typename } { __typename }", {}),
        ("type T { x: Int }", {}),
        ("{ things @stream { text } }", {}),
        ("query @experimental_disableErrorPropagation { echo(text: \"x\") }", {}),
    ],
)  # fmt: skip
async def test_invalid_document_or_variable_is_refused_as_a_validation_error(
    runner: Runner, text: str, variables: dict[str, Any]
) -> None:
    with pytest.raises(RequestRefused) as refused:
        await run(runner, text, variables)
    assert {error.extensions["code"] for error in refused.value.errors if error.extensions} == {"VALIDATION_ERROR"}


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
        ({"startsOn": "soon"}, "input.startsOn", "AWSDate cannot represent the value: write a day as 2026-11-22."),
        ({"waypoints": [{"position": {"lat": "x", "lng": 1}}]}, "input.waypoints[0].position.lat", "Float cannot"),
        ({"graceHours": 1.5}, "input.graceHours", "Int cannot represent non-integer value: 1.5"),
        ({"more": "a: b"}, "input", "Expected value of type 'CreateGoalInput' not to include unknown field 'more'"),
    ],
)
async def test_a_wrong_variable_is_named(quest: Quest, given: dict[str, Any], path: str, message: str) -> None:
    text = "mutation ($input: CreateGoalInput!) { createGoal(input: $input) { team { id } } }"
    goal = {"teamId": "x", "name": "Far", "startsOn": "2026-11-22", "waypoints": []} | given
    extensions = await quest.anonymous.refused(text, input=goal)
    (fault,) = extensions["fields"]
    assert (extensions["code"], fault["path"], fault["code"]) == ("VALIDATION_ERROR", path, "MALFORMED")
    assert fault["message"].startswith(message)


async def test_an_argument_that_turns_out_null_is_the_clients_error(
    runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    """A variable with a default may be used where null is forbidden; given as null it fails at the field."""
    result = await run(runner, 'query ($t: String = "x") { a: echo(text: $t) b: __typename }', {"t": None})
    assert result.data == {"a": None, "b": "Query"}
    ((_, path, extensions),) = told(result)
    assert (path, extensions) == (["a"], {"code": "VALIDATION_ERROR"})
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def test_at_most_ten_wrong_variables_are_reported() -> None:
    names = " ".join(f"$v{i}: ID!" for i in range(50))
    uses = " ".join(f"$v{i}" for i in range(50))
    with pytest.raises(RequestRefused) as refused:
        await run(
            real_runner(), f"query ({names}) {{ nodes(ids: [{uses}]) {{ id }} }}", {f"v{i}": {} for i in range(50)}
        )
    assert len(refused.value.errors) == limits.MAX_ERRORS + 1


def test_a_prepared_document_is_kept(runner: Runner) -> None:
    assert runner.prepare("{ __typename }") is runner.prepare("{ __typename }")
    assert runner.prepare("{ __typename }") is not runner.prepare("{  __typename }")


def test_the_documents_used_last_are_kept_within_their_memory(runner: Runner) -> None:
    small = Runner(runner.schema, kept_bytes=20 * TOKEN_BYTES)
    often = small.prepare("{ __typename }")
    for number in range(20):
        small.prepare(f"{{ a{number}: __typename }}")
        assert small.prepare("{ __typename }") is often
    assert small._kept.cost == sum(kept.bytes for _, kept in small._kept.items()) <= 20 * TOKEN_BYTES
    assert len(small._kept) == 3
    large = "{ " + " ".join(f"a{number}: __typename" for number in range(20)) + " }"
    assert small.prepare(large) is not small.prepare(large)  # larger than the whole cache


def test_a_documents_memory_is_estimated_well() -> None:
    texts = [
        f"{{ {' '.join(f'a{i}x{number}: viewer {{ id user {{ name }} }}' for i in range(30))} }}"
        for number in range(20)
    ]
    kept = Runner(real_runner().schema)
    kept.prepare(texts.pop())
    before = kept._kept.cost
    tracemalloc.start()
    for text in texts:
        kept.prepare(text)
    real, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.5 < real / (kept._kept.cost - before) < 1.2
