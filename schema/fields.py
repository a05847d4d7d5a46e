"""Declaration of fields: the shape is a Python signature, the description its docstring, the resolver named.

    @field(teams.team, *ANYONE)
    def team(self, id: Id) -> Team | None:
        \"\"\"A team you may see.\"\"\"

The stub is never called: `wiring` makes the named resolver the field's function.
"""

from collections.abc import Callable
from inspect import cleandoc
from typing import Annotated, Any, TypeVar

import strawberry

from milequest.rules.routes import MAX_ZOOM
from resolvers.context import Resolver
from schema.directives import SignIn

T = TypeVar("T")

Id = Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
TeamId = Annotated[strawberry.ID, strawberry.argument(description="The team.")]
Input = Annotated[T, strawberry.argument(description="The mutation's input.")]
First = Annotated[int | None, strawberry.argument(description="Page size.")]
After = Annotated[str | None, strawberry.argument(description="The `endCursor` of the page before.")]
Zoom = Annotated[
    int | None,
    strawberry.argument(
        description=f"Web-Mercator zoom, 0 to {MAX_ZOOM}, whose half pixel is the tolerance. None: an overview."
    ),
]


def field(resolver: Resolver, *rules: SignIn, bound: int | None = None) -> Callable[[Callable[..., Any]], Any]:
    """Declare a field with `resolver`, for callers one of `rules` admits. A plain list has `bound` items at most."""

    def declare(stub: Callable[..., Any]) -> Any:
        return strawberry.field(
            resolver=stub,
            description=cleandoc(stub.__doc__ or ""),
            directives=rules,
            metadata={"resolver": resolver, "bound": bound},
        )

    return declare


def subscription(resolver: Resolver, *rules: SignIn) -> Callable[[Callable[..., Any]], Any]:
    """Declare a subscription field: `resolver` returns its feed."""

    def declare(stub: Callable[..., Any]) -> Any:
        return strawberry.subscription(
            resolver=stub,
            description=cleandoc(stub.__doc__ or ""),
            directives=rules,
            metadata={"resolver": resolver, "bound": None},
        )

    return declare


def attribute(description: str, *, bound: int | None = None) -> Any:
    """Declare a field that is its row's attribute of the same name. A plain list has `bound` items at most."""
    return strawberry.field(description=description, metadata={"bound": bound})


def optional(description: str, *, deprecated: str | None = None) -> Any:
    """Declare an optional input field. Resolvers find its key only if the client sent it."""
    return strawberry.field(description=description, default=strawberry.UNSET, deprecation_reason=deprecated)


def idempotency_key() -> Any:
    """Declare the input field of every write, except those of tokens and presence."""
    return optional(
        "8 to 64 characters. A second request with the same key and input gets the same answer and runs nothing."
    )


def arg(description: str) -> Any:
    """Declare an argument's description."""
    return strawberry.argument(description=description)
