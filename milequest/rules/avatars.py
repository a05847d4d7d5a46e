"""Pictures of users and teams: whose one is to come, and under which names it comes in and is shown.

A picture that is shown has the name of its upload's id, which rises, and of its bytes. So nobody guesses it, the same
upload always gives the same name, another picture never has it, and of two the later one is known.
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
MAX_AGE: Final = 86_400  # seconds others may keep a picture; it never changes, but may be taken away
COMING: Final = "uploads"  # the folder of what comes in, which nobody sees
SHOWN: Final = "avatars"  # and of what everybody may
_ID: Final = "[0-9a-f]{32}"
_OWN: Final = "self"
_KEY: Final = re.compile(f"{COMING}/({_ID})/({_ID}|{_OWN})/({_ID})")
_NAME: Final = re.compile(rf"{_ID}-{_ID}\.(?:{'|'.join(EXTENSIONS.values())})")
PATH: Final = f"/{SHOWN}/{_NAME.pattern}$"  # what the address of a picture of ours ends with, as a pattern


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture that `user_id` may send: of themselves, or of the team whose admin they are."""

    id: UUID
    user_id: UUID
    team_id: UUID | None

    @classmethod
    def new(cls, user_id: UUID, team_id: UUID | None, now: datetime) -> "Upload":
        """One that begins now."""
        return cls(new_id(now), user_id, team_id)

    @classmethod
    def of(cls, key: str) -> "Upload":
        """The one whose `key` this is. Raises ValueError."""
        match = _KEY.fullmatch(key)
        if match is None:
            raise ValueError("no key of an upload")
        user, team, own = match.groups()
        return cls(UUID(own), UUID(user), None if team == _OWN else UUID(team))

    @property
    def key(self) -> str:
        """Where it comes in. It says all of it, and is signed, so nothing of it need be kept."""
        return f"{COMING}/{self.user_id.hex}/{self.team_id.hex if self.team_id else _OWN}/{self.id.hex}"

    def name(self, picture: Picture) -> str:
        """Under which `picture` is shown."""
        return f"{self.id.hex}-{hashlib.sha256(picture.data).hexdigest()[:32]}.{picture.extension}"


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form that goes with the file."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Form:
    """What a browser sends with the file, and where to: `multipart/form-data`, the file as the last field, `file`."""

    url: str
    fields: Sequence[FormField]
    expires_at: datetime


def content_type(path: str, text: str) -> str:
    """One of the kinds of pictures; many programs write `image/jpg`. Raises VALIDATION_ERROR at `path`."""
    text = "image/jpeg" if text == "image/jpg" else text
    if text not in EXTENSIONS:
        raise invalid(path, "NOT_ALLOWED", f"must be one of {', '.join(EXTENSIONS)}")
    return text


def is_name(text: str) -> bool:
    """Whether it can be the name of a picture that is shown."""
    return bool(_NAME.fullmatch(text))


def url_of(origin: str, name: str) -> str:
    """The address at which everybody sees a picture."""
    return f"{origin}/{SHOWN}/{name}"


def name_in(url: str | None) -> str | None:
    """The name of the picture at an address; None where it is none of ours."""
    name = (url or "").rpartition(f"/{SHOWN}/")[2]
    return name if is_name(name) else None
