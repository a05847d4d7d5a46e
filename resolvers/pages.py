"""Pages below many parents, such as the members of twenty teams: one statement for all that are asked alike."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from resolvers.batch import Batch
from resolvers.context import Request

SortKey = tuple[Any, ...]


class Parent(Protocol):
    """A row that has lists of its own; hashable, as frozen dataclasses are."""

    @property
    def id(self) -> UUID:
        """By which its page is found."""


P = TypeVar("P", bound=Parent)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageQuery(Generic[P]):
    """The `size` items of a parent that follow the key `after`."""

    parent: P
    after: SortKey | None
    size: int


def paged(
    load: Callable[[Request, list[P], SortKey | None, int], Awaitable[Mapping[UUID, Sequence[T]]]],
) -> Batch[PageQuery[P], Sequence[T]]:
    """A batch of `PageQuery`s, answered with one item more than asked for, to learn whether another page follows.

    `load` gets the parents of one key and size, and how many to read for each; it answers by the parent's id.
    """

    async def load_all(request: Request, asks: list[PageQuery[P]]) -> dict[PageQuery[P], Sequence[T] | Exception]:
        alike: dict[tuple[SortKey | None, int], list[PageQuery[P]]] = {}
        for ask in asks:
            alike.setdefault((ask.after, ask.size), []).append(ask)
        answers: dict[PageQuery[P], Sequence[T] | Exception] = {}
        for (after, size), group in alike.items():
            pages = await load(request, [ask.parent for ask in group], after, size + 1)
            answers |= {ask: pages.get(ask.parent.id, ()) for ask in group}
        return answers

    return Batch(load_all)
