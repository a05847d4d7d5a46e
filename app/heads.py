"""Checks and normalisation of request heads that uvicorn leaves out."""

import re
from enum import Enum
from typing import Final, TypeAlias

Headers: TypeAlias = list[tuple[bytes, bytes]]

ABSOLUTE: Final = re.compile(rb"[a-z][a-z0-9+.-]*://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)  # a target with its host
HOST: Final = re.compile(rb"(\[[0-9a-z:.%~_-]+\]|[a-z0-9._~!$&'()*+,;=%-]*)(:[0-9]*)?", re.IGNORECASE)  # RFC 3986, 3.2


class ConnectionPhase(Enum):
    """Part of a request that is being received."""

    NONE = 0
    HEAD = 1
    BODY = 2


class StopReason(Exception):
    """Stops the parser, as the request is refused."""


def has_valid_host(version: str, headers: Headers) -> bool:
    """Return whether there is exactly one valid `Host`; before HTTP/1.1 it may be missing (RFC 9112, 3.2)."""
    hosts = [value for name, value in headers if name == b"host"]
    if not hosts:
        return version < "1.1"
    return len(hosts) == 1 and HOST.fullmatch(hosts[0]) is not None


def origin_form(url: bytes, headers: Headers) -> bytes:
    """Return the target in origin form.

    A host in an absolute target replaces `Host` among the headers (RFC 9112, 3.2.2).
    """
    absolute = ABSOLUTE.match(url)
    if absolute is None:
        return url
    host, rest = absolute.groups()
    headers[:] = [(name, value) for name, value in headers if name != b"host"] + [(b"host", host)]
    return rest if rest.startswith(b"/") else b"/" + rest


def content_length(headers: Headers) -> int:
    """Return the declared size of the body in bytes; 0 without one."""
    return next((int(value) for name, value in headers if name == b"content-length"), 0)


def has_body(headers: Headers) -> bool:
    """Return whether a body follows the head."""
    return content_length(headers) > 0 or any(name == b"transfer-encoding" for name, _ in headers)


def without_upgrade(method: str, url: bytes, version: str, headers: Headers) -> bytes:
    """Return the head again without its `Upgrade`."""
    lines = [b"%b: %b\r\n" % line for line in headers if line[0] != b"upgrade"]
    return b"".join((b"%b %b HTTP/%b\r\n" % (method.encode(), url, version.encode()), *lines, b"\r\n"))
