"""Credentials in messages and handshakes instead of HTTP headers, under the headers' names."""

import base64
from collections.abc import Mapping
from typing import Any

from milequest.rules.identity import Identity, IdentityKind
from subscriptions.protocols.protocol_steps import decoded

ANONYMOUS = ""  # an API key: an anonymous caller, whatever the credentials of the connection
USUAL = (
    "authtoken",
    "accesstoken",
    "token",
    "jwt",
    "bearertoken",
    "idtoken",
)  # usual names in servers' documentation
NOT_FOUND = (
    "connectionParams hold no token by a name that is looked for, such as Authorization: nobody is signed in on this "
    "connection."
)
_STANDARD = str.maketrans("-_ ", "+/+")  # in an unescaped query string a plus has become a space


def authorization_in(headers: Mapping[str, Any]) -> str | None:
    """Return the token among headers, their case ignored; ANONYMOUS for an API key, None for neither."""
    named = {name.lower(): value for name, value in headers.items()}
    token = named.get("authorization")
    if isinstance(token, str):
        return token
    return ANONYMOUS if "x-api-key" in named else None


def authorization_of(params: Mapping[str, Any]) -> str | None:
    """Return the token in `connectionParams`: as a header, among `headers` as for Hasura, or by another usual name."""
    nested = params.get("headers")
    named = {_plain(name): value for name, value in params.items()}
    others = (value for name in USUAL if isinstance(value := named.get(name), str))
    found = authorization_in(params)
    if found is None and isinstance(nested, dict):
        found = authorization_in(nested)
    return next(others, None) if found is None else found


def notice_of(params: Mapping[str, Any], identity: Identity) -> str | None:
    """Return the notice for a client that sent parameters but no token that was recognised; None for others."""
    if identity.kind is not IdentityKind.ANONYMOUS or not params or authorization_of(params) is not None:
        return None
    return NOT_FOUND


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def unpacked(header: str) -> Mapping[str, Any] | None:
    """Decode headers that AppSync's clients send as base64 of JSON, of either alphabet, padded or not; None if bad."""
    bare = header.rstrip("=").translate(_STANDARD)
    try:
        return decoded(base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode())
    except ValueError:
        return None
