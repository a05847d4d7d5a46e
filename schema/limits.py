"""Limits of documents: size, tokens, depth, aliases, directives, and the objects an answer may hold.

They are counted on what runs: fragments expanded, fields of one response name merged. That is done once per operation;
only pages whose size is a variable are counted again per request. Introspection has an allowance of its own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    NamedTypeNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    specified_rules,
)
from graphql.validation.rules import overlapping_fields_can_be_merged

from milequest.rules.budgets import INTROSPECTION
from milequest.rules.errors import ErrorCode
from schema.directives import ApiKey

MAX_BODY_BYTES = 256 * 1024
MAX_CHARACTERS = 32 * 1024  # longest document; the rest of a body is for variables
MAX_TOKENS = 1_000
MAX_COMMENTS = 200
MAX_OPERATIONS = 50
MAX_DEPTH = 12
MAX_INTROSPECTION_DEPTH = 18  # GraphiQL's own query is 15 deep
MAX_INTROSPECTIONS = 2  # one `__schema` takes as long as the largest answer
MAX_SIGN_INS = 1  # mutations of an operation that hash a password or a code, which is slow on purpose
MAX_ALIASES = 30
MAX_DIRECTIVES = 30
MAX_SELECTIONS = 2_000
MAX_OBJECTS = 1_000
MAX_ERRORS = 10  # errors reported of a document: each prints an invalid value, which may be half the document
DEFAULT_FIRST = 20

# The pairwise comparison of fields of one name dominates validation: 1.6 s for 5 KB with graphql-core's own budget.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 20_000

# Without those for @defer and @stream, which this schema does not have.
RULES = tuple(rule for rule in specified_rules if "Stream" not in rule.__name__ and "Defer" not in rule.__name__)

Composite: TypeAlias = GraphQLObjectType | GraphQLInterfaceType
Count: TypeAlias = int | Callable[[Mapping[str, Any]], int]
"""Number of objects: constant, or a function of the operation's coerced variables."""


def too_complex(message: str) -> GraphQLError:
    """Return the error of a document that is too large."""
    return GraphQLError(message, extensions={"code": ErrorCode.QUERY_TOO_COMPLEX.value})


@dataclass(frozen=True, slots=True)
class Size:
    """Size of an operation."""

    objects: Count
    introspections: int
    selections: int

    def points(self, variables: Mapping[str, Any]) -> int:
        """Return the points it costs of its caller's budget, besides the request.

        Raises GraphQLError with QUERY_TOO_COMPLEX if the answer could hold more than MAX_OBJECTS objects.
        """
        return check_objects(self.objects, variables) + self.introspections * INTROSPECTION


