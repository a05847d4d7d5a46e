"""Pipelines run as AppSync runs them: before, functions, after; early returns, refusals, the context of each step."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, TypeAlias, cast

import pytest

from milequest.rules.errors import ErrorCode, QuestError, Refused, not_found
from milequest.rules.identity import ANONYMOUS, Identity
from resolvers.context import AnyContext, Context, Info, Request, Resolver, append_error, error, unauthorized
from resolvers.pipeline import MAX_FUNCTIONS, SkipTo, early_return, pipeline
from tests.quest import Quest
from tests.schema.small import SOMEBODY, request


class Here:
    """The field `Query.value`."""

    field_name = "value"
    parent_type_name = "Query"
    path: list[str | int] = ["value"]  # noqa: RUF012


def context(identity: Identity = ANONYMOUS) -> Context[Any, Any]:
    return Context({"n": 1}, "source", cast("Info", Here()), request(identity))


def log(name: str, result: Any = None) -> Resolver:
    """Return a step that records its name and the result before it."""

    def step(ctx: AnyContext) -> Any:
        ctx.stash.setdefault("log", []).append((name, ctx.prev))
        return name if result is None else result

    return step


def later(step: Resolver) -> Resolver:
    """Return the same step, answering only after a turn of the loop."""

    async def awaited(ctx: Context[Any, Any]) -> object:
        await asyncio.sleep(0)
        return step(ctx)

    return awaited


def same(step: Resolver) -> Resolver:
    return step


async def outcome(resolver: Resolver, ctx: Context[Any, Any]) -> object:
    """Return the resolver's result, awaited if need be."""
    result = resolver(ctx)
    return await result if inspect.isawaitable(result) else result


When: TypeAlias = Callable[[Resolver], Resolver]


@pytest.mark.parametrize("when", [same, later], ids=["sync", "async"])
class TestResolvers:
    """Each rule holds for steps that answer at once or later."""

    async def test_steps_run_in_order_each_with_its_predecessors_result(self, when: When) -> None:
        ctx = context()
        after = when(lambda c: (c.result, c.prev, c.error))
        resolver = pipeline(when(log("one")), when(log("two")), before=when(log("before")), after=after)
        assert await outcome(resolver, ctx) == ("two", "two", None)
        assert ctx.stash["log"] == [("before", None), ("one", "before"), ("two", "one")]

    async def test_without_after_the_last_result_is_the_fields(self, when: When) -> None:
        assert await outcome(pipeline(when(log("one")), when(log("two"))), context()) == "two"
        assert await outcome(pipeline(when(lambda _: None)), context()) is None

    async def test_an_early_return_from_before_skips_every_function(self, when: When) -> None:
        for skip_to in SkipTo:
            ctx = context()
            cached = early_return("cached", skip_to)
            resolver = pipeline(when(log("one")), before=when(log("before", cached)), after=when(lambda c: [c.result]))
            assert await outcome(resolver, ctx) == ["cached"]
            assert ctx.stash["log"] == [("before", None)]

    async def test_an_early_return_to_next_ends_its_function_alone(self, when: When) -> None:
        ctx = context()
        resolver = pipeline(when(log("one", early_return(1))), when(log("two")), after=when(log("after")))
        assert await outcome(resolver, ctx) == "after"
        assert ctx.stash["log"] == [("one", None), ("two", 1), ("after", "two")]

    async def test_an_early_return_to_end_skips_to_after(self, when: When) -> None:
        ctx = context()
        end = early_return("enough", SkipTo.END)
        resolver = pipeline(when(log("one", end)), when(log("two")), after=when(lambda c: [c.result]))
        assert await outcome(resolver, ctx) == ["enough"]
        assert ctx.stash["log"] == [("one", None)]
        assert await outcome(pipeline(when(log("one", end)), when(log("two"))), context()) == "enough"

    async def test_a_functions_refusal_is_for_after_to_answer(self, when: When) -> None:
        def missing(_: AnyContext) -> None:
            raise not_found("team")

        ctx = context()
        after = when(lambda c: (c.error and c.error.code, c.result, c.prev))
        resolver = pipeline(when(log("one")), when(missing), when(log("three")), after=after)
        assert await outcome(resolver, ctx) == (ErrorCode.NOT_FOUND, None, None)
        assert ctx.stash["log"] == [("one", None)]

        def again(c: AnyContext) -> None:
            assert c.error is not None
            raise c.error

        with pytest.raises(Refused, match="No such team"):
            await outcome(pipeline(when(missing), after=when(again)), context())
        with pytest.raises(Refused, match="No such team"):
            await outcome(pipeline(when(missing)), context())

    @pytest.mark.parametrize("where", ["before", "function", "after"])
    async def test_error_gives_the_field_up_wherever_it_is_called(self, when: When, where: str) -> None:
        def give_up(_: AnyContext) -> None:
            error(ErrorCode.ROUTE_ERROR, "No way.", legIndex=2)

        steps = {name: when(give_up if name == where else log(name)) for name in ("before", "function", "after")}
        with pytest.raises(QuestError) as refusal:
            await outcome(pipeline(steps["function"], before=steps["before"], after=steps["after"]), context())
        assert refusal.value.extensions() == {"code": "ROUTE_ERROR", "legIndex": 2}

    async def test_refusal_in_before_ends_the_field(self, when: When) -> None:
        def missing(_: AnyContext) -> None:
            raise not_found("team")

        with pytest.raises(Refused):
            await outcome(pipeline(log("one"), before=when(missing), after=log("after")), context())

    async def test_unexpected_error_of_a_step_is_raised_past_after(self, when: When) -> None:
        def broken(_: AnyContext) -> None:
            raise KeyError("x")

        with pytest.raises(KeyError):
            await outcome(pipeline(when(broken), after=log("after")), context())

    async def test_an_appended_error_stops_nothing(self, when: When) -> None:
        def doubt(c: AnyContext) -> int:
            append_error(c, Refused(ErrorCode.IMPLAUSIBLE, "That was fast."))
            return 1

        ctx = context()
        assert await outcome(pipeline(when(doubt), when(lambda c: [c.prev])), ctx) == [1]
        assert [(path, refusal.code) for path, refusal in ctx.request.errors] == [(["value"], ErrorCode.IMPLAUSIBLE)]

    async def test_unauthorized_tells_anonymous_from_forbidden_callers(self, when: When) -> None:
        for identity, code in ((ANONYMOUS, ErrorCode.UNAUTHENTICATED), (SOMEBODY, ErrorCode.FORBIDDEN)):
            with pytest.raises(QuestError) as refusal:
                await outcome(pipeline(when(unauthorized), after=log("after")), context(identity))
            assert refusal.value.code is code
        assert refusal.value.message == "Not authorized to access value on type Query."


