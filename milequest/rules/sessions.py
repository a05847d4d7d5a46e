"""Sessions: what one was begun by, as its owner knows it again, and when a token counts as one of an ended session."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from milequest.rules.credentials import ACCESS_TOKEN_LIFE

LEEWAY = timedelta(minutes=5)  # clocks differ, and tokens are taken a little after their end
REVOKED_FOR = ACCESS_TOKEN_LIFE + LEEWAY
OF_USERS = "user:"
ENDED = "This session has ended: sign in again."


class Ending(StrEnum):
    """Which sessions are to end."""

    THIS = "THIS"
    OTHERS = "OTHERS"
    ALL = "ALL"


@dataclass(frozen=True, slots=True)
class Revocation:
    """The end of one session, or of all of a user that began before an instant, in seconds since 1970.

    `user_id` is None where nobody has come with a token of the account yet.
    """

    user_id: UUID | None
    session_id: str | None = None
    before: int | None = None


def user_channel(user_id: UUID) -> str:
    """What is woken when sessions of a user have ended. It has no log."""
    return f"{OF_USERS}{user_id.hex}"
