"""Forms with a file in them (`multipart/form-data`, RFC 7578), small enough to be held: its fields, and the file."""

import re
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from app.http.negotiation import BadRequest

FILE: Final = "file"
_BESIDE_FILE: Final = 16 * 1024  # bytes of fields and headers
_BOUNDARY: Final = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_NAME: Final = re.compile(rb'\bname=(?:"([^"]*)"|([^\s;"]+))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent."""

    fields: dict[str, str]
    file: bytes


async def sent(http: Request, most: int) -> Sent:
    """The form of a request, whose file has at most `most` bytes: no more are read. Raises BadRequest."""
    kind = http.headers.get("content-type", "")
    boundary = _BOUNDARY.search(kind)
    if not kind.lower().startswith("multipart/form-data") or boundary is None:
        raise BadRequest(415, "Send the form as multipart/form-data.")
    body = bytearray()
    async for chunk in http.stream():
        body += chunk
        if len(body) > most + _BESIDE_FILE:
            raise BadRequest(413, f"The file is over {most // 2**20} MB.", {"Connection": "close"})
    return _parsed(bytes(body), (boundary[1] or boundary[2]).encode())


def _parsed(body: bytes, boundary: bytes) -> Sent:
    before, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if before or not parts or not parts.pop().startswith(b"--"):
        raise BadRequest(400, "The form is cut off.")
    fields: dict[str, str] = {}
    file: bytes | None = None
    for part in parts:
        head, _, value = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        text = (name[1] or name[2] or b"").decode(errors="replace") if name else ""
        if text == FILE:
            file = value
        else:
            fields[text] = value.decode(errors="replace")
    if file is None:
        raise BadRequest(400, f"The form has no file: a field by the name of `{FILE}`.")
    return Sent(fields, file)
