"""How a subscription's feed gets through graphql-core, which takes nothing but async iterables for an answer."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from resolvers.context import Args
from resolvers.feeds import Feed


@dataclass(frozen=True, slots=True)
class Source:
    """A feed, the arguments it was asked for with, and its events' GraphQL type. To let it flow is not ours to do."""

    feed: Feed
    args: Args
    event_type: Any

    def __aiter__(self) -> AsyncIterator[Any]:
        raise TypeError("a feed is not iterated")
