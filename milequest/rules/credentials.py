"""Values of sign-up and sign-in: addresses, passwords, names, zones and codes, and their normal forms."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from milequest.rules.enums import Units
from milequest.rules.errors import FieldFault, ValidationError
from milequest.rules.text import clean, normal, zone

MIN_PASSWORD, MAX_PASSWORD = 8, 100
MAX_NAME = 100
MAX_EMAIL, MAX_LOCAL_PART = 254, 64  # RFC 5321
DEFAULT_TIMEZONE = "UTC"

CODE_DIGITS = 6
CODE_LIFE = timedelta(minutes=15)
CODE_TRIES = 5  # wrong codes that a sign-up, a password reset or a change of address tolerates
CODE_TRIES_WITHOUT_ATTEMPT = 20  # wrong codes sent with an address alone, as anyone may; counted apart
SIGN_UP_LIFE = timedelta(hours=24)

ISSUER = "urn:mile-quest:identity"  # no URL: users keep their identity when the port or the host's name changes
ACCESS_TOKEN_LIFE = timedelta(hours=1)
REFRESH_TOKEN_LIFE = timedelta(days=30)
MAX_SESSIONS = 50  # of one account

_SECRET_ID = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)  # 256 random bits
_EMAIL = re.compile(r"[^@\s\"(),:;<>\[\\\]]+@[^@\s\"(),:;<>\[\\\]]+")


@dataclass(frozen=True, slots=True)
class SignUp:
    """A checked request for an account. Neither the password nor the person shows in a log."""

    email: str = field(repr=False)
    password: str = field(repr=False)
    name: str = field(repr=False)
    timezone: str
    preferred_units: Units

    @property
    def email_key(self) -> str:
        """The address in the form for comparison."""
        return email_key(self.email)


def checked_sign_up(
    email: str, password: str, name: str, timezone: str | None = None, preferred_units: Units | None = None
) -> SignUp:
    """Return the sign-up in its normal form. Raises ValidationError with every fault, paths as in the API's input."""
    right = all_right(
        email=lambda: email_address(email),
        password=lambda: checked_password(password),
        name=lambda: display_name(name),
        timezone=lambda: zone("input.timezone", DEFAULT_TIMEZONE if timezone is None else timezone).key,
    )
    return SignUp(**right, preferred_units=preferred_units or Units.MILES)


def all_right(**checks: Callable[[], str]) -> dict[str, str]:
    """Return the results of the checks, by name. Raises ValidationError with the faults of all of them."""
    right: dict[str, str] = {}
    faults: list[FieldFault] = []
    for name, check in checks.items():
        try:
            right[name] = check()
        except ValidationError as wrong:
            faults.extend(wrong.fields)
    if faults:
        raise ValidationError(*faults)
    return right


def email_address(text: str, path: str = "input.email") -> str:
    """Return the address, trimmed and in NFC. Raises ValidationError."""
    address = normal(path, text, MAX_EMAIL).strip()
    if len(address) > MAX_EMAIL or len(address.partition("@")[0]) > MAX_LOCAL_PART:
        message = f"must have at most {MAX_EMAIL} characters, {MAX_LOCAL_PART} of them before the @"
        raise ValidationError(FieldFault(path, "TOO_LONG", message, max=MAX_EMAIL))
    if not _EMAIL.fullmatch(address) or _has(address, "C", "Z"):
        raise ValidationError(FieldFault(path, "MALFORMED", "must be an address such as name@example.com"))
    return address


def email_key(address: str) -> str:
    """Return the address in the form for comparison: people don't know how they capitalised it.

    `lower`, not `casefold`: two mailboxes (straße@, strasse@) must not become one account.
    """
    small = normal("input.email", address.strip(), MAX_EMAIL, derived=True).lower()
    return normal("input.email", small, MAX_EMAIL, derived=True)


def checked_password(text: str, path: str = "input.password") -> str:
    """Return a password for a new account, in its normal form. Raises ValidationError with every fault."""
    if faults := list(_password_faults(text, path)):
        raise ValidationError(*faults)
    return normal_password(text)


def _password_faults(text: str, path: str) -> Iterator[FieldFault]:
    try:
        length = len(normal_password(text, path))
    except ValidationError as wrong:
        yield from wrong.fields
        return
    if not MIN_PASSWORD <= length <= MAX_PASSWORD:
        message = f"must have {MIN_PASSWORD} to {MAX_PASSWORD} characters"
        yield FieldFault(path, "OUT_OF_RANGE", message, MIN_PASSWORD, MAX_PASSWORD)
    kinds = {"an upper-case letter": str.isupper, "a lower-case letter": str.islower, "a digit": str.isdecimal}
    if missing := [kind for kind, holds in kinds.items() if not any(map(holds, text))]:
        yield FieldFault(path, "TOO_WEAK", f"needs {' and '.join(missing)}")


def normal_password(text: str, path: str = "input.password") -> str:
    """Return the same password from every keyboard: NFC. Raises ValidationError for what can be no password."""
    return normal(path, text, MAX_PASSWORD)


def normal_code(text: str) -> str | None:
    """Return the six digits, however they were spaced; None if there are not six."""
    digits = re.sub(r"[\s-]", "", text)
    return digits if re.fullmatch(rf"[0-9]{{{CODE_DIGITS}}}", digits) else None


def is_secret_id(text: str) -> bool:
    """Return whether a text has the form of the secret id of a sign-up or of a request."""
    return _SECRET_ID.fullmatch(text) is not None


def display_name(text: str, path: str = "input.name") -> str:
    """Return a person's name, trimmed and in NFC: 1 to 100 characters, no controls. Raises ValidationError."""
    return clean(path, text, 1, MAX_NAME)


def _has(text: str, *categories: str) -> bool:
    """Return whether a character is of one of Unicode's general categories, given in full or by the first letter."""
    return any(unicodedata.category(mark).startswith(categories) for mark in text)
