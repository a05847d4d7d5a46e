"""Batches: one call for all requests of one turn, each key once, an answer or an error for each, none left waiting."""

import asyncio
import gc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import strawberry

from milequest.rules.errors import not_found
from milequest.store.away import ReadSkew
from resolvers.batch import Batch, existing
from resolvers.context import Context, NoArgs, Request
from schema.directives import ALL_CALLERS
from schema.fields import attribute, field
from tests.schema.small import request, run, runner_of


class Loading:
    """A loader that records its calls.

    Keys above 100 have no value, 13 has an error of its own, 666 breaks its call.
    """

    def __init__(self, **options: Any) -> None:
        self.calls: list[list[int]] = []
        self.batch: Batch[int, str] = Batch(self.load, **options)

    async def load(self, _: Request, keys: list[int]) -> Mapping[int, str | Exception]:
        self.calls.append(keys)
        await asyncio.sleep(0.001)
        if 666 in keys:
            raise ConnectionError("gone")
        found: dict[int, str | Exception] = {key: f"v{key}" for key in keys if key <= 100}
        return found | ({13: not_found("thirteen")} if 13 in keys else {})


async def test_batch_of_one_turn_is_one_call_with_each_key_once() -> None:
    loading, ours = Loading(), request()
    values = await asyncio.gather(*(loading.batch(ours, key) for key in (1, 2, 1, 3, 2, 101)))
    assert values == ["v1", "v2", "v1", "v3", "v2", None]
    assert loading.calls == [[1, 2, 3, 101]]
    assert await loading.batch(ours, 1) == "v1"  # nothing is cached: a mutation may lie between
    assert len(loading.calls) == 2
    assert ours.batches == {}


async def test_a_call_takes_so_many_keys_at_most() -> None:
    loading, ours = Loading(max_size=5), request()
    values = await asyncio.gather(*(loading.batch(ours, key) for key in range(12)))
    assert values == [f"v{key}" for key in range(12)]
    assert loading.calls == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]


async def test_batches_of_two_requests_are_separate_calls() -> None:
    loading = Loading()
    await asyncio.gather(loading.batch(request(), 1), loading.batch(request(), 1))
    assert loading.calls == [[1], [1]]


async def test_an_error_of_one_key_is_that_keys_alone() -> None:
    loading, ours = Loading(), request()
    values = await asyncio.gather(*(loading.batch(ours, key) for key in (1, 13, 2)), return_exceptions=True)
    assert [type(value).__name__ for value in values] == ["str", "Refused", "str"]


async def test_a_call_that_breaks_fails_everybody_of_that_call() -> None:
    loading, ours = Loading(max_size=2), request()
    values = await asyncio.gather(*(loading.batch(ours, key) for key in (1, 2, 3, 666)), return_exceptions=True)
    assert [type(value).__name__ for value in values] == ["str", "str", "ConnectionError", "ConnectionError"]


async def test_a_loader_that_answers_nonsense_leaves_nobody_waiting() -> None:
    async def nothing(_: Request, __: list[int]) -> Any:
        return None

    batch: Batch[int, str] = Batch(nothing)
    with pytest.raises(TypeError):
        await asyncio.wait_for(batch(request(), 1), 1)


async def test_batch_call_survives_a_cancelled_caller() -> None:
    loading, ours = Loading(), request()

    async def ask(key: int) -> str | None:
        return await loading.batch(ours, key)

    first, second, third = (asyncio.create_task(ask(key)) for key in (1, 1, 2))
    await asyncio.sleep(0)
    first.cancel()
    assert [await second, await third] == ["v1", "v2"]
    assert first.cancelled()


async def test_batch_loads_no_key_of_a_cancelled_caller() -> None:
    loading, ours = Loading(), request()
    gone, stays = loading.batch(ours, 1), loading.batch(ours, 2)
    gone.cancel()
    assert await stays == "v2"
    assert loading.calls == [[2]]


async def test_a_call_that_is_cancelled_cancels_who_waits() -> None:
    loading, ours = Loading(), request()
    waiting = loading.batch(ours, 1)
    await asyncio.sleep(0)
    (task,) = loading.batch._running
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert loading.batch._running == set()


@dataclass(frozen=True, slots=True)
class Row:
    """A parent whose child is loaded by its number."""

    number: int


async def numbers(_: Request, keys: list[int]) -> Mapping[int, Row | Exception]:
    """Return children by number; 2 has an error of its own."""
    return {key: not_found("child") if key == 2 else Row(key + 10) for key in keys}


children: Batch[int, Row] = Batch(numbers)


def child_of(ctx: Context[NoArgs, Row]) -> Any:
    return children(ctx.request, ctx.source.number)


@strawberry.type(description="x")
class Child:
    number: int = attribute("x")


@strawberry.type(description="x")
class Parent:
    number: int = attribute("x")

    @field(child_of)
    def child(self) -> Child | None:
        """x"""

    @field(child_of)
    def sure(self) -> Child:
        """x"""


@strawberry.type(description="x")
class Query:
    @field(lambda _: [Row(1), Row(2), Row(3)], *ALL_CALLERS, bound=3)
    def parents(self) -> list[Parent | None] | None:
        """x"""

    @field(lambda _: [Row(1), Row(2), Row(3)], *ALL_CALLERS, bound=3)
    def strict_parents(self) -> list[Parent] | None:
        """x"""


runner = runner_of(Query)


async def test_each_items_error_has_its_path() -> None:
    result = await run(runner, "{ parents { child { number } } }")
    assert result.data == {"parents": [{"child": {"number": 11}}, {"child": None}, {"child": {"number": 13}}]}
    assert [(error.path, error.message) for error in result.errors or ()] == [
        (["parents", 1, "child"], "No such child.")
    ]


async def test_a_field_that_fails_leaves_its_neighbours_their_values() -> None:
    """A broken non-null list cancels its items' futures; the same keys are answered elsewhere all the same."""
    result = await run(runner, "{ strictParents { sure { number } } parents { child { number } } }")
    assert result.data == {
        "strictParents": None,
        "parents": [{"child": {"number": 11}}, {"child": None}, {"child": {"number": 13}}],
    }
    assert sorted(str(error.path) for error in result.errors or ()) == [
        "['parents', 1, 'child']",
        "['strictParents', 1, 'sure']",
    ]


@pytest.mark.filterwarnings("error")
async def test_value_that_must_exist_is_given_up_without_a_warning() -> None:
    loading, ours = Loading(), request()
    given_up = existing(loading.batch(ours, 1))
    assert await existing(loading.batch(ours, 1)) == "v1"
    del given_up
    gc.collect()
    with pytest.raises(ReadSkew):
        await existing(loading.batch(ours, 101))
