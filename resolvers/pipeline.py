"""Pipeline resolvers: before → functions → after, as AppSync runs them. Used only where steps are shared."""

from collections.abc import Awaitable
from dataclasses import dataclass
from enum import Enum
from inspect import isawaitable
from typing import Never, TypeAlias

from milequest.rules.errors import QuestError
from resolvers.context import Aborted, Context, Resolver

Passed: TypeAlias = Context[Never, Never]  # passed on to steps that know their field

MAX_FUNCTIONS = 10


class SkipTo(Enum):
    """Target of an early return."""

    NEXT = "NEXT"
    END = "END"


@dataclass(frozen=True, slots=True)
class EarlyReturn:
    """Result of a step that skips later ones: see `early_return`."""

    value: object
    skip_to: SkipTo


def early_return(value: object = None, skip_to: SkipTo = SkipTo.NEXT) -> EarlyReturn:
    """Return a result for a step to end with `value`.

    From `before` it skips every function; from a function, END skips the functions that follow and NEXT none.
    `after` always runs.
    """
    return EarlyReturn(value, skip_to)


def pipeline(*functions: Resolver, before: Resolver | None = None, after: Resolver | None = None) -> Resolver:
    """Return a resolver that runs the steps one after the other on one context.

    Each function sees its predecessor's result as `ctx.prev`, the first one that of `before`; `ctx.stash` carries the
    rest. With `after` its return value is the field's, and it sees the last result as `ctx.result`; without it the last
    result is the field's. Nothing is awaited unless a step returned an awaitable.

    A function's refusal skips the functions that follow; `after` finds it in `ctx.error`, to raise it again or to
    answer in its place. A refusal by `before`, and `error` or `unauthorized` in any step, end the field.
    """
    if not 1 <= len(functions) <= MAX_FUNCTIONS:
        raise ValueError(f"a pipeline has 1 to {MAX_FUNCTIONS} functions, not {len(functions)}")
    steps = (before or _nothing, *functions)

    def resolve(ctx: Passed) -> object:
        return _run(ctx, steps, after, 0)

    return resolve


def _nothing(_: Passed) -> None:
    return None


def _run(ctx: Passed, steps: tuple[Resolver, ...], after: Resolver | None, index: int) -> object:
    """Run the steps from `index` on; hand over to a coroutine at the first awaitable."""
    try:
        while index < len(steps):
            outcome = steps[index](ctx)
            if isawaitable(outcome):
                return _continue(ctx, steps, after, index, outcome)
            index = _take(ctx, outcome, index, len(steps))
    except QuestError as refusal:
        return _refused(ctx, after, index, refusal)
    return _finish(ctx, after)


async def _continue(
    ctx: Passed, steps: tuple[Resolver, ...], after: Resolver | None, index: int, pending: Awaitable[object]
) -> object:
    try:
        index = _take(ctx, await pending, index, len(steps))
    except QuestError as refusal:
        finished = _refused(ctx, after, index, refusal)
    else:
        finished = _run(ctx, steps, after, index)
    return await finished if isawaitable(finished) else finished


def _take(ctx: Passed, outcome: object, index: int, count: int) -> int:
    """Store a step's outcome as `prev`; return the index of the step to run next."""
    if isinstance(outcome, EarlyReturn):
        ctx.prev = outcome.value
        return count if index == 0 or outcome.skip_to is SkipTo.END else index + 1
    ctx.prev = outcome
    return index + 1


def _refused(ctx: Passed, after: Resolver | None, index: int, refusal: QuestError) -> object:
    if after is None or index == 0 or isinstance(refusal, Aborted):
        raise refusal
    ctx.error, ctx.prev = refusal, None
    return _finish(ctx, after)


def _finish(ctx: Passed, after: Resolver | None) -> object:
    ctx.result = ctx.prev
    return ctx.result if after is None else after(ctx)
