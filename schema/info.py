"""Implementation of `resolvers.context.Info` by graphql-core's info; values are computed on access."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import FieldNode, FragmentSpreadNode, GraphQLResolveInfo, InlineFragmentNode, SelectionSetNode

from resolvers.context import Request


class FieldInfo:
    """Field that is being resolved, and its selection."""

    __slots__ = ("_info",)

    def __init__(self, info: GraphQLResolveInfo[Request]) -> None:
        self._info = info

    @property
    def field_name(self) -> str:
        return self._info.field_name

    @property
    def parent_type_name(self) -> str:
        return self._info.parent_type.name

    @property
    def variables(self) -> Mapping[str, Any]:
        return self._info.variable_values.coerced

    @property
    def path(self) -> list[str | int]:
        return self._info.path.as_list()

    @property
    def selection_set_list(self) -> list[str]:
        """Paths as in AppSync: each once, aliases instead of names, fields excluded by @skip included."""
        paths = (path for node in self._info.field_nodes for path in self._paths(node.selection_set, ""))
        return list(dict.fromkeys(paths))

    def selects(self, field: str) -> bool:
        return any(
            below.name.value == field for node in self._info.field_nodes for below in self._fields(node.selection_set)
        )

    def _paths(self, selections: SelectionSetNode | None, prefix: str) -> Iterator[str]:
        for node in self._fields(selections):
            path = prefix + (node.alias or node.name).value
            yield path
            yield from self._paths(node.selection_set, f"{path}/")

    def _fields(self, selections: SelectionSetNode | None) -> Iterator[FieldNode]:
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                yield from self._fields(node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                yield from self._fields(self._info.fragments[node.name.value].selection_set)
