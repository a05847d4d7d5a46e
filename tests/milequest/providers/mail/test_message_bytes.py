"""A message's bytes, read again by the standard library: no value becomes more than its header."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from milequest.providers.mail.mail_message import MailMessage, mail_message
from milequest.rules.credentials import email_address
from milequest.rules.errors import ValidationError
from milequest.rules.mail import Mail, written

SENDER = "Mile Quest <hello@quest.example>"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
HEADERS = {"from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type"}
LINES = st.text(alphabet=st.one_of(st.characters(), st.sampled_from('\r\n\x00 @<>:,;"\u2028\u0085')), max_size=40)


def read(sent: MailMessage) -> EmailMessage:
    return message_from_bytes(sent.content, policy=default)


@settings(max_examples=50)
@given(to=LINES, subject=LINES)
def test_no_address_and_no_subject_adds_a_header_or_a_receiver(to: str, subject: str) -> None:
    try:
        sent = mail_message(Mail(to, subject, "text", "<p>text</p>"), SENDER, NOW)
    except ValueError:
        return
    message = read(sent)
    assert {name.lower() for name in message} <= HEADERS
    assert len(message["To"].addresses) <= 1
    assert "\r" not in sent.to
    assert "\n" not in sent.to


@pytest.mark.parametrize("end", ["\r\nBcc: eve@x.example", "\nBcc: eve@x.example", "\r\n\r\nhello", "\rX: 1"])
def test_a_line_break_in_a_value_is_refused(end: str) -> None:
    for mail in (Mail(f"ada@x.example{end}", "s", "t"), Mail(f"ada{end}@x.example", "s", "t")):
        with pytest.raises(ValueError, match=r"\w"):
            mail_message(mail, SENDER, NOW)
    with pytest.raises(ValueError, match=r"\w"):
        mail_message(Mail("ada@x.example", f"subject{end}", "t"), SENDER, NOW)
    with pytest.raises(ValueError, match="unsubscribe"):
        mail_message(Mail("ada@x.example", "s", "t", unsubscribe_url=f"https://x.example/{end}"), SENDER, NOW)


@settings(max_examples=30)
@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=100))
def test_text_and_html_say_what_was_written(text: str) -> None:
    mail = written("ada@x.example", "Subject: Grüße, 你好", text)
    message = read(mail_message(mail, SENDER, NOW))
    plain, html = message.iter_parts()
    assert plain.get_content().replace("\r\n", "\n") == mail.text
    assert html.get_content().replace("\r\n", "\n") == mail.html
    assert str(message["Subject"]) == mail.subject


def test_lines_are_short_and_ascii_whatever_the_text() -> None:
    sent = mail_message(written("ada@x.example", "é" * 150, "好" * 2_000 + ".\n.\n"), SENDER, NOW)
    assert sent.content.isascii()
    assert max(map(len, sent.content.split(b"\r\n"))) <= 998
    assert b"\n" not in sent.content.replace(b"\r\n", b"")


def test_mail_with_an_unsubscribe_url_has_its_headers() -> None:
    url = "https://quest.example/unsubscribe?" + "t" * 300
    sent = mail_message(written("ada@x.example", "News", "News.", unsubscribe_url=url), SENDER, NOW)
    assert f"List-Unsubscribe: <{url}>\r\n".encode() in sent.content  # in one piece, and as it is
    message = read(sent)
    assert message["List-Unsubscribe"] == f"<{url}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for wrong in ("http://quest.example/u", "mailto:x@x.example", "https://x.example/ü", "https://x.example/>,<x:"):
        with pytest.raises(ValueError, match="unsubscribe"):
            mail_message(written("ada@x.example", "News", "News.", unsubscribe_url=wrong), SENDER, NOW)


@pytest.mark.parametrize(
    ("address", "to", "needs_utf8"),
    [
        ("ada@x.example", "ada@x.example", False),
        ("a..b.@x.example", "a..b.@x.example", False),
        ("o'neil+tag@x.example", "o'neil+tag@x.example", False),
        ("ada@bücher.example", "ada@xn--bcher-kva.example", False),
        ("ada@faß.example", "ada@xn--fa-hia.example", False),  # not fass.example, which is somebody else's
        ("zoë@x.example", "zoë@x.example", True),
        ("用户@例子.example", "用户@xn--fsqu00a.example", True),
    ],
)
def test_an_address_is_written_as_servers_take_it(address: str, to: str, needs_utf8: bool) -> None:
    assert email_address(address) == address
    sent = mail_message(Mail(address, "s", "t"), SENDER, NOW)
    assert (sent.to, sent.needs_utf8) == (to, needs_utf8)


@settings(max_examples=50)
@given(address=st.builds("{}@{}".format, st.text(min_size=1, max_size=10), st.text(min_size=1, max_size=10)))
def test_every_address_that_may_sign_up_is_one_receiver_or_refused(address: str) -> None:
    try:
        email_address(address)
    except ValidationError:
        return
    try:
        sent = mail_message(Mail(address, "s", "t"), SENDER, NOW)
    except ValueError:
        return
    assert len(read(sent)["To"].addresses) == 1
