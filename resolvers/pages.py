"""Pages below many parents, such as the members of twenty teams: one statement for all of the same key and size."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from milequest.rules.grouping import group_by
from resolvers.batch import Batch
from resolvers.context import Request

SortKey = tuple[Any, ...]


class Parent(Protocol):
    """Row that has lists of its own; hashable, as frozen dataclasses are."""

    @property
    def id(self) -> UUID:
        """Id by which its page is returned."""


P = TypeVar("P", bound=Parent)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageQuery(Generic[P]):
    """Query of the `size` items of a parent after the key `after`."""

    parent: P
    after: SortKey | None
    size: int


def paged(
    load: Callable[[Request, list[P], SortKey | None, int], Awaitable[Mapping[UUID, Sequence[T]]]],
) -> Batch[PageQuery[P], Sequence[T]]:
    """Return a batch of `PageQuery`s, each with one item more than requested, to detect a further page.

    `load` gets the parents of one key and size, and the number to read for each; it returns rows by the parent's id.
    """

    async def load_all(request: Request, asks: list[PageQuery[P]]) -> dict[PageQuery[P], Sequence[T] | Exception]:
        answers: dict[PageQuery[P], Sequence[T] | Exception] = {}
        for (after, size), group in group_by(asks, lambda ask: (ask.after, ask.size)).items():
            pages = await load(request, [ask.parent for ask in group], after, size + 1)
            answers |= {ask: pages.get(ask.parent.id, ()) for ask in group}
        return answers

    return Batch(load_all)
