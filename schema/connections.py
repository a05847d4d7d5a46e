"""Relay's connections, for lists that grow: `Connection[Team]` is the type TeamConnection, its edges TeamEdge."""

from typing import Generic, TypeVar

import strawberry

from schema.fields import attribute

T = TypeVar("T")


@strawberry.type(description="Position of a page in its list. Lists are paged forward only.")
class PageInfo:
    has_next_page: bool = attribute("Whether another page follows.")
    has_previous_page: bool = attribute("Whether a page came before.")
    start_cursor: str | None = attribute("The first item's cursor; null on an empty page.")
    end_cursor: str | None = attribute("The last item's cursor, for `after`; null on an empty page.")


@strawberry.type(description="An item of a list, with its place in it.")
class Edge(Generic[T]):
    cursor: str = attribute("The item's place, for `after`.")
    node: T = attribute("The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = attribute("The page's items with their cursors.")
    nodes: list[T] = attribute("The page's items.")
    page_info: PageInfo = attribute("Position of the page in the list.")


@strawberry.type(name="Connection", description="A page of a list whose length is known.")
class CountedConnection(Connection[T]):
    total_count: int = attribute("Number of items on all pages.")
