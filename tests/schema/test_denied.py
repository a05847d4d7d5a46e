"""Fields that an authorizer denies a caller: null with an error, for any resolver."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
import strawberry

from milequest.rules.errors import QuestError
from milequest.rules.identity import Identity, IdentityKind
from resolvers.context import AnyContext
from schema.directives import ALL_CALLERS
from schema.fields import attribute, field, subscription
from schema.rows import TYPE_OF_ROW
from tests.schema.small import request, run, runner_of

MACHINE = Identity(IdentityKind.LAMBDA, resolver_context={"machine": "wall"})
ran: list[str] = []


@dataclass(frozen=True, slots=True)
class Shoe:
    """A row."""

    size: int = 42
    price: int = 7


def shoe(ctx: AnyContext) -> Shoe:
    ran.append(ctx.info.field_name)
    return Shoe()


async def ticks(_: AnyContext) -> str:
    return "a feed"


@strawberry.interface(description="x")
class Sized:
    size: int | None = attribute("x")


@strawberry.type(description="x", name="Shoe")
class ShoeType(Sized):
    size: int | None = attribute("x")
    price: int = attribute("x")

    @field(shoe, *ALL_CALLERS)
    def other(self) -> Sized | None:
        """x"""


@strawberry.type(description="x")
class Query:
    @field(shoe, *ALL_CALLERS)
    def shoe(self) -> ShoeType | None:
        """x"""

    @field(lambda ctx: ctx.identity.resolver_context["machine"], *ALL_CALLERS)
    def machine(self) -> str | None:
        """x"""


@strawberry.type(description="x")
class Subscription:
    @subscription(ticks, *ALL_CALLERS)
    def shoes(self) -> ShoeType | None:
        """x"""


runner = runner_of(Query, subscription=Subscription)
ALL = "{ machine shoe { size price other { size ... on Shoe { price } } } }"
INSIDE = {"size": 42, "price": 7, "other": {"size": 42, "price": 7}}


@pytest.fixture(autouse=True)
def _row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TYPE_OF_ROW, Shoe, "Shoe")
    ran.clear()


async def answered(*denied: str) -> tuple[Any, list[Any]]:
    """Return the data, and the errors' paths."""
    result = await run(runner, ALL, identity=replace(MACHINE, denied=frozenset(denied)))
    errors = result.errors or []
    assert {error.extensions["code"] for error in errors if error.extensions} <= {"FORBIDDEN"}
    return result.data, [error.path for error in errors]


async def test_caller_without_denied_fields_sees_every_field() -> None:
    assert await answered() == ({"machine": "wall", "shoe": INSIDE}, [])
    assert (await answered("Shoe.colour"))[0] == {"machine": "wall", "shoe": INSIDE}


async def test_a_denied_field_is_null_and_its_siblings_stay() -> None:
    data, paths = await answered("Shoe.size")
    assert data["shoe"] == {"size": None, "price": 7, "other": {"size": None, "price": 7}}
    assert paths == [["shoe", "size"], ["shoe", "other", "size"]]


async def test_a_denied_field_that_cannot_be_null_takes_its_object_along() -> None:
    data, paths = await answered("Shoe.price")
    assert data == {"machine": "wall", "shoe": None}
    assert paths[0] == ["shoe", "price"]


async def test_an_interfaces_field_is_denied_on_all_that_have_it() -> None:
    data, paths = await answered("Sized.size")
    assert (data["shoe"]["size"], data["shoe"]["other"]["size"]) == (None, None)
    assert len(paths) == 2


async def test_behind_a_denied_field_nothing_runs() -> None:
    data, _ = await answered("Query.shoe", "Query.machine")
    assert data == {"machine": None, "shoe": None}
    assert ran == []


@pytest.mark.parametrize(
    ("denied", "is_begun"),
    [("Shoe.price", True), ("Shoe.size", False), ("Sized.size", False), ("Subscription.shoes", False)],
)
async def test_a_subscription_with_a_denied_field_does_not_begin(denied: str, is_begun: bool) -> None:
    text = "subscription { shoes { ...Part } } fragment Part on Sized { size }"
    asking = request(replace(MACHINE, denied=frozenset({denied})))
    if is_begun:
        assert (await runner.subscribe(runner.prepare(text), asking, None, None)).feed == "a feed"  # type: ignore[comparison-overlap]
        return
    with pytest.raises(QuestError, match="Not authorized"):
        await runner.subscribe(runner.prepare(text), asking, None, None)
