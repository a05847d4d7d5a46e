"""Pictures of users and teams: uploads and their owners, and the names under which pictures arrive and are shown.

A shown picture is named by its upload's id, which rises, and a hash of its bytes. So the name cannot be guessed, the
same upload always gives the same name, another picture never has it, and of two the later one is known.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from milequest.rules.errors import invalid
from milequest.rules.ids import new_id
from milequest.rules.pictures import EXTENSIONS, Picture

FORM_LIFE: Final = timedelta(minutes=10)
MAX_AGE: Final = 86_400  # seconds caches may keep a picture; it never changes, but may be removed
COMING: Final = "uploads"  # the folder of uploads, which is not public
SHOWN: Final = "avatars"  # and of shown pictures, which is
_ID: Final = "[0-9a-f]{32}"
_OWN: Final = "self"
_KEY: Final = re.compile(f"{COMING}/({_ID})/({_ID}|{_OWN})/({_ID})")
_NAME: Final = re.compile(rf"{_ID}-{_ID}\.(?:{'|'.join(EXTENSIONS.values())})")
PATH: Final = f"/{SHOWN}/{_NAME.pattern}$"  # pattern of the end of a URL of our pictures


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture that `user_id` may send: their own, or that of a team they are an admin of."""

    id: UUID
    user_id: UUID
    team_id: UUID | None

    @classmethod
    def new(cls, user_id: UUID, team_id: UUID | None, now: datetime) -> "Upload":
        """Return an upload that begins now."""
        return cls(new_id(now), user_id, team_id)

    @classmethod
    def of(cls, key: str) -> "Upload":
        """Return the upload with this `key`. Raises ValueError."""
        match = _KEY.fullmatch(key)
        if match is None:
            raise ValueError("no key of an upload")
        user, team, own = match.groups()
        return cls(UUID(own), UUID(user), None if team == _OWN else UUID(team))

    @property
    def key(self) -> str:
        """Its object key. It encodes the whole upload and is signed, so nothing needs to be stored."""
        return f"{COMING}/{self.user_id.hex}/{self.team_id.hex if self.team_id else _OWN}/{self.id.hex}"

    def name(self, picture: Picture) -> str:
        """Return the name under which `picture` is shown."""
        return f"{self.id.hex}-{hashlib.sha256(picture.data).hexdigest()[:32]}.{picture.extension}"


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form that is sent with the file."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Form:
    """Address and fields of a browser's upload: `multipart/form-data`, with the file as the last field, `file`."""

    url: str
    fields: Sequence[FormField]
    expires_at: datetime


def content_type(path: str, text: str) -> str:
    """Return one of the kinds of pictures; many programs write `image/jpg`. Raises VALIDATION_ERROR at `path`."""
    text = "image/jpeg" if text == "image/jpg" else text
    if text not in EXTENSIONS:
        raise invalid(path, "NOT_ALLOWED", f"must be one of {', '.join(EXTENSIONS)}")
    return text


def is_name(text: str) -> bool:
    """Return whether a text can be the name of a shown picture."""
    return bool(_NAME.fullmatch(text))


def url_of(origin: str, name: str) -> str:
    """Return the public address of a picture."""
    return f"{origin}/{SHOWN}/{name}"


def name_in(url: str | None) -> str | None:
    """Return the name of the picture at an address; None if it is none of ours."""
    name = (url or "").rpartition(f"/{SHOWN}/")[2]
    return name if is_name(name) else None
