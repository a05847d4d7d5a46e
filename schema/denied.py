"""Fields that an operator's authorizer denies a caller. They are null, with an error, whatever stands behind them."""

from collections.abc import Collection
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    MiddlewareManager,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)

from milequest.rules.errors import QuestError, forbidden
from resolvers.context import Request

Owner = GraphQLObjectType | GraphQLInterfaceType


def _deny(proceed: Any, source: Any, info: GraphQLResolveInfo[Request], **args: Any) -> Any:
    if _names(info.parent_type, info.field_name) & info.context.identity.denied:
        raise _refusal(info.parent_type, info.field_name)
    return proceed(source, info, **args)


DENYING = MiddlewareManager(_deny)
"""Stands before every field of a caller to whom some are denied."""


def refuse_denied(schema: GraphQLSchema, document: DocumentNode, denied: Collection[str]) -> None:
    """Let a document through that selects none of these. Raises FORBIDDEN.

    A subscription is refused with it: its answers are worked out once for all alike, so none has a hole for one.
    """
    types = TypeInfo(schema)
    visit(document, TypeInfoVisitor(types, _Selected(schema, types, frozenset(denied))))


class _Selected(Visitor):
    def __init__(self, schema: GraphQLSchema, types: TypeInfo, denied: frozenset[str]) -> None:
        super().__init__()
        self._schema, self._types, self._denied = schema, types, denied

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Look whether one that it may be is denied."""
        owner = self._types.get_parent_type()
        if not isinstance(owner, Owner):
            return
        possible = self._schema.get_possible_types(owner) if isinstance(owner, GraphQLInterfaceType) else ()
        if any(_names(each, node.name.value) & self._denied for each in (owner, *possible)):
            raise _refusal(owner, node.name.value)


def _names(owner: Owner, field: str) -> set[str]:
    """What a field is called: by its type, and by the interfaces that have it."""
    return {f"{each.name}.{field}" for each in (owner, *owner.interfaces)}


def _refusal(owner: Owner, field: str) -> QuestError:
    return forbidden(f"Not authorized to access {owner.name}.{field}.")
