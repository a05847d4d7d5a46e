"""Pictures in a folder of this machine, received and served by the server itself.

A form has one field, a token: the upload's key and its expiry, signed. Its secret is in the folder, so that all servers
of the folder know it, and no others.
"""

import asyncio
import base64
import contextlib
import hmac
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Final

from milequest.rules.avatars import FORM_LIFE, SHOWN, Form, FormField, Upload, is_name
from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.instants import from_seconds, seconds
from milequest.rules.pictures import Picture

PATH: Final = "/uploads"  # the path of uploads
TOKEN: Final = "token"
SECRET: Final = "milequest-secret"  # `reset` recognises our folder by such a name
_SECRET_BYTES: Final = 32


class Folder:
    """Pictures below `path`, of a server whose clients reach it at `origin`."""

    def __init__(self, path: Path, origin: str) -> None:
        self._path = path
        self._origin = origin

    async def form(self, upload: Upload, content_type: str, now: datetime) -> Form:
        """Return a form for this server."""
        expires_at = now + FORM_LIFE
        said = f"{upload.key} {seconds(expires_at)}".encode()
        secret = await asyncio.to_thread(self._secret)
        token = base64.urlsafe_b64encode(hmac.digest(secret, said, "sha256") + said).decode()
        return Form(f"{self._origin}{PATH}", (FormField(TOKEN, token),), expires_at)

    async def claimed(self, token: str, now: datetime) -> Upload:
        """Return the upload of a token of ours. Raises FORBIDDEN."""
        secret = await asyncio.to_thread(self._secret)
        try:
            text = base64.urlsafe_b64decode(token)
            signature, said = text[:_SECRET_BYTES], text[_SECRET_BYTES:]
            if not hmac.compare_digest(signature, hmac.digest(secret, said, "sha256")):
                raise ValueError("signed with another secret")
            key, _, until = said.decode().partition(" ")
            if now >= from_seconds(int(until)):
                raise ValueError("too late")
            return Upload.of(key)
        except ValueError:
            raise Refused(ErrorCode.FORBIDDEN, "This form is not good, or no longer: ask for another one.") from None

    async def keep(self, name: str, picture: Picture) -> None:
        """Store the picture whole, or not at all."""
        await asyncio.to_thread(self._write, self.place(name), picture.data)

    async def forget(self, name: str) -> None:
        """Delete the picture."""
        await asyncio.to_thread(self.place(name).unlink, missing_ok=True)

    def place(self, name: str) -> Path:
        """Return the path of a picture, stored or not. `name` must be one of ours, so it leads nowhere else."""
        assert is_name(name), "names from clients are checked before"
        return self._path / SHOWN / name

    def _secret(self) -> bytes:
        place = self._path / SECRET
        if not place.exists():
            self._write(place, secrets.token_bytes(_SECRET_BYTES), afresh=True)
        return place.read_bytes()

    def _write(self, place: Path, data: bytes, *, afresh: bool = False) -> None:
        """Write a file in one step. `afresh` keeps one that another process made meanwhile."""
        place.parent.mkdir(parents=True, exist_ok=True)
        coming = place.with_name(f".{secrets.token_hex(8)}")
        with open(os.open(coming, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        if afresh:
            with contextlib.suppress(FileExistsError):
                os.link(coming, place)
            coming.unlink()
        else:
            coming.replace(place)
