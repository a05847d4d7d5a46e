"""The schema, built once per process: types from Strawberry, our resolvers, and a runner of documents."""

from functools import cache

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.execution import Runner
from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import SCALARS
from schema.subscription import Subscription
from schema.wiring import wire


@cache
def build() -> strawberry.Schema:
    """Return the wired schema. Raises SchemaFault if it violates a house rule."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        config=StrawberryConfig(scalar_map=SCALARS, sort_schema=False),
    )
    wire(schema._schema)  # Strawberry has no public name for the graphql-core schema it holds
    return schema


@cache
def runner() -> Runner:
    """Return the process's runner of documents."""
    return Runner(build()._schema)


def printed() -> str:
    """Return the SDL of `schema.graphql`."""
    return build().as_str() + "\n"
