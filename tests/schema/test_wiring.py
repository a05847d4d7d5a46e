"""The schema fails closed: a field without a rule, a bound or a description stops the start. Wiring of fields."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import pytest
import strawberry

from milequest.rules.identity import ANONYMOUS, SYSTEM, Identity, IdentityKind
from resolvers.context import AnyContext
from schema.directives import ALL_CALLERS, IDENTIFIED, SIGNED_IN, USERS, ApiKey, Iam, UserPools
from schema.error_payloads import RequestRefused
from schema.fields import arg, attribute, field, subscription
from schema.wiring import SchemaFault
from tests.schema.small import SOMEBODY, request, run, runner_of

TEAM = UUID("0192f1c2-7b1e-7c3a-9d7e-3f2a6c1b4d5e")
TEAM_ID = "team_0192f1c27b1e7c3a9d7e3f2a6c1b4d5e"
ROLE = Identity(IdentityKind.IAM, arn="arn:aws:iam::111111111111:role/operator")
MACHINE = Identity(IdentityKind.LAMBDA, groups=frozenset({"admins"}))
ADMIN = Identity(IdentityKind.USER, SOMEBODY.user_id, groups=frozenset({"admins", "walkers"}))


def nothing(_: AnyContext) -> None:
    return None


@strawberry.type(description="x")
class Silent:
    name: str = strawberry.field()


@strawberry.type
class Nameless:
    name: str = attribute("x")


@strawberry.type(description="x")
class Endless:
    names: list[str] = attribute("x")


@strawberry.interface(description="x")
class Shape:
    size: int = strawberry.field()


@strawberry.type(description="x")
class Circle(Shape):
    size: int = attribute("x")


@strawberry.input(description="x")
class SilentInput:
    name: str = strawberry.field()


@strawberry.input(description="x")
class ShoeInput:
    shoe_id: strawberry.ID = attribute("x")


BROKEN = [
    (str | None, None, (), "x", "Query.value has no resolver or no sign-in rule"),
    (str | None, None, ALL_CALLERS, "", "Query.value has no description"),
    (str | None, str | None, ALL_CALLERS, "x", r"Query.value\(given:\) has no description"),
    (list[str] | None, None, ALL_CALLERS, "x", "Query.value is a list without a bound"),
    (Silent | None, None, ALL_CALLERS, "x", "Silent.name has no description"),
    (Nameless | None, None, ALL_CALLERS, "x", "Nameless has no description"),
    (Endless | None, None, ALL_CALLERS, "x", "Endless.names is a list without a bound"),
    (Circle | None, None, ALL_CALLERS, "x", "Shape.size has no description"),
    (str | None, Annotated[SilentInput, arg("x")], ALL_CALLERS, "x", "SilentInput.name has no description"),
    (str | None, Annotated[ShoeInput, arg("x")], ALL_CALLERS, "x", "Query.value takes an id, and 'shoeId' doesn't say"),
]  # fmt: skip


@pytest.mark.parametrize(("returns", "takes", "rules", "description", "fault"), BROKEN)
def test_field_that_breaks_a_rule_of_the_schema_stops_the_start(
    returns: Any, takes: Any, rules: Any, description: str, fault: str
) -> None:
    def bare(self: Any) -> Any: ...

    def taking(self: Any, given: Any) -> Any: ...

    stub = taking if takes else bare
    stub.__doc__ = description
    stub.__annotations__ = {"return": returns} | ({"given": takes} if takes else {})
    query = strawberry.type(type("Query", (), {"value": field(nothing, *rules)(stub)}), description="x")
    with pytest.raises(SchemaFault, match=fault):
        runner_of(query)


def test_a_root_field_without_a_resolver_stops_the_start() -> None:
    @strawberry.type(description="x")
    class Query:
        value: str | None = attribute("x")

    with pytest.raises(SchemaFault, match=r"Query\.value has no resolver or no sign-in rule"):
        runner_of(Query)


def test_a_field_in_a_resolvers_place_stops_the_start() -> None:
    @strawberry.type(description="x")
    class Query:
        @field(nothing, *ALL_CALLERS)
        def nothing(self) -> str | None:
            """x"""

        @field(nothing, *ALL_CALLERS)  # by now that is the field above
        def other(self) -> str | None:
            """x"""

    with pytest.raises(SchemaFault, match=r"Query\.other names another field"):
        runner_of(Query)


def test_a_subscription_without_a_rule_stops_the_start() -> None:
    @strawberry.type(description="x")
    class Subscription:
        @subscription(nothing)
        def value(self) -> str | None:
            """x"""

    with pytest.raises(SchemaFault, match=r"Subscription\.value has no resolver or no sign-in rule"):
        runner_of(Query, subscription=Subscription)


@dataclass(frozen=True, slots=True)
class Secret:
    """A row."""

    text: str
    team_id: UUID | None = TEAM


async def ticks(_: AnyContext) -> str:
    return "a feed"


def selected(ctx: AnyContext) -> Secret:
    answer = f"{ctx.info.selection_set_list} {ctx.info.selects('teamId')} {ctx.info.selects('team')}"
    return Secret(f"{answer} {ctx.info.variables}")


@strawberry.type(description="x", directives=[UserPools(cognito_groups=["admins", "owners"])])
class AdminsOnly:
    text: str | None = attribute("x")

    @field(lambda ctx: ctx.source.text, *ALL_CALLERS)
    def open_text(self) -> str | None:
        """x"""


@strawberry.type(description="x")
class Plain:
    text: str | None = attribute("x")
    team_id: strawberry.ID | None = attribute("x")

    @field(lambda ctx: ctx.source.text, *SIGNED_IN)
    def guarded_text(self) -> str | None:
        """x"""


@strawberry.type(description="x")
class Query:
    @field(lambda ctx: "open", *ALL_CALLERS)
    def open(self) -> str | None:
        """x"""

    @field(lambda ctx: "anonymous", ApiKey())
    def anonymous(self) -> str | None:
        """x"""

    @field(lambda ctx: "signed in", *SIGNED_IN)
    def signed_in(self) -> str | None:
        """x"""

    @field(lambda ctx: "admin", UserPools(cognito_groups=["admins"]))
    def admin(self) -> str | None:
        """x"""

    @field(lambda ctx: "role", Iam())
    def role(self) -> str | None:
        """x"""

    @field(lambda ctx: "known", *IDENTIFIED)
    def known(self) -> str | None:
        """x"""

    @field(lambda ctx: "people", *USERS)
    def people(self) -> str | None:
        """x"""

    @field(lambda ctx: "nobody", UserPools(cognito_groups=[]))
    def nobody(self) -> str | None:
        """x"""

    @field(lambda ctx: "either", ApiKey(), UserPools(cognito_groups=["admins"]))
    def either(self) -> str | None:
        """x"""

    @field(lambda ctx: Secret("inside"), *ALL_CALLERS)
    def admins_only(self) -> AdminsOnly | None:
        """x"""

    @field(selected, *ALL_CALLERS)
    def plain(self) -> Plain | None:
        """x"""

    @field(lambda ctx: f"{ctx.info.field_name} {ctx.info.parent_type_name} {ctx.info.path}", *ALL_CALLERS)
    def where(self) -> str | None:
        """x"""


@strawberry.type(description="x")
class Subscription:
    @subscription(ticks, UserPools(cognito_groups=["admins"]))
    def ticks(self) -> Plain | None:
        """x"""


runner = runner_of(Query, subscription=Subscription)


@pytest.mark.parametrize(
    ("identity", "admitted"),
    [
        (ANONYMOUS, {"open", "anonymous", "either", "people"}),
        (SOMEBODY, {"open", "signedIn", "known", "people"}),
        (ADMIN, {"open", "signedIn", "admin", "either", "known", "people"}),
        (ROLE, {"open", "role", "known"}),
        (MACHINE, {"open", "known"}),
        (SYSTEM, {"open"}),
    ],
    ids=["anonymous", "somebody", "admin", "role", "machine", "system"],
)
async def test_a_field_is_for_whom_one_of_its_rules_admits(identity: Identity, admitted: set[str]) -> None:
    names = ["open", "anonymous", "signedIn", "admin", "nobody", "either", "role", "known", "people"]
    result = await run(runner, f"{{ {' '.join(names)} }}", identity=identity)
    assert result.data is not None
    assert {name for name, value in result.data.items() if value} == admitted
    codes = {
        error.path[0]: error.extensions["code"] for error in result.errors or () if error.path and error.extensions
    }
    assert set(codes) == set(names) - admitted
    assert set(codes.values()) <= {"UNAUTHENTICATED" if identity is ANONYMOUS else "FORBIDDEN"}


async def test_a_types_rule_holds_for_its_fields_unless_they_have_their_own() -> None:
    query = "{ adminsOnly { text openText } plain { text guardedText } }"
    stranger = await run(runner, query)
    assert stranger.data is not None
    assert stranger.data["adminsOnly"] == {"text": None, "openText": "inside"}
    assert stranger.data["plain"]["guardedText"] is None
    assert [error.path for error in stranger.errors or ()] == [["adminsOnly", "text"], ["plain", "guardedText"]]
    admin = await run(runner, query, identity=ADMIN)
    assert admin.errors is None
    assert admin.data is not None
    assert admin.data["adminsOnly"] == {"text": "inside", "openText": "inside"}


async def test_a_subscriptions_rule_is_asked_before_it_begins() -> None:
    prepared = runner.prepare("subscription { ticks { text teamId } }")
    with pytest.raises(RequestRefused) as refused:
        await runner.subscribe(prepared, request(SOMEBODY), None, None)
    assert refused.value.errors[0].extensions is not None
    assert refused.value.errors[0].extensions["code"] == "FORBIDDEN"
    subscribed = await runner.subscribe(prepared, request(ADMIN), None, None)
    feed: Any = subscribed.feed
    assert feed == "a feed"
    result = await subscribed.run(Secret("tick"), request(ADMIN))
    assert result.data == {"ticks": {"text": "tick", "teamId": TEAM_ID}}


async def test_a_resolver_learns_where_it_is_and_what_is_selected() -> None:
    result = await run(runner, "{ here: where }")
    assert result.data == {"here": "where Query ['here']"}
    query = "query ($x: Boolean = true) { plain { a: text ...F ... on Plain @include(if: $x) { text } } } "
    query += "fragment F on Plain { teamId text }"
    result = await run(runner, query)
    assert result.data is not None
    assert result.data["plain"]["text"] == "['a', 'teamId', 'text'] True False {'x': True}"
