"""Wrapper of a subscription's feed for graphql-core, which accepts only async iterables as a result."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from resolvers.context import Request
from resolvers.feeds import Feed

Ask: TypeAlias = Callable[[Request], Awaitable[Feed]]
"""Function that returns the feed for `request`'s caller. Raises the errors of the resolver and sign-in rules."""


@dataclass(frozen=True, slots=True)
class Source:
    """Feed, its field's arguments, and its events' GraphQL type. It is never iterated: `subscriptions/` delivers it.

    `ask` resolves it again, with the same arguments, for another caller.
    """

    feed: Feed
    args: Mapping[str, Any]
    event_type: Any
    ask: Ask

    def __aiter__(self) -> AsyncIterator[Any]:
        raise TypeError("a feed is not iterated")
