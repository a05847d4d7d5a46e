"""The shortcut for plain attributes gives the same as graphql-core's own way, to the last error and its path."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import strawberry
from graphql import Executor
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.context import AnyContext
from schema.directives import ALL_CALLERS
from schema.enums import Units
from schema.fields import attribute
from schema.fields import field as resolved
from tests.schema.small import run, runner_of, told


@dataclass(frozen=True, slots=True)
class Row:
    """A row that may hold values its type forbids."""

    name: object = "a"
    note: object = None
    size: object = 1.5
    units: object = Units.MILES
    child: object = None
    children: Sequence[object] = field(default_factory=tuple)


@strawberry.type(description="A thing.")
class Thing:
    name: str = attribute("Its name.")
    note: str | None = attribute("A note.")
    size: float = attribute("Its size.")
    units: Units = attribute("Its units.")
    child: "Thing | None" = attribute("A thing in it.")
    children: list["Thing"] = attribute("Things in it.", bound=9)

    @resolved(lambda ctx: ctx.source.name)
    def slow(self) -> str:
        """Its name, by a resolver."""


ROWS: dict[str, Row] = {}


def thing(_: AnyContext) -> Row:
    return ROWS["now"]


@strawberry.type(description="The root.")
class Query:
    @resolved(thing, *ALL_CALLERS)
    def thing(self) -> Thing | None:
        """The thing."""


RUNNER = runner_of(Query)
DOCUMENTS = (
    "{ thing { child { __typename } children { __typename } } }",
    "{ thing { name note size units } }",
    "{ thing { n: name n: name child { name __typename } children { name note child { size } } } }",
    "{ thing { child { slow name } children { name slow children { units } } } }",
    """query ($no: Boolean! = false) { thing { name @include(if: $no) note @skip(if: $no) ...All
        children { ... on Thing { name @include(if: $no) size } ...All } } } fragment All on Thing { units note }""",
)
rows = st.recursive(
    st.builds(
        Row, *[st.sampled_from(["a", None, 7, Units.MILES])] * 2, st.sampled_from([1, 1.5, None, "x", float("inf")])
    ),
    lambda inner: st.builds(
        Row,
        name=st.sampled_from(["a", None]),
        units=st.sampled_from([Units.MILES, "MILES", "ELLS", None]),
        child=inner | st.none(),
        children=st.lists(inner | st.none(), max_size=3),
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("document", DOCUMENTS)
@settings(max_examples=60)
@given(row=rows)
async def test_answers_and_errors_are_those_of_graphql_core(document: str, row: Row) -> None:
    ROWS["now"] = row
    short = await run(RUNNER, document)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("schema.execution.FastPathExecutor", Executor)
        long = await run(RUNNER, document)
    assert (short.data, told(short)) == (long.data, told(long))
    assert list(_keys(short.data)) == list(_keys(long.data))


def _keys(value: Any) -> Any:
    """Return the names in an answer, in their order."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield name
            yield from _keys(below)
    for item in value if isinstance(value, list) else ():
        yield from _keys(item)


async def test_graphql_core_is_not_asked_for_what_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    long = Executor.execute_field

    def execute_field(self: Executor[Any], owner: Any, source: Any, details: Any, *more: Any) -> Any:
        asked.append(details[0].node.name.value)
        return long(self, owner, source, details, *more)

    monkeypatch.setattr(Executor, "execute_field", execute_field)
    ROWS["now"] = Row(children=[Row(), Row()])
    await run(RUNNER, "{ thing { name note child { name } children { name units } } }")
    assert asked == ["thing"]
