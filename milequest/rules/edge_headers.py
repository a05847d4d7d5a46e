"""The edge before the service: the secret that shows a request came through it, and the address of its viewer."""

from collections.abc import Iterable, Mapping
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any, Final

SECRET_HEADER: Final = "x-origin-secret"  # set by the edge itself, whatever a client sends by this name
VIEWER_HEADER: Final = "x-viewer-address"  # likewise
SHORTEST_SECRET: Final = 32  # characters; a shorter one is none, so that an empty value admits nobody


def is_secret(given: str | None, secrets: Iterable[str]) -> bool:
    """Return whether a header's value is one of the secrets. How long it takes says nothing about them."""
    text = (given or "").encode()
    return any(compare_digest(text, secret.encode()) for secret in secrets if len(secret) >= SHORTEST_SECRET)


def viewer_of(headers: Mapping[str, str]) -> str | None:
    """Return the viewer's address from the headers of a request that came through the edge; None if there is none."""
    try:
        return str(ip_address(headers.get(VIEWER_HEADER, "")))
    except ValueError:
        return None


def caller_address(context: Mapping[str, Any]) -> str:
    """Return the caller's address in API Gateway's `requestContext`: the viewer's, where the authorizer found one.

    Without an edge, and where no authorizer stands before a function, it is the peer's.
    """
    found = (context.get("authorizer") or {}).get("address") or context["identity"]["sourceIp"]
    return str(found)