def measure(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Size:
    """Check an operation's shape, and count its objects. The document must be valid.

    Raises GraphQLError with QUERY_TOO_COMPLEX.
    """
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    walk = _Walk(schema, fragments, directives=len(operation.directives or ()))
    root = schema.get_root_type(operation.operation)
    assert root is not None, "a valid document's operations have a root"
    objects = walk.level([(operation.selection_set, root)], 1, MAX_DEPTH, DEFAULT_FIRST)
    return Size(objects, walk.introspections, walk.selections)


def check_objects(count: Count, variables: Mapping[str, Any]) -> int:
    """Return the number of objects of an answer. Raises GraphQLError with QUERY_TOO_COMPLEX above MAX_OBJECTS."""
    objects = _of(count, variables)
    if objects > MAX_OBJECTS:
        raise too_complex(f"The answer could hold {objects} objects; {MAX_OBJECTS} are allowed. Ask for smaller pages.")
    return objects


def objects_of(field: GraphQLField, first: object) -> int:
    """Return how many objects a field may hold for one parent, without those below, if it is selected alone."""
    if not isinstance(get_named_type(field.type), Composite):
        return 0
    page = first if isinstance(first, int) and first > 0 else DEFAULT_FIRST
    size = _size(field, page)
    assert isinstance(size, int), "the page size is known, so the count is constant"
    return size + (page if "first" in field.args and size == 1 else 0)


@dataclass(slots=True)
class _Walk:
    """Pass over an operation that checks its depth, tallies, and counts objects."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    directives: int
    selections: int = 0
    aliases: int = 0
    introspections: int = 0
    sign_ins: int = 0

    def level(self, sets: Iterable[tuple[SelectionSetNode, Composite]], depth: int, limit: int, page: Count) -> Count:
        """Count the objects below one place of the answer, with selection sets `sets`. `page` is its connection's."""
        fields: dict[tuple[str, str], list[tuple[FieldNode, Composite]]] = {}
        spread: set[str] = set()
        for selections, owner in sets:
            self._collect(selections, owner, fields, spread)
        if fields and depth > limit:
            raise too_complex(f"The operation is more than {limit} levels deep.")
        return _sum([self._field(nodes, depth, limit, page) for nodes in fields.values()])

    def _collect(
        self,
        selections: SelectionSetNode,
        owner: Composite,
        fields: dict[tuple[str, str], list[tuple[FieldNode, Composite]]],
        spread: set[str],
    ) -> None:
        """Group fields by owner and response name, as they are merged when run; each fragment once."""
        for node in selections.selections:
            self._tally(node)
            if isinstance(node, FieldNode):
                key = owner.name, (node.alias or node.name).value
                fields.setdefault(key, []).append((node, owner))
            elif isinstance(node, InlineFragmentNode):
                self._collect(node.selection_set, self._named(node.type_condition) or owner, fields, spread)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                fragment = self.fragments[node.name.value]
                self._collect(fragment.selection_set, self._named(fragment.type_condition) or owner, fields, spread)

    def _tally(self, node: Any) -> None:
        self.selections += 1
        self.directives += len(node.directives or ())
        if self.selections > MAX_SELECTIONS:
            raise too_complex(f"The operation selects more than {MAX_SELECTIONS} times.")
        if self.directives > MAX_DIRECTIVES:
            raise too_complex(f"The operation has more than {MAX_DIRECTIVES} directives.")

    def _field(self, nodes: list[tuple[FieldNode, Composite]], depth: int, limit: int, page: Count) -> Count:
        node, owner = nodes[0]
        self.aliases += node.alias is not None
        if self.aliases > MAX_ALIASES:
            raise too_complex(f"The operation has more than {MAX_ALIASES} aliases.")
        field = self.schema.get_field(owner, node.name.value)
        kind = get_named_type(field.type) if field else None
        if field is None or not isinstance(kind, Composite):
            return 0
        below = [(each.selection_set, kind) for each, _ in nodes if each.selection_set]
        if owner.name.startswith("__") or kind.name.startswith("__"):
            return self._introspection(owner, below, depth)
        if owner is self.schema.mutation_type:
            self._tally_sign_in(field)
        own_page = _page(field, node)
        children = self.level(below, depth + 1, limit, page if own_page is None else own_page)
        return _product(_size(field, page if own_page is None else own_page), _sum([1, children]))

    def _tally_sign_in(self, field: GraphQLField) -> None:
        self.sign_ins += _is_sign_in(field)
        if self.sign_ins > MAX_SIGN_INS:
            raise too_complex("The operation has more than one mutation that is open to all, or takes a password.")

    def _introspection(self, owner: Composite, below: list[tuple[SelectionSetNode, Composite]], depth: int) -> Count:
        self.introspections += not owner.name.startswith("__")
        if self.introspections > MAX_INTROSPECTIONS:
            raise too_complex(f"The operation introspects more than {MAX_INTROSPECTIONS} times.")
        self.level(below, depth + 1, MAX_INTROSPECTION_DEPTH, 0)
        return 0

    def _named(self, condition: NamedTypeNode | None) -> Composite | None:
        kind = self.schema.type_map[condition.name.value] if condition else None
        return kind if isinstance(kind, Composite) else None


def _is_sign_in(field: GraphQLField) -> bool:
    """Return whether a mutation is open to anonymous callers or takes a password, and so may compute a slow hash."""
    kinds = [get_named_type(argument.type) for argument in field.args.values()]
    names = [name for kind in kinds if isinstance(kind, GraphQLInputObjectType) for name in kind.fields]
    is_open = any(isinstance(rule, ApiKey) for rule in field.extensions["strawberry-definition"].directives)
    return is_open or any(name.lower().endswith("password") for name in names)


def _size(field: GraphQLField, page: Count) -> Count:
    """Return how many objects a field holds for one parent; a list without a bound is a connection's: its page size."""
    kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    if not isinstance(kind, GraphQLList):
        return 1
    bound: int | None = field.extensions["strawberry-definition"].metadata.get("bound")
    if bound is None:
        return page
    if "first" not in field.args:
        return bound
    return min(bound, page) if isinstance(page, int) else lambda variables: min(bound, page(variables))


def _page(field: GraphQLField, node: FieldNode) -> Count | None:
    """Return the page size of this field; None if it has no `first`. An invalid size, such as -1, counts as 0."""
    argument = field.args.get("first")
    if argument is None:
        return None
    default = argument.default_value if isinstance(argument.default_value, int) else DEFAULT_FIRST
    given = next((each.value for each in node.arguments or () if each.name.value == "first"), None)
    if isinstance(given, IntValueNode):
        return max(0, int(given.value))
    if isinstance(given, VariableNode):
        name = given.name.value
        return lambda variables: default if variables.get(name) is None else max(0, variables[name])
    return default


def _of(count: Count, variables: Mapping[str, Any]) -> int:
    return count if isinstance(count, int) else count(variables)


def _sum(counts: list[Count]) -> Count:
    fixed = sum(count for count in counts if isinstance(count, int))
    varying = [count for count in counts if not isinstance(count, int)]
    return (lambda variables: fixed + sum(count(variables) for count in varying)) if varying else fixed


def _product(factor: Count, count: Count) -> Count:
    if isinstance(factor, int) and isinstance(count, int):
        return factor * count
    return lambda variables: _of(factor, variables) * _of(count, variables)
