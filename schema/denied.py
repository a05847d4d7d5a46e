"""Fields that an operator's authorizer denies a caller. They are null, with an error, and are not resolved."""

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
"""Middleware before every field, for callers who are denied some."""


def refuse_denied(schema: GraphQLSchema, document: DocumentNode, denied: Collection[str]) -> None:
    """Refuse a document that selects any denied field. Raises FORBIDDEN.

    Used for subscriptions, as their answers are shared within a scope and cannot leave out a field for one caller.
    """
    types = TypeInfo(schema)
    visit(document, TypeInfoVisitor(types, _Selected(schema, types, frozenset(denied))))


class _Selected(Visitor):
    def __init__(self, schema: GraphQLSchema, types: TypeInfo, denied: frozenset[str]) -> None:
        super().__init__()
        self._schema, self._types, self._denied = schema, types, denied

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Refuse the field if it is denied on any possible type."""
        owner = self._types.get_parent_type()
        if not isinstance(owner, Owner):
            return
        possible = self._schema.get_possible_types(owner) if isinstance(owner, GraphQLInterfaceType) else ()
        if any(_names(each, node.name.value) & self._denied for each in (owner, *possible)):
            raise _refusal(owner, node.name.value)


def _names(owner: Owner, field: str) -> set[str]:
    """Return a field's names, by its type and by the type's interfaces."""
    return {f"{each.name}.{field}" for each in (owner, *owner.interfaces)}


def _refusal(owner: Owner, field: str) -> QuestError:
    return forbidden(f"Not authorized to access {owner.name}.{field}.")
