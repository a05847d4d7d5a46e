"""The mails we send, and what sends them."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from milequest.rules.credentials import CODE_LIFE

_MINUTES = CODE_LIFE // timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Mail:
    """A plain-text mail to one address."""

    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)


class Mailer(Protocol):
    """Sends mail, or queues it; returns once it is taken over."""

    async def send(self, mail: Mail) -> None:
        """Take `mail` over. Raises OSError when that fails."""


def confirmation(to: str, code: str) -> Mail:
    """The mail that proves an address. Nothing in it comes from who signed up: it may be somebody else."""
    text = (
        "Hello,\n\n"
        f"your code for Mile Quest is {code}\n\n"
        f"It is good for {_MINUTES} minutes. If it wasn't you who signed up, leave it unused and nothing happens.\n"
    )
    return Mail(to, "Your Mile Quest code", text)


def already_registered(to: str) -> Mail:
    """The mail to an owner whose address somebody, perhaps he, signed up with again."""
    text = (
        "Hello,\n\n"
        "someone signed up for Mile Quest with this address, which has an account already. "
        "If it was you, just sign in. If it wasn't, nothing has changed.\n"
    )
    return Mail(to, "You already have a Mile Quest account", text)
