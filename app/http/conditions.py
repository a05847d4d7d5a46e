"""Conditional requests for entities that never change (RFC 9110, 13): a client that has one is not sent it again."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from starlette.datastructures import Headers


def is_known(headers: Headers, etag: str, modified: datetime) -> bool:
    """Return whether the client has the entity `etag`, last modified at `modified`, by its request's headers."""
    known = headers.getlist("if-none-match")
    if known:
        return any(tag.strip() in ("*", etag, f"W/{etag}") for line in known for tag in line.split(","))
    try:
        since = parsedate_to_datetime(headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return modified.replace(microsecond=0) <= (since if since.tzinfo else since.replace(tzinfo=UTC))


def without_unknown_range(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers without a `Range` in a unit other than bytes, which is ignored (RFC 9110, 14.2)."""
    return [
        (name, value)
        for name, value in headers
        if name != b"range" or value.partition(b"=")[0].strip().lower() == b"bytes"
    ]
