"""How a subscription's feed gets through graphql-core, which takes nothing but async iterables for an answer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from resolvers.context import Args, Request
from resolvers.feeds import Feed

Ask: TypeAlias = Callable[[Request], Awaitable[Feed]]
"""The feed as `request`'s caller gets it. Raises what the field's resolver and its sign-in rules do."""


@dataclass(frozen=True, slots=True)
class Source:
    """A feed, the arguments it was asked for with, and its events' GraphQL type. To let it flow is not ours to do.

    `ask` asks for it once more, with the same arguments, for somebody else.
    """

    feed: Feed
    args: Args
    event_type: Any
    ask: Ask

    def __aiter__(self) -> AsyncIterator[Any]:
        raise TypeError("a feed is not iterated")
