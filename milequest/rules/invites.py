"""Invites by code: the code's derivation and comparison, the limits of an invite, and its state at an instant."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from milequest.rules.credentials import email_address, email_key
from milequest.rules.enums import InviteState
from milequest.rules.errors import ErrorCode, Refused, invalid
from milequest.rules.text import clean_optional, whole

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # without 0 and O, 1 and I and L
CODE_LENGTH = 10
MESSAGE_MAX = 200
MAX_USES = (1, 500)
DEFAULT_USES = 50  # of a link
HOURS = (1, 720)
DEFAULT_HOURS = 168


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
    hours = whole("input.expiresInHours", DEFAULT_HOURS if expires_in_hours is None else expires_in_hours, *HOURS)
    return NewInvite(
        None if email is None else email_address(email),
        uses if email is None else 1,
        now + timedelta(hours=hours),
        clean_optional("input.message", message, MESSAGE_MAX, lines=True),
    )


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


def code_hash(code: str) -> bytes:
    """Return the hash by which a code is stored and looked up, whatever its case and spacing."""
    return hashlib.sha256(re.sub(r"[\s-]", "", code).upper().encode(errors="surrogatepass")).digest()


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
        case InviteState.ACCEPTED | InviteState.DECLINED:
            raise Refused(ErrorCode.CONFLICT, "This invite was used already.")
