"""The mails we send, one function each, and what sends them. Each is written once, and becomes plain text and HTML."""

import html
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from milequest.rules.credentials import CODE_LIFE

_MINUTES = CODE_LIFE // timedelta(minutes=1)
_PAGE = (
    '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title></head>\n'
    '<body style="margin:0;padding:24px;font-family:system-ui,sans-serif;font-size:16px;line-height:1.5">\n'
    "{body}\n</body>\n</html>\n"
)
_CODE = '<p style="font-size:28px;letter-spacing:4px;margin:24px 0"><strong>{}</strong></p>'


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one address, in plain text and, but for an empty `html`, the same in HTML.

    `unsubscribe_url` is where its receiver ends mails of its kind, by one POST. A mail that was asked for has none.
    """

    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    html: str = field(default="", repr=False)
    unsubscribe_url: str = field(default="", repr=False)


class Mailer(Protocol):
    """Sends mail, or queues it; returns once it is taken over."""

    async def send(self, mail: Mail) -> None:
        """Take `mail` over. Raises OSError when that fails."""


@dataclass(frozen=True, slots=True)
class Code:
    """A paragraph with a code, to be read and typed."""

    code: str = field(repr=False)


def written(to: str, subject: str, *paragraphs: str | Code, unsubscribe_url: str = "") -> Mail:
    """A mail of these paragraphs."""
    text = "\n\n".join(f"    {one.code}" if isinstance(one, Code) else one for one in paragraphs) + "\n"
    body = "\n".join(
        _CODE.format(html.escape(one.code)) if isinstance(one, Code) else f"<p>{html.escape(one)}</p>"
        for one in paragraphs
    )
    return Mail(to, subject, text, _PAGE.format(title=html.escape(subject), body=body), unsubscribe_url)


def confirmation(to: str, code: str) -> Mail:
    """The mail that proves an address. Nothing in it comes from who signed up: it may be somebody else."""
    return written(
        to,
        "Your Mile Quest code",
        "Hello,",
        "your code for Mile Quest is",
        Code(code),
        f"It is good for {_MINUTES} minutes. If it wasn't you who signed up, leave it unused and nothing happens.",
    )


def already_registered(to: str) -> Mail:
    """The mail to an owner whose address somebody, perhaps they themselves, signed up with again."""
    return written(
        to,
        "You already have a Mile Quest account",
        "Hello,",
        "someone signed up for Mile Quest with this address, which has an account already. "
        "If it was you, just sign in. If it wasn't, nothing has changed.",
    )
