"""Fast path for plain answers, which are only attributes of rows: completed by functions built once per operation.

Most of an answer is plain: a board's hundred rows are read in a hundredth of the calls. graphql-core does the rest,
and takes over in unusual cases, an invalid null or a value that fails: it meets the same error again and reports it as
the specification requires. Introspection is plain too: it reads the schema only.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TypeAlias

from graphql import (
    Executor,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    is_leaf_type,
)
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import get_argument_values

from schema.rows import TYPE_OF_ROW

Read: TypeAlias = Callable[[Any], Any]
"""Function from a value, such as a row, to another one, or to its form in the answer."""

ATTRIBUTE = "attribute"  # the extension of a field that is only an attribute: its Read


class NeedsFallback(Exception):
    """The value has to be completed by graphql-core."""


class FastPathExecutor(Executor[Any]):
    """Executor that completes plain fields itself and leaves the others to graphql-core's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._plans: dict[tuple[GraphQLObjectType, int], tuple[Any, Read | None]] = {}

    def build_per_event_executor(self, payload: Any) -> "FastPathExecutor":
        """Return a copy for one event, with plans of its own: each event has selections of its own.

        graphql-core's copies would share the cache of selections, which would grow with each event.
        """
        one = super().build_per_event_executor(payload)
        assert isinstance(one, FastPathExecutor), "a copy"
        one._plans, one._relevant_sub_fields = {}, {}
        return one

    def event_plan(self) -> Read | None:
        """Return the reader of a subscription's whole answer from an event; None if it is not plain.

        The reader raises for an event with a value, where null was possible, that has to be resolved.
        """
        root = self.schema.subscription_type
        assert root is not None, "only subscriptions have events"
        found = collect_fields(self.schema, self.fragments, self.variable_values, root, self.operation, False)
        ((name, details),) = found.grouped_field_set.items()
        field = root.fields.get(details[0].node.name.value)
        complete = self._complete(field.type, details) if field else None
        return complete and (lambda event: {name: complete(event)})

    def execute_field(
        self, parent_type: GraphQLObjectType, source: Any, field_details_list: Any, path: Any, position_context: Any
    ) -> Any:
        """Return a field's completed value, or an awaitable of it."""
        plan = self._plan(parent_type, field_details_list)
        if plan is not None:
            try:
                return plan(source)
            except Exception:  # graphql-core meets and reports it
                pass
        return super().execute_field(parent_type, source, field_details_list, path, position_context)

    def _plan(self, owner: GraphQLObjectType, details: Any) -> Read | None:
        """Return the reader of a field of an `owner` with its selections; None if it is not plain."""
        key = owner, id(details)  # unique, as the details are kept here
        kept = self._plans.get(key)
        if kept is None:
            kept = self._plans[key] = details, self._new_plan(owner, details)
        return kept[1]

    def _new_plan(self, owner: GraphQLObjectType, details: Any) -> Read | None:
        name = details[0].node.name.value
        if name == "__typename":
            return lambda _: owner.name
        field = self.schema.get_field(owner, name)
        attribute = self._attribute(owner, field, details) if field and not self.middleware_manager else None
        complete = self._complete(field.type, details) if field and attribute else None
        if attribute is None or complete is None:
            return None
        return lambda row: complete(attribute(row))

    def _attribute(self, owner: GraphQLObjectType, field: GraphQLField, details: Any) -> Read | None:
        """Return the reader of the field's value from its parent's; None if it has a resolver."""
        if not (details[0].node.name.value.startswith("__") or owner.name.startswith("__")):
            attribute: Read | None = field.extensions.get(ATTRIBUTE)
            return attribute
        resolve: Callable[..., Any] | None = field.resolve
        info = SimpleNamespace(schema=self.schema)  # introspection reads nothing else of it
        args = get_argument_values(field, details[0].node, self.variable_values, details[0].fragment_variable_values)
        return resolve and (lambda source: resolve(source, info, **args))

    def _complete(self, kind: Any, details: Any) -> Read | None:
        """Return the completion of a value of the type `kind`. A nullable one that is not plain may still be null."""
        if isinstance(kind, GraphQLNonNull):
            return self._complete_some(kind.of_type, details)
        of_some = self._complete_some(kind, details) or _unusual
        return lambda value: None if value is None else of_some(value)

    def _complete_some(self, kind: Any, details: Any) -> Read | None:
        """Return the completion of a value that is not null; it raises for a null. None if it is not plain."""
        if is_leaf_type(kind):
            return _leaf(kind.coerce_output_value)
        if isinstance(kind, GraphQLList):
            item = self._complete(kind.of_type, details)
            return item and (lambda values: [item(value) for value in values])
        if isinstance(kind, GraphQLObjectType):
            return self._object(kind, details)
        if isinstance(kind, GraphQLInterfaceType):
            return self._interface(kind, details)
        return None

    def _object(self, kind: GraphQLObjectType, details: Any) -> Read | None:
        fields: list[tuple[str, Read]] = []
        for name, below in self.collect_subfields(kind, details).grouped_field_set.items():
            plan = self._plan(kind, below)
            if plan is None:
                return None
            fields.append((name, plan))

        def complete(row: Any) -> dict[str, Any]:
            if row is None:
                raise NeedsFallback
            return {name: plan(row) for name, plan in fields}

        return complete

    def _interface(self, kind: GraphQLInterfaceType, details: Any) -> Read | None:
        plans: dict[str, Read] = {}
        for each in self.schema.get_possible_types(kind):
            plan = self._object(each, details)
            if plan is None:
                return None
            plans[each.name] = plan
        return lambda row: plans[TYPE_OF_ROW[type(row)]](row)


def _unusual(_: Any) -> Any:
    raise NeedsFallback


def _leaf(coerce: Read) -> Read:
    def complete(value: Any) -> Any:
        printed = None if value is None else coerce(value)
        if printed is None:
            raise NeedsFallback
        return printed

    return complete
