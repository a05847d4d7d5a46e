"""For whom an answer to an event is good: the smallest scope that the document needs.

What doesn't say `viewer…` is the same for everybody who stands alike to a team (a test holds that). A feed that is of
no single team shows several, to each of which viewers stand differently: there only what every signed-in user sees of a
team is shared.
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
        """Note what the field depends on."""
        self.of_viewer = self.of_viewer or node.name.value.startswith("viewer")
        owner, field = self._info.get_parent_type(), self._info.get_field_def()
        if isinstance(owner, GraphQLObjectType) and owner.name == "Team" and isinstance(field, GraphQLField):
            self.of_standing = self.of_standing or (
                node.name.value != "__typename" and ATTRIBUTE not in field.extensions
            )


def is_per_viewer(schema: GraphQLSchema, document: DocumentNode, *, of_team: bool) -> bool:
    """Whether each viewer needs an answer of their own to this document's events."""
    info = TypeInfo(schema)
    fields = _Fields(info)
    visit(document, TypeInfoVisitor(info, fields))
    return fields.of_viewer or (not of_team and fields.of_standing)
