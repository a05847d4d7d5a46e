"""Forms with a file in them (`multipart/form-data`, RFC 7578), small enough to be held: its fields, and the file."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from app.http.negotiation import BadRequest

FILE: Final = "file"
_BESIDE_FILE: Final = 16 * 1024  # bytes of fields and headers
_FIELDS: Final = 20  # beside the file; S3's form, which clients send as it is, has fewer


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent."""

    fields: dict[str, str]
    file: bytes


async def sent(http: Request, most: int) -> Sent:
    """The form of a request, whose file has at most `most` bytes: no more are read. Raises BadRequest."""
    if not http.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise BadRequest(415, "Send the form as multipart/form-data.")
    parser = MultiPartParser(
        http.headers, _read(http, most), max_files=1, max_fields=_FIELDS, max_part_size=_BESIDE_FILE
    )
    parser.spool_max_size = most + _BESIDE_FILE  # all that is read is in memory, where it goes afterwards anyway
    try:
        form = await parser.parse()
    except MultiPartException as bad:
        raise BadRequest(400, bad.message) from None
    file = form.get(FILE)
    if not isinstance(file, UploadFile):
        raise BadRequest(400, f"The form has no whole file in a field by the name of `{FILE}`.")
    return Sent({name: text for name, text in form.items() if isinstance(text, str)}, await file.read())


async def _read(http: Request, most: int) -> AsyncGenerator[bytes, None]:
    """The body as it comes, up to a file of `most` bytes and what stands beside it."""
    size = 0
    async for chunk in http.stream():
        size += len(chunk)
        if size > most + _BESIDE_FILE:
            raise BadRequest(413, f"The file is over {most // 2**20} MB.", {"Connection": "close"})
        yield chunk
