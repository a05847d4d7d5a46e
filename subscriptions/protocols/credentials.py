"""Credentials that come in messages and handshakes instead of HTTP headers, under the names the headers have."""

import base64
from collections.abc import Mapping
from typing import Any

from milequest.rules.identity import Identity, IdentityKind
from subscriptions.protocols.steps import decoded

ANONYMOUS = ""  # an API key: nobody in particular, whoever else came by the same connection
USUAL = ("authtoken", "accesstoken", "token", "jwt", "bearertoken", "idtoken")  # as documentation of servers has it
NOT_FOUND = (
    "connectionParams hold no token by a name that is looked for, such as Authorization: nobody is signed in on this "
    "connection."
)
_STANDARD = str.maketrans("-_ ", "+/+")  # in a query string that nobody escaped a plus has become a space


def authorization_in(headers: Mapping[str, Any]) -> str | None:
    """The token among headers, by whatever capitals it is called; ANONYMOUS for an API key, None where neither is."""
    named = {name.lower(): value for name, value in headers.items()}
    token = named.get("authorization")
    if isinstance(token, str):
        return token
    return ANONYMOUS if "x-api-key" in named else None


def authorization_of(params: Mapping[str, Any]) -> str | None:
    """The token in `connectionParams`: as a header, among `headers` as Hasura has it, or by another usual name."""
    nested = params.get("headers")
    named = {_plain(name): value for name, value in params.items()}
    others = (value for name in USUAL if isinstance(value := named.get(name), str))
    found = authorization_in(params)
    if found is None and isinstance(nested, dict):
        found = authorization_in(nested)
    return next(others, None) if found is None else found


def notice_of(params: Mapping[str, Any], identity: Identity) -> str | None:
    """Return what to tell a client that gave something and is nobody all the same."""
    if identity.kind is not IdentityKind.ANONYMOUS or not params or authorization_of(params) is not None:
        return None
    return NOT_FOUND


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def unpacked(header: str) -> Mapping[str, Any] | None:
    """The headers that AppSync's clients pack into one text, base64 of JSON in either alphabet, padded or not."""
    bare = header.rstrip("=").translate(_STANDARD)
    try:
        return decoded(base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode())
    except ValueError:
        return None
