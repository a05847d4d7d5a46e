"""What several types have in common."""

import strawberry

from schema.fields import about
from schema.scalars import AWSURL


@strawberry.interface(description="Anything with an id of its own, unique across types.")
class Node:
    id: strawberry.ID = about("Opaque; `type_` and 32 hex digits.")


@strawberry.interface(description="Who stands on a leaderboard.")
class Competitor:
    id: strawberry.ID = about("The competitor's id.")
    name: str = about("The competitor's name.")
    avatar_url: AWSURL | None = about("The competitor's picture.")
