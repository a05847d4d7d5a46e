"""Mail by an SMTP server, over TLS with a certificate that is checked: at once (`smtps`), or by STARTTLS (`smtp`).

`smtp+insecure` is without TLS, for a server that has none. Trusted are the system's authorities, or those in the file
that SSL_CERT_FILE names.
"""

import ssl
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib.errors import SMTPNotSupported, SMTPRecipientsRefused, SMTPResponseException

from milequest.providers.mail.mail_message import MailMessage, UndeliveredError

PORTS = {"smtp": 587, "smtps": 465, "smtp+insecure": 25}
SECONDS = 10.0  # for each answer of the server


class Smtp:
    """A MailTransport by the SMTP server at `url`, with one connection per message."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._scheme = parts.scheme
        self._host, self._port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        self._user = None if parts.username is None else unquote(parts.username)
        self._password = None if parts.password is None else unquote(parts.password)
        self._tls = None if parts.scheme == "smtp+insecure" else ssl.create_default_context()

    async def deliver(self, message: MailMessage) -> None:
        """Hand a message over. Raises UndeliveredError, OSError or TimeoutError."""
        server = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            local_hostname=message.sender.rpartition("@")[2],
            timeout=SECONDS,
            use_tls=self._scheme == "smtps",
            start_tls=self._scheme == "smtp",
            tls_context=self._tls,
        )
        options = ["SMTPUTF8", "BODY=8BITMIME"] if message.needs_utf8 else []
        try:
            async with server:
                await server.sendmail(message.sender, [message.to], message.content, mail_options=options)
        except SMTPRecipientsRefused as error:
            raise _undelivered(error, error.recipients[0].code) from None
        except SMTPResponseException as error:
            raise _undelivered(error, error.code) from None
        except SMTPNotSupported as error:  # no STARTTLS, no SMTPUTF8, no way to sign in
            raise UndeliveredError(type(error).__name__, is_passing=False) from None


def _undelivered(error: Exception, code: int) -> UndeliveredError:
    """Return the error without the server's text, which repeats addresses."""
    return UndeliveredError(f"{type(error).__name__} {code}", is_passing=not 500 <= code < 600)
