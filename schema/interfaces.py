"""Interfaces of several types."""

import strawberry

from schema.fields import attribute
from schema.scalars import AWSURL


@strawberry.interface(description="An object with an id that is unique across types.")
class Node:
    id: strawberry.ID = attribute("Opaque; `type_` and 32 hex digits.")


@strawberry.interface(description="A row's subject on a leaderboard: a user or a team.")
class Competitor:
    id: strawberry.ID = attribute("The competitor's id.")
    name: str = attribute("The competitor's name.")
    avatar_url: AWSURL | None = attribute("The competitor's picture.")
