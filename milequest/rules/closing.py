"""Closing an account: the time for second thoughts, and what remains of somebody who has left for good."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from milequest.rules.credentials import email_key
from milequest.rules.errors import ErrorCode, Refused, invalid
from milequest.rules.instants import seconds

UNDO_FOR = timedelta(days=14)
FORMER_MEMBER = "Former member"
FRESH_FOR = timedelta(minutes=10)  # age of a sign-in that stands for a password, where accounts are kept elsewhere
# How others see the account from the request on; these fields of the profile come back if its owner stays.
HIDDEN: Mapping[str, Any] = {
    "name": FORMER_MEMBER,
    "avatar_url": None,
    "show_on_leaderboards": False,
    "share_stats_with_team": False,
}


def refuse_other_address(typed: str, own: str) -> None:
    """Raise VALIDATION_ERROR unless the account's own address was typed, as its deletion requires."""
    if email_key(typed) != email_key(own):
        raise invalid("input.confirmEmail", "MISMATCH", "must be your account's address")


def refuse_old_sign_in(began_at: int | None, now: datetime) -> None:
    """Raise UNAUTHENTICATED unless a session, whose start is in seconds since 1970, began less than FRESH_FOR ago."""
    if began_at is None or began_at < seconds(now - FRESH_FOR):
        message = "Sign in again first: this needs a session that has just begun."
        raise Refused(ErrorCode.UNAUTHENTICATED, message)


def tombstone(user_id: UUID) -> str:
    """Return the address that takes the place of a former user's: one to which nothing is ever delivered."""
    return f"{user_id.hex}@deleted.invalid"