def test_steps_that_never_wait_are_never_awaited() -> None:
    resolver = pipeline(log("one"), log("two"), before=log("before"), after=log("after"))
    assert resolver(context()) == "after"
    assert pipeline(log("one", early_return(5)))(context()) == 5


async def test_pipeline_runs_an_async_step_between_two_sync_ones_in_order() -> None:
    ctx = context()
    assert await outcome(pipeline(log("one"), later(log("two")), log("three")), ctx) == "three"
    assert ctx.stash["log"] == [("one", None), ("two", "one"), ("three", "two")]


async def test_a_context_serves_one_run() -> None:
    resolver = pipeline(log("one"), later(log("two")))
    contexts = [context() for _ in range(3)]
    await asyncio.gather(*(outcome(resolver, ctx) for ctx in contexts))
    assert [ctx.stash["log"] for ctx in contexts] == [[("one", None), ("two", "one")]] * 3


def test_a_pipeline_has_one_to_ten_functions() -> None:
    assert MAX_FUNCTIONS == 10
    pipeline(*[log("x")] * 10)
    for count in (0, 11):
        with pytest.raises(ValueError, match=f"not {count}"):
            pipeline(*[log("x")] * count)


async def test_a_context_has_appsyncs_names() -> None:
    ctx = context(SOMEBODY)
    assert (ctx.args, ctx.source, ctx.identity, ctx.user_id) == ({"n": 1}, "source", SOMEBODY, SOMEBODY.user_id)
    assert (ctx.stash, ctx.prev, ctx.result, ctx.error) == ({}, None, None, None)
    assert ctx.stash is ctx.stash
    with pytest.raises(QuestError) as refusal:
        _ = context().user_id
    assert refusal.value.code is ErrorCode.UNAUTHENTICATED


async def test_the_environment_is_the_settings_that_are_public(quest: Quest) -> None:
    made = Request("id", request().now, ANONYMOUS, quest.runtime)
    assert Context({}, None, cast("Info", Here()), made).env == {"ORIGIN": quest.runtime.settings.origin}
