"""Forms with a file in them (`multipart/form-data`, RFC 7578): fields first, then the file.

The fields are checked as soon as the file begins: an invalid form is refused before its file is read.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from app.http.negotiation import BadRequest

FILE: Final = "file"
_BESIDE_FILE: Final = 16 * 1024  # bytes of fields and headers
_FIELDS: Final = 20  # fields besides the file; S3's form has fewer

Accept: TypeAlias = Callable[[Mapping[str, str]], Awaitable[None]]
"""Checks the fields before the file is read. Raises to refuse the form."""


async def sent(http: Request, most: int, accept: Accept) -> bytes:
    """Return the file of a request's form, of at most `most` bytes: no more are read.

    Raises BadRequest, and as `accept`.
    """
    if not http.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise BadRequest(415, "Send the form as multipart/form-data.")
    parser = _Parser(http, most, accept)
    try:
        form = await parser.parse()
    except MultiPartException as bad:
        raise BadRequest(400, bad.message, {"Connection": "close"}) from None
    file = form.get(FILE)
    if not isinstance(file, UploadFile):
        raise BadRequest(400, f"The form has no whole file in a field by the name of `{FILE}`.")
    return await file.read()


class _Parser(MultiPartParser):
    """Starlette's parser, fed with bounded input: little before the file begins, then the file."""

    def __init__(self, http: Request, most: int, accept: Accept) -> None:
        super().__init__(
            http.headers, self._read(http, most), max_files=1, max_fields=_FIELDS, max_part_size=_BESIDE_FILE
        )
        self.spool_max_size = most + _BESIDE_FILE  # all that is read stays in memory, where it is needed anyway
        self._accept = accept
        self._file_begun = False

    def on_headers_finished(self) -> None:
        """Note that the file's part begins."""
        super().on_headers_finished()
        self._file_begun = self._file_begun or self._current_part.file is not None

    async def _read(self, http: Request, most: int) -> AsyncGenerator[bytes, None]:
        """Yield the body as it arrives. A chunk has been parsed by the time the next one is requested."""
        size, is_accepted = 0, False
        async for chunk in http.stream():
            size += len(chunk)
            if size > most + _BESIDE_FILE:
                raise BadRequest(413, f"The file is over {most // 2**20} MB.", {"Connection": "close"})
            yield chunk
            if self._file_begun and not is_accepted:
                await self._accept({name: text for name, text in self.items if isinstance(text, str)})
                is_accepted = True
            elif not is_accepted and size > _BESIDE_FILE:
                raise BadRequest(
                    400, "The form's fields are too long, or stand behind the file.", {"Connection": "close"}
                )
