"""The mails we send, one function each, and the protocol of senders. Each is written once, for plain text and HTML."""

import html
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from milequest.rules.credentials import CODE_LIFE

_MINUTES = CODE_LIFE // timedelta(minutes=1)
_PAGE = (
    '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title></head>\n'
    '<body style="margin:0;padding:24px;font-family:system-ui,sans-serif;font-size:16px;line-height:1.5">\n'
    "{body}\n</body>\n</html>\n"
)
_LINK = '<p style="margin:24px 0"><a href="{0}">{0}</a></p>'
_CODE = '<p style="font-size:28px;letter-spacing:4px;margin:24px 0"><strong>{}</strong></p>'


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one address, in plain text and, unless `html` is empty, the same in HTML.

    `unsubscribe_url` is where its receiver ends mails of its kind, by one POST. A requested mail has none.
    """

    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    html: str = field(default="", repr=False)
    unsubscribe_url: str = field(default="", repr=False)


class Mailer(Protocol):
    """Sender of mail, or a queue; `send` returns once the mail is accepted."""

    async def send(self, mail: Mail) -> None:
        """Accept `mail`. Raises OSError when that fails."""


class NoMailError(OSError):
    """No mail is sent here at all."""


@dataclass(frozen=True, slots=True)
class Code:
    """A paragraph with a code, to be read and typed."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Link:
    """A paragraph with an address to follow."""

    url: str = field(repr=False)


def written(to: str, subject: str, *paragraphs: str | Code | Link, unsubscribe_url: str = "") -> Mail:
    """Return a mail of a greeting and these paragraphs, which continue after its comma."""
    paragraphs = ("Hello,", *paragraphs)
    text = "\n\n".join(map(_as_text, paragraphs)) + "\n"
    body = "\n".join(map(_as_html, paragraphs))
    return Mail(to, subject, text, _PAGE.format(title=html.escape(subject), body=body), unsubscribe_url)


def _as_text(one: str | Code | Link) -> str:
    match one:
        case Code(code):
            return f"    {code}"
        case Link(url):
            return url
        case _:
            return one


def _as_html(one: str | Code | Link) -> str:
    match one:
        case Code(code):
            return _CODE.format(html.escape(code))
        case Link(url):
            return _LINK.format(html.escape(url))
        case _:
            return f"<p>{html.escape(one)}</p>".replace("\n", "<br>")


def confirmation(to: str, code: str) -> Mail:
    """Return the mail that proves an address. Nothing in it is from its sign-up, whose author may be another person."""
    return written(
        to,
        "Your Mile Quest code",
        "your code for Mile Quest is",
        Code(code),
        f"It is good for {_MINUTES} minutes, for the sign-up that it was sent for and no other. "
        "If it wasn't you who signed up, leave it unused and nothing happens.",
    )


def already_registered(to: str) -> Mail:
    """Return the mail to an account's owner whose address was given again, by a sign-up or another account."""
    return written(
        to,
        "You already have a Mile Quest account",
        "someone gave this address to Mile Quest, where it has an account already. If it was you, just sign in, or ask "
        "for a new password if you forgot yours. If it wasn't, nothing has changed.",
    )


def password_reset(to: str, code: str) -> Mail:
    """Return the mail with the code for a new password."""
    return written(
        to,
        "Your new Mile Quest password",
        "your code for a new password for Mile Quest is",
        Code(code),
        f"It is good for {_MINUTES} minutes, where it was asked for and nowhere else. "
        "If it wasn't you who asked, leave it unused and nothing happens.",
    )


def no_account(to: str) -> Mail:
    """Return the mail to an address for which a new password was requested, and which has no account."""
    return written(
        to,
        "No Mile Quest account has this address",
        "someone asked for a new password for Mile Quest with this address, which has no account. If it was you, "
        "perhaps you signed up with another address. If it wasn't, nothing has changed.",
    )


def password_changed(to: str) -> Mail:
    """Return the notice that an account has another password."""
    return written(
        to,
        "Your Mile Quest password was changed",
        "your password for Mile Quest was changed. If it wasn't you, ask for a new password at once: "
        "that ends every session.",
    )


def address_change(to: str, code: str) -> Mail:
    """Return the mail to the old and to the new address of an account, each with its own code."""
    return written(
        to,
        "Your code for another address at Mile Quest",
        "the address of a Mile Quest account is to be changed. The code of this address is",
        Code(code),
        f"It is good for {_MINUTES} minutes, and the other address has a code too. If it wasn't you who asked, leave "
        "it unused, and if the account is yours, change your password: whoever asked knows it.",
    )


def address_changed(to: str) -> Mail:
    """Return the notice to the old and to the new address that an account has moved."""
    return written(
        to,
        "The address of your Mile Quest account was changed",
        "the address of your Mile Quest account was changed; sign in with the new one from now on. "
        "If it wasn't you, tell those who run Mile Quest at once.",
    )


def invitation(to: str, team: str, inviter: str, message: str | None, url: str, expires_at: datetime) -> Mail:
    """Return the mail of an invite, with the words of whoever invites as a paragraph of their own."""
    words = () if message is None else (f"{inviter} writes:", message)
    return written(
        to,
        f"{inviter} invites you to walk with {team}",
        f"{inviter} invites you to the team {team} on Mile Quest, where teams walk a route together.",
        *words,
        "To see the invite, and to join or decline:",
        Link(url),
        f"It is for this address alone, until {expires_at.astimezone(UTC):%d %B %Y, %H:%M} UTC. If you don't know "
        f"{inviter}, leave it and nothing happens. Once you decline, no more of this team's invites are mailed to you.",
    )


def deletion_requested(to: str, due_at: datetime) -> Mail:
    """Return the mail that says when an account will be deleted, and how to keep it."""
    return written(
        to,
        "Your Mile Quest account will be deleted",
        f"your Mile Quest account will be deleted on {due_at.astimezone(UTC):%d %B %Y, %H:%M} UTC. You were signed out "
        "everywhere, and others see a former member in your place.",
        "If you want to keep it, or if it wasn't you who asked, just sign in before then: that brings everything back.",
    )


def account_deleted(to: str) -> Mail:
    """Return the last mail to the address of an account that was deleted."""
    return written(
        to,
        "Your Mile Quest account was deleted",
        "your Mile Quest account was deleted, as you asked two weeks ago. What you walked still counts for your teams, "
        "without your name. This address is not stored any more.",
    )
