"""Identity of the signer of an AWS-signed request, as reported by API Gateway or AppSync."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from milequest.rules.errors import unauthenticated
from milequest.rules.identity import MAX_SUBJECT, Identity, IdentityKind

_PROVIDER = ("cognitoAuthenticationProvider", "cognitoIdentityAuthProvider")  # API Gateway's name, and AppSync's
_TYPE = ("cognitoAuthenticationType", "cognitoIdentityAuthType")
_AROUND = '"[] '  # AppSync quotes the members of its list


def iam_identity(told: Mapping[str, object]) -> Identity:
    """Return the role or user that signed. Raises UNAUTHENTICATED where no signature is reported."""
    arn = told.get("userArn")
    if not isinstance(arn, str) or not arn.startswith("arn:") or not told.get("accountId"):
        raise unauthenticated("The request is not signed.")
    return Identity(IdentityKind.IAM, arn=arn)


def pool_subject(told: Mapping[str, object], issuer: str) -> str | None:
    """Return the subject of our user pool's user on whose behalf the role signed; None for a role of no such user.

    The identity pool gives roles to users signed in there, as `ISSUER:CognitoSignIn:SUBJECT`. Raises UNAUTHENTICATED
    for any other form that names our pool.
    """
    providers = [part.strip(_AROUND) for part in _text(told, _PROVIDER).split(",")]
    ours = urlsplit(issuer).netloc + urlsplit(issuer).path
    if not ours or not any(part == ours or part.startswith(f"{ours}:") for part in providers):
        return None
    prefix = f"{ours}:CognitoSignIn:"
    subjects = {part.removeprefix(prefix) for part in providers if part.startswith(prefix)}
    subject = subjects.pop() if len(subjects) == 1 else ""
    if _text(told, _TYPE) != "authenticated" or not 1 <= len(subject) <= MAX_SUBJECT:
        raise unauthenticated("The role is not one of somebody who is signed in.")
    return subject


def _text(told: Mapping[str, object], names: tuple[str, ...]) -> str:
    return next((value for name in names if isinstance(value := told.get(name), str)), "")
