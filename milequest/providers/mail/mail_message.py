"""A mail as it is sent: RFC 5322, plain text and HTML in one."""

from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, default
from email.utils import format_datetime, make_msgid, parseaddr
from typing import Final, Protocol

import idna

from milequest.rules.mail import Mail

MAX_LINE: Final = 998  # of a header: few programs read one that is folded in the middle of an address


@dataclass(frozen=True, slots=True)
class MailMessage:
    """Envelope addresses and content of a mail. `needs_utf8`: a server must support SMTPUTF8 (RFC 6531)."""

    sender: str
    to: str = field(repr=False)
    content: bytes = field(repr=False)
    needs_utf8: bool


class MailTransport(Protocol):
    """A service that delivers mail messages: SMTP or SES."""

    async def deliver(self, message: MailMessage) -> None:
        """Hand over a message to the service. Raises UndeliveredError, OSError or TimeoutError."""


class UndeliveredError(Exception):
    """A service has refused a message.

    The error's text is safe to log; with `is_passing` the message may be accepted later.
    """

    def __init__(self, reason: str, *, is_passing: bool) -> None:
        super().__init__(reason)
        self.is_passing = is_passing


def mail_message(mail: Mail, sender: str, now: datetime) -> MailMessage:
    """Return a mail as a message. Raises ValueError for a value that would break out of its header."""
    address_from, address_to = _sender(sender), _receiver(mail.to)
    message = EmailMessage(policy=default)
    message["From"] = address_from
    message["To"] = address_to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=address_from.domain)
    message["Auto-Submitted"] = "auto-generated"  # so that no absence notices are sent back: RFC 3834
    if mail.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{_plain_url(mail.unsubscribe_url)}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    message.set_content(mail.text, charset="utf-8", cte="quoted-printable")
    if mail.html:
        message.add_alternative(mail.html, subtype="html", charset="utf-8", cte="quoted-printable")
    needs_utf8 = not address_to.username.isascii()
    policy = (SMTPUTF8 if needs_utf8 else SMTP).clone(max_line_length=MAX_LINE)
    return MailMessage(address_from.addr_spec, address_to.addr_spec, message.as_bytes(policy=policy), needs_utf8)


def _sender(sender: str) -> Address:
    name, address = parseaddr(sender)
    return Address(display_name=name, addr_spec=address)


def _receiver(to: str) -> Address:
    """Return the address with its domain as the DNS has it: by IDNA 2008, in which `ß` is another domain than `ss`."""
    local, _, domain = to.rpartition("@")
    if not local or not domain:
        raise ValueError("an address has a part before and a part after its @")
    if not domain.isascii():
        domain = idna.encode(domain, uts46=True).decode()
    return Address(username=local, domain=domain)


def _plain_url(url: str) -> str:
    if not url.startswith("https://") or not url.isascii() or not url.isprintable() or set(url) & set(" <>,"):
        raise ValueError("the address to unsubscribe must be https and plain")
    return url
