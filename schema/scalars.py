"""AppSync's scalars, by its names and rules: parsing of clients' input, and formatting of output.

AWSDateTime and AWSDate become `datetime` (UTC) and `date`; AWSJSON is sent as a string that holds JSON.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, NewType
from urllib.parse import urlsplit

import orjson
import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from milequest.rules.calendar import instant_text

AWSDate = NewType("AWSDate", date)
AWSDateTime = NewType("AWSDateTime", datetime)
AWSEmail = NewType("AWSEmail", str)
AWSJSON = NewType("AWSJSON", object)
AWSURL = NewType("AWSURL", str)

_OFFSET = r"(?P<offset>Z|[+-]\d{2}:\d{2}(?::\d{2})?)"
_DATE = re.compile(rf"(?P<day>\d{{4}}-\d{{2}}-\d{{2}}){_OFFSET}?", re.ASCII)
_CLOCK = r"(?P<clock>(?!24)\d{2}:\d{2})(?P<seconds>:\d{2}(?:\.(?P<fraction>\d{1,9}))?)?"
_DATE_TIME = re.compile(rf"(?P<day>\d{{4}}-\d{{2}}-\d{{2}})T{_CLOCK}{_OFFSET}", re.ASCII)
_WORD = r"[^\s@.\"(),:;<>\[\\\]\x00-\x1f\x7f]+"  # RFC 822's atom, and letters beyond ASCII
_WORDS = rf"{_WORD}(?:\.{_WORD})*"
_EMAIL = re.compile(rf"(?=[^@]{{1,64}}@.{{1,255}}$){_WORDS}@{_WORDS}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def _refuse(scalar: str, rule: str) -> GraphQLError:
    return GraphQLError(f"{scalar} cannot represent the value: {rule}")


def _text(value: object, scalar: str) -> str:
    if not isinstance(value, str):
        raise _refuse(scalar, "it must be a string.")
    return value


def _offset(text: str) -> timezone:
    """Parse `Z` or ±hh:mm[:ss], at most 18 hours as in AppSync. Raises ValueError."""
    if text == "Z":
        return UTC
    hours, minutes, *seconds = (int(part) for part in text[1:].split(":"))
    if minutes > 59 or (seconds and seconds[0] > 59):
        raise ValueError("minutes and seconds of an offset go to 59")
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)
    if offset > timedelta(hours=18):
        raise ValueError("an offset is at most 18 hours")
    return timezone(-offset if text[0] == "-" else offset)


def parse_date(value: object) -> date:
    """Parse `YYYY-MM-DD`, years 1 to 9999; an offset may follow and is dropped, as a date has none."""
    match = _DATE.fullmatch(_text(value, "AWSDate"))
    try:
        if match is None:
            raise ValueError("not a day")
        if match["offset"]:
            _offset(match["offset"])
        return date.fromisoformat(match["day"])
    except ValueError:
        raise _refuse("AWSDate", "write a day as 2026-11-22.") from None


def parse_date_time(value: object) -> datetime:
    """Parse `YYYY-MM-DDThh:mm[:ss[.fffffffff]]` and an offset into UTC, to the microsecond."""
    match = _DATE_TIME.fullmatch(_text(value, "AWSDateTime"))
    try:
        if match is None:
            raise ValueError("not an instant")
        local = datetime.fromisoformat(f"{match['day']}T{match['clock']}{(match['seconds'] or '')[:3]}")
        microseconds = int((match["fraction"] or "0").ljust(6, "0")[:6])
        return local.replace(microsecond=microseconds, tzinfo=_offset(match["offset"])).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _refuse("AWSDateTime", "write an instant with its offset, as 2026-11-22T09:30:00Z.") from None


def parse_email(value: object) -> str:
    """Parse local@domain, without quoted parts; blanks around it are dropped, as phone keyboards add one."""
    text = _text(value, "AWSEmail").strip()
    if not _EMAIL.fullmatch(text):
        raise _refuse("AWSEmail", "write an address as name@example.com.")
    return text


def parse_url(value: object) -> str:
    """Parse a URL of any scheme, which is required; no `//` inside the path."""
    text = _text(value, "AWSURL")
    try:
        parts = urlsplit(text)
        good = bool(_SCHEME.match(text)) and bool(parts.netloc or parts.path) and "//" not in parts.path
        _ = parts.port  # raises for a port that is not a number
    except ValueError:
        good = False
    if not good or not text.isprintable() or " " in text:
        raise _refuse("AWSURL", "write a URL with its scheme.")
    return text


def parse_json(value: object) -> Any:
    """Parse a string that holds any JSON value; resolvers get the value."""
    try:
        return orjson.loads(_text(value, "AWSJSON"))
    except orjson.JSONDecodeError:
        raise _refuse("AWSJSON", "it must be a string that holds JSON.") from None


def _scalar(name: str, description: str, parse: Any, serialize: Any) -> ScalarDefinition:
    return strawberry.scalar(name=name, description=description, parse_value=parse, serialize=serialize)


SCALARS: dict[object, ScalarDefinition] = {
    AWSDate: _scalar("AWSDate", "A day of the calendar, `2026-11-22`.", parse_date, date.isoformat),
    AWSDateTime: _scalar(
        "AWSDateTime",
        "An instant. Printed as `2026-11-22T09:30:00.123Z`, accepted with any offset but never without one.",
        parse_date_time,
        instant_text,
    ),
    AWSEmail: _scalar("AWSEmail", "An e-mail address, `name@example.com`.", parse_email, str),
    AWSJSON: _scalar(
        "AWSJSON", "A string that holds a JSON value.", parse_json, lambda value: orjson.dumps(value).decode()
    ),
    AWSURL: _scalar("AWSURL", "A URL with its scheme.", parse_url, str),
}
