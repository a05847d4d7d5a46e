"""Credentials that come in messages and handshakes instead of HTTP headers, under the names the headers have."""

import base64
from collections.abc import Mapping
from typing import Any

from subscriptions.protocols.steps import decoded

ANONYMOUS = ""  # an API key: nobody in particular, whoever else came by the same connection
_STANDARD = str.maketrans("-_ ", "+/+")  # in a query string that nobody escaped a plus has become a space


def authorization_in(headers: Mapping[str, Any]) -> str | None:
    """The token among headers, by whatever capitals it is called; ANONYMOUS for an API key, None where neither is."""
    named = {name.lower(): value for name, value in headers.items()}
    token = named.get("authorization")
    if isinstance(token, str):
        return token
    return ANONYMOUS if "x-api-key" in named else None


def unpacked(header: str) -> Mapping[str, Any] | None:
    """The headers that AppSync's clients pack into one text, base64 of JSON in either alphabet, padded or not."""
    bare = header.rstrip("=").translate(_STANDARD)
    try:
        return decoded(base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode())
    except ValueError:
        return None
