"""Sign-in rules under AppSync's names: how a caller must be signed in. The policy decides which objects they see.

A root field without one is an error when the schema is built: nothing is open by omission.
"""

from collections.abc import Callable, Iterable
from typing import Annotated

import strawberry
from strawberry.schema_directive import Location

from milequest.rules.errors import QuestError, forbidden, unauthenticated
from milequest.rules.identity import Identity, IdentityKind

_WHERE = [Location.OBJECT, Location.FIELD_DEFINITION]


@strawberry.schema_directive(
    locations=_WHERE, name="aws_api_key", description="Callers who are not signed in may use it."
)
class ApiKey:
    """Anonymous callers."""


@strawberry.schema_directive(
    locations=_WHERE,
    name="aws_cognito_user_pools",
    description="Signed-in users may use it; with groups, only those in one of them.",
)
class UserPools:
    """Signed-in users, of any of `cognito_groups` where given."""

    cognito_groups: Annotated[list[str] | None, "groups"] = strawberry.directive_field(
        name="cognito_groups", default=strawberry.UNSET
    )


@strawberry.schema_directive(
    locations=_WHERE, name="aws_iam", description="Roles and users of AWS may use it, who sign their requests."
)
class Iam:
    """Machines of the operator, by IAM."""


@strawberry.schema_directive(
    locations=_WHERE, name="aws_lambda", description="Callers that the operator's own authorizer admits may use it."
)
class AwsLambda:
    """Callers that the operator's authorizer identifies, not our issuer."""


SignIn = ApiKey | UserPools | Iam | AwsLambda
KINDS: dict[type[SignIn], IdentityKind] = {
    ApiKey: IdentityKind.ANONYMOUS,
    UserPools: IdentityKind.USER,
    Iam: IdentityKind.IAM,
    AwsLambda: IdentityKind.LAMBDA,
}
USERS: tuple[SignIn, ...] = (ApiKey(), UserPools())
ALL_CALLERS: tuple[SignIn, ...] = (*USERS, Iam(), AwsLambda())
SIGNED_IN: tuple[SignIn, ...] = (UserPools(),)
IDENTIFIED: tuple[SignIn, ...] = (UserPools(), Iam(), AwsLambda())


def _admits(rule: SignIn, identity: Identity) -> bool:
    if identity.kind is not KINDS[type(rule)]:
        return False
    some = groups(rule)
    return some is None or not identity.groups.isdisjoint(some)


def groups(rule: SignIn) -> list[str] | None:
    """Return the groups of a rule; None for "any", which an empty list does not mean."""
    return rule.cognito_groups if isinstance(rule, UserPools) and isinstance(rule.cognito_groups, list) else None


def guard(rules: Iterable[SignIn], name: str) -> Callable[[Identity], None] | None:
    """Return a check that raises for callers no rule admits; None if every caller of the API is admitted."""
    stated = tuple(rules)
    if {type(rule) for rule in stated if groups(rule) is None} == KINDS.keys():
        return None

    def check(identity: Identity) -> None:
        if not any(_admits(rule, identity) for rule in stated):
            raise _refusal(identity, name)

    return check


def _refusal(identity: Identity, name: str) -> QuestError:
    if identity.kind is IdentityKind.ANONYMOUS:
        return unauthenticated()
    return forbidden(f"Not authorized to access {name}.")
