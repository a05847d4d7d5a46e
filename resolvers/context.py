"""The context of resolvers: AppSync's, typed. A unit resolver is a plain function of it, sync or async.

`error`, `append_error` and `unauthorized` are AppSync's `util.error`, `util.appendError` and `util.unauthorized`:
the first and the last drop the field's value, the second keeps it and reports an error beside it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Never, NoReturn, Protocol, TypeAlias, TypeVar
from uuid import UUID

from milequest.rules.access import Viewer
from milequest.rules.budgets import Caller, caller
from milequest.rules.errors import ErrorCode, QuestError, Refused, unauthenticated
from milequest.rules.identity import Identity, IdentityKind
from milequest.runtime import Runtime
from milequest.store.sql.transaction import Pool

A = TypeVar("A", covariant=True)
S = TypeVar("S", covariant=True)

Args: TypeAlias = Mapping[str, object]
NoArgs: TypeAlias = Mapping[str, Never]


class Info(Protocol):
    """Field that is being resolved, and its selection. Computed only on access."""

    @property
    def field_name(self) -> str:
        """Name of the field in the schema, not its alias."""

    @property
    def parent_type_name(self) -> str:
        """Name of the type the field belongs to."""

    @property
    def variables(self) -> Mapping[str, object]:
        """Coerced variables of the operation."""

    @property
    def path(self) -> list[str | int]:
        """Response keys and list indices from the root to this field."""

    @property
    def selection_set_list(self) -> list[str]:
        """Slash paths of the selections below this field, fragments flattened: `author`, `author/name`."""

    def selects(self, field: str) -> bool:
        """Return whether `field` is selected directly below this one, under any alias."""


@dataclass(slots=True)
class Request:
    """Context of one operation, shared by all its resolvers."""

    id: str
    now: datetime
    identity: Identity
    runtime: Runtime
    headers: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    errors: list[tuple[list[str | int], QuestError]] = field(default_factory=list)
    batches: dict[object, Any] = field(default_factory=dict)
    fresh: bool = False

    @property
    def db(self) -> Pool:
        """Database to read from: the writer if `fresh`, as for mutations and live delivery, else a replica."""
        return self.runtime.writer if self.fresh else self.runtime.reader

    @property
    def caller(self) -> Caller:
        """Caller whose budget is charged."""
        return caller(self.identity, self.address)

    async def charge(self, points: int) -> None:
        """Charge points to the caller's budget, before anything is awaited. Raises RATE_LIMITED."""
        who = self.caller
        self.runtime.budgets.charge(who, points)
        await self.runtime.budgets.settle(who, points)

    @property
    def viewer(self) -> Viewer:
        """Viewer, for the access policy."""
        return Viewer(self.identity.user_id)


class Context(Generic[A, S]):
    """`args, source, identity, info, stash, prev, result, error, request, env`, as AppSync names them.

    `args` has snake_case keys; an absent key was absent in the document, None was null. `prev` is the previous
    function's result, `result` the pipeline's, `error` the refusal that ended its functions, for `after` to handle.
    """

    __slots__ = ("_stash", "args", "error", "info", "prev", "request", "result", "source")

    def __init__(self, args: A, source: S, info: Info, request: Request) -> None:
        self.args = args
        self.source = source
        self.info = info
        self.request = request
        self.prev: object = None
        self.result: object = None
        self.error: QuestError | None = None
        self._stash: dict[str, Any] | None = None

    @property
    def stash(self) -> dict[str, Any]:
        """Values that the steps of one pipeline share besides `prev`."""
        if self._stash is None:
            self._stash = {}
        return self._stash

    @property
    def identity(self) -> Identity:
        """Identity of the caller."""
        return self.request.identity

    @property
    def env(self) -> Mapping[str, str]:
        """Public settings of the process: `ORIGIN`, the service's public address."""
        return {"ORIGIN": self.request.runtime.settings.origin}

    @property
    def user_id(self) -> UUID:
        """Id of the signed-in user. Raises UNAUTHENTICATED for any other caller."""
        user_id = self.identity.user_id
        if user_id is None:
            raise unauthenticated()
        return user_id


AnyContext: TypeAlias = Context[Args, object]
"""Context of functions that serve many fields, and so use nothing of `args` and `source` that only one field has."""

Resolver: TypeAlias = Callable[[Context[Never, Never]], object]
"""Function of a context, sync or async. `tests/schema/test_contexts.py` compares its type with those of its fields."""


class Aborted(Refused):
    """The field was aborted: no later step of a pipeline may answer in its place."""


def error(code: ErrorCode, message: str, **details: object) -> NoReturn:
    """Abort the field: its value becomes null, and one error is reported."""
    raise Aborted(code, message, **details)


def append_error(ctx: AnyContext, refusal: QuestError) -> None:
    """Report an error at this field and keep its value."""
    ctx.request.errors.append((ctx.info.path, refusal))


def unauthorized(ctx: AnyContext) -> NoReturn:
    """Abort the field: UNAUTHENTICATED for an anonymous caller, FORBIDDEN for any other."""
    if ctx.identity.kind is IdentityKind.ANONYMOUS:
        error(ErrorCode.UNAUTHENTICATED, "Sign in first.")
    where = f"{ctx.info.field_name} on type {ctx.info.parent_type_name}"
    error(ErrorCode.FORBIDDEN, f"Not authorized to access {where}.")
