"""Invites by code: the code's derivation and comparison, the limits of an invite, and its state at an instant."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from milequest.rules.credentials import email_address, email_key
from milequest.rules.enums import InviteState
from milequest.rules.errors import ErrorCode, Problem, Refused, ValidationError, invalid
from milequest.rules.text import clean_optional, whole

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # without 0 and O, 1 and I and L
CODE_LENGTH = 10
MESSAGE_MAX = 200
MAX_USES = (1, 500)
DEFAULT_USES = 50  # of a link
HOURS = (1, 720)
DEFAULT_HOURS = 168
BATCH_MAX = 50  # addresses of one `createInvites`
MEMBER_HAS_ADDRESS = "A member of the team has this address."
BANNED_HAS_ADDRESS = "The owner of this address is banned from the team: lift the ban first."
RECEIVED_MAX = 50  # pending invites that a user is shown, the newest


@dataclass(frozen=True, slots=True)
class InviteName:
    """Name of an invite as it is answered: its code, or its id where it is for one's own address."""

    code: str | None = field(default=None, repr=False)
    invite_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewInvite:
    """An invite as an admin requests it: for one address, or a link; checked by `new_invite`."""

    email: str | None
    max_uses: int
    expires_at: datetime
    message: str | None

    @property
    def email_key(self) -> str | None:
        """The address in the form for comparison."""
        return None if self.email is None else email_key(self.email)


def new_invite(
    now: datetime,
    email: str | None = None,
    max_uses: int | None = None,
    expires_in_hours: int | None = None,
    message: str | None = None,
) -> NewInvite:
    """Check and complete an invite. Raises VALIDATION_ERROR under `input`."""
    if email is not None and max_uses not in (None, 1):
        raise invalid("input.maxUses", "OUT_OF_RANGE", "an invite of an address is used once", low=1, high=1)
    uses = whole("input.maxUses", DEFAULT_USES if max_uses is None else max_uses, *MAX_USES)
    return NewInvite(
        None if email is None else email_address(email),
        uses if email is None else 1,
        expiry(now, expires_in_hours),
        clean_optional("input.message", message, MESSAGE_MAX, lines=True),
    )


def expiry(now: datetime, expires_in_hours: int | None = None) -> datetime:
    """Return when an invite expires, a week from now without a number of hours. Raises VALIDATION_ERROR."""
    given = DEFAULT_HOURS if expires_in_hours is None else expires_in_hours
    return now + timedelta(hours=whole("input.expiresInHours", given, *HOURS))


def new_invites(
    now: datetime, emails: Sequence[str], expires_in_hours: int | None, message: str | None
) -> list[NewInvite | Problem]:
    """Check the invites of several addresses: for each a NewInvite, or its Problem.

    A Problem is an address that is none, or one that an earlier item has. Raises VALIDATION_ERROR for what all share,
    and for a list that is empty or longer than BATCH_MAX.
    """
    if not 1 <= len(emails) <= BATCH_MAX:
        raise invalid("input.emails", "OUT_OF_RANGE", f"must be 1 to {BATCH_MAX} addresses", low=1, high=BATCH_MAX)
    shared = new_invite(now, None, None, expires_in_hours, message)
    return list(_each(emails, shared))


def _each(emails: Sequence[str], shared: NewInvite) -> Iterator[NewInvite | Problem]:
    first_place: dict[str, int] = {}
    for place, email in enumerate(emails):
        path = f"input.emails.{place}"
        try:
            address = email_address(email, path)
            earlier = first_place.setdefault(email_key(address), place)
        except ValidationError as wrong:
            yield Problem(wrong.code, wrong.message, path)
            continue
        if earlier == place:
            yield NewInvite(address, 1, shared.expires_at, shared.message)
        else:
            yield Problem(ErrorCode.VALIDATION_ERROR, f"is the address of input.emails.{earlier} already", path)


def named(code: str | None, invite_id: UUID | None) -> InviteName:
    """Return what names an invite: a code or an id. Raises VALIDATION_ERROR for both or neither."""
    if (code is None) == (invite_id is None):
        raise invalid("input.code", "REQUIRED", "give either the code or the inviteId")
    return InviteName(code, invite_id)


def invite_url(origin: str, code: str) -> str:
    """Return the link of an invite, at the origin of a web client or our own."""
    return f"{origin}/invite/{quote(code, safe='')}"


def new_salt() -> str:
    """Return a salt that makes every invite's code different."""
    return secrets.token_hex(16)


def code_of(secret: str, salt: str) -> str:
    """Return ten characters that cannot be guessed: 49 bits. Salts are stored, the secret is not, so codes are not."""
    rest = int.from_bytes(hmac.digest(secret.encode(), salt.encode(), "sha256"))
    code = ""
    for _ in range(CODE_LENGTH):
        rest, index = divmod(rest, len(ALPHABET))
        code += ALPHABET[index]
    return code


def plain_code(code: str) -> str:
    """Return a code as it was made, whatever the case and spacing in which it is given."""
    return re.sub(r"[\s-]", "", code).upper()


def code_hash(code: str) -> bytes:
    """Return the hash by which a code is stored and looked up, whatever its case and spacing."""
    return hashlib.sha256(plain_code(code).encode(errors="surrogatepass")).digest()


def state_at(stored: InviteState, expires_at: datetime, now: datetime) -> InviteState:
    """Return an invite's state: PENDING while `now < expires_at`, then EXPIRED."""
    return InviteState.EXPIRED if stored == InviteState.PENDING and now >= expires_at else InviteState(stored)


def unknown_code() -> Refused:
    """Return the refusal of a code that is unknown, or no longer valid."""
    return Refused(ErrorCode.INVALID_INVITE_CODE, "No invite has this code.")


def refuse_other_recipient(addressed_to: str | None, user_email: str) -> None:
    """Refuse an invite that is addressed to another user. `addressed_to` is the address's key; a link is for all."""
    if addressed_to is not None and addressed_to != email_key(user_email):
        raise Refused(ErrorCode.INVITE_WRONG_RECIPIENT, "This invite is for another address.")


def refuse_unless_open(state: InviteState) -> None:
    """Raise INVALID_INVITE_CODE for a revoked invite, INVITE_EXPIRED, and CONFLICT for one that is used up."""
    match state:
        case InviteState.PENDING:
            return
        case InviteState.REVOKED:
            raise unknown_code()
        case InviteState.EXPIRED:
            raise Refused(ErrorCode.INVITE_EXPIRED, "This invite has expired.")
        case InviteState.DECLINED:  # only its addressee could have declined it
            raise Refused(ErrorCode.CONFLICT, "You declined this invite: ask for another one.")
        case InviteState.ACCEPTED:
            raise Refused(ErrorCode.CONFLICT, "This invite was used already.")


def refuse_unless_rotatable(state: InviteState) -> None:
    """Raise CONFLICT for an invite that cannot get a new code: one that was used up, declined or revoked."""
    if state not in (InviteState.PENDING, InviteState.EXPIRED):
        raise Refused(ErrorCode.CONFLICT, "This invite was answered or revoked: create another one.")
