"""Scope of answers to events: the largest set of viewers for whom a document's answer is the same.

Fields without the prefix `viewer` are the same for all viewers of one access level in a team (a test checks that). A
feed without a team shows several, where viewers have different access levels: there an answer is shared only if it has
just the fields of a team that every signed-in user sees.
"""

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    visit,
)

from schema.plain import ATTRIBUTE


class _Fields(Visitor):
    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self._info = info
        self.of_viewer = False
        self.of_standing = False

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Record what the field depends on."""
        self.of_viewer = self.of_viewer or node.name.value.startswith("viewer")
        owner, field = self._info.get_parent_type(), self._info.get_field_def()
        if isinstance(owner, GraphQLObjectType) and owner.name == "Team" and isinstance(field, GraphQLField):
            self.of_standing = self.of_standing or (
                node.name.value != "__typename" and ATTRIBUTE not in field.extensions
            )


def is_per_viewer(schema: GraphQLSchema, document: DocumentNode, *, of_team: bool) -> bool:
    """Return whether each viewer needs an answer of their own to this document's events."""
    info = TypeInfo(schema)
    fields = _Fields(info)
    visit(document, TypeInfoVisitor(info, fields))
    return fields.of_viewer or (not of_team and fields.of_standing)
