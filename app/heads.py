"""Heads of requests, where what uvicorn makes of them is not enough."""

import re
from enum import Enum
from typing import Final, TypeAlias

Headers: TypeAlias = list[tuple[bytes, bytes]]

ABSOLUTE: Final = re.compile(rb"[a-z][a-z0-9+.-]*://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)  # a target with its host
HOST: Final = re.compile(rb"(\[[0-9a-z:.%~_-]+\]|[a-z0-9._~!$&'()*+,;=%-]*)(:[0-9]*)?", re.IGNORECASE)  # RFC 3986, 3.2


class ConnectionPhase(Enum):
    """Which part of a request is coming in."""

    NONE = 0
    HEAD = 1
    BODY = 2


class StopReason(Exception):
    """Stops the parser: the request is refused."""


def says_host(version: str, headers: Headers) -> bool:
    """Whether one line says which host is asked, as it has to; none may where HTTP is older than 1.1: RFC 9112, 3.2."""
    hosts = [value for name, value in headers if name == b"host"]
    if not hosts:
        return version < "1.1"
    return len(hosts) == 1 and HOST.fullmatch(hosts[0]) is not None


def target(url: bytes, headers: Headers) -> bytes:
    """The target without a host. One in it is the one that is asked, whatever `Host` says: RFC 9112, 3.2.2."""
    absolute = ABSOLUTE.match(url)
    if absolute is None:
        return url
    host, rest = absolute.groups()
    headers[:] = [(name, value) for name, value in headers if name != b"host"] + [(b"host", host)]
    return rest if rest.startswith(b"/") else b"/" + rest


def declared(headers: Headers) -> int:
    """The size of a body, where the head says it."""
    return next((int(value) for name, value in headers if name == b"content-length"), 0)


def has_body(headers: Headers) -> bool:
    """Whether a body follows."""
    return declared(headers) > 0 or any(name == b"transfer-encoding" for name, _ in headers)


def without_upgrade(method: str, url: bytes, version: str, headers: Headers) -> bytes:
    """The same head, as if it had not asked to become something else."""
    lines = [b"%b: %b\r\n" % line for line in headers if line[0] != b"upgrade"]
    return b"".join((b"%b %b HTTP/%b\r\n" % (method.encode(), url, version.encode()), *lines, b"\r\n"))
