"""The schema, built once per process: types from Strawberry, resolvers wired behind them, a runner to run documents."""

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
    """The wired schema. Raises SchemaFault when it breaks a rule of the house."""
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
    """The way to run documents."""
    return Runner(build()._schema)


def printed() -> str:
    """The SDL of `schema.graphql`."""
    return build().as_str() + "\n"
