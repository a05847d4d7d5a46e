"""AppSync's scalars by AppSync's rules: accepted and refused values, and that printing is the inverse of parsing."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Any

import pytest
import strawberry
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from milequest.rules.calendar import instant_text
from resolvers.context import AnyContext
from schema.directives import ALL_CALLERS
from schema.error_payloads import RequestRefused
from schema.fields import arg, field
from schema.scalars import (
    AWSJSON,
    AWSURL,
    AWSDate,
    AWSDateTime,
    AWSEmail,
    parse_date,
    parse_date_time,
    parse_email,
    parse_json,
    parse_url,
)
from tests.schema.small import run, runner_of

NO_STRINGS: list[object] = [None, 5, 1.5, True, [], {}, ["2026-11-22"]]


def refuses(parse: Callable[[object], object], value: object) -> None:
    """Check that the value is refused with the scalar's name and its rule."""
    with pytest.raises(GraphQLError, match=r"^AWS\w+ cannot represent the value: "):
        parse(value)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-22", date(2026, 11, 22)),
        ("1970-01-01Z", date(1970, 1, 1)),
        ("1970-01-01-07:00", date(1970, 1, 1)),
        ("1970-01-01+05:30", date(1970, 1, 1)),
        ("1970-01-01+05:30:15", date(1970, 1, 1)),
        ("1970-01-01-18:00", date(1970, 1, 1)),
        ("2024-02-29", date(2024, 2, 29)),
        ("0001-01-01", date.min),
        ("9999-12-31", date.max),
    ],
)
def test_a_day_with_or_without_an_offset(text: str, day: date) -> None:
    assert parse_date(text) == day


@pytest.mark.parametrize(
    "value",
    [
        "", "2026", "2026-11", "2026-1-2", "26-11-22", "20261122", "2026-W47-7", "2026-326", "2026/11/22", "22.11.2026",
        "2026-13-01", "2026-02-29", "2026-00-10", "2026-11-31", "0000-01-01", "-0044-03-15", "10000-01-01",
        "2026-11-22T00:00:00Z", "2026-11-22 ", " 2026-11-22", "2026-11-22\n", "2026-11-22z", "2026-11-22+7",
        "2026-11-22+0700", "2026-11-22+07:60", "2026-11-22+18:01", "2026-11-22+07:00:60", "2026-11-22Z+07:00",
        "２０２６-11-22", "today", *NO_STRINGS,
    ],
)  # fmt: skip
def test_malformed_day_is_refused(value: object) -> None:
    refuses(parse_date, value)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("2026-11-22T09:30Z", "2026-11-22T09:30:00.000Z"),
        ("2026-11-22T09:30:15Z", "2026-11-22T09:30:15.000Z"),
        ("2026-11-22T09:30:15.1Z", "2026-11-22T09:30:15.100Z"),
        ("2026-11-22T09:30:15.123456789Z", "2026-11-22T09:30:15.123Z"),
        ("2026-11-22T09:30:15.999999999Z", "2026-11-22T09:30:15.999Z"),
        ("2026-11-22T09:30:15+01:00", "2026-11-22T08:30:15.000Z"),
        ("2026-11-22T09:30:15-07:00", "2026-11-22T16:30:15.000Z"),
        ("2026-11-22T00:30:00+05:30", "2026-11-21T19:00:00.000Z"),
        ("2026-11-22T09:30:15+00:00:15", "2026-11-22T09:30:00.000Z"),
        ("2026-12-31T23:59:59.999-18:00", "2027-01-01T17:59:59.999Z"),
        ("2026-11-22T00:00:00-00:00", "2026-11-22T00:00:00.000Z"),
        ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
        ("0001-01-01T00:00Z", "0001-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_an_instant_with_any_offset_is_printed_in_utc(text: str, printed: str) -> None:
    parsed = parse_date_time(text)
    assert parsed.tzinfo is UTC
    assert instant_text(parsed) == printed


@pytest.mark.parametrize(
    "value",
    [
        "", "2026-11-22", "2026-11-22T09:30", "2026-11-22T09:30:15", "2026-11-22T09:30:15.123", "2026-11-22 09:30:15Z",
        "2026-11-22t09:30:15Z", "2026-11-22T09:30:15z", "2026-11-22T9:30Z", "2026-11-22T0930Z", "2026-11-22T09Z",
        "2026-11-22T24:00Z", "2026-11-22T24:00:00Z", "2026-11-22T25:00Z", "2026-11-22T09:60Z", "2026-11-22T09:30:60Z",
        "2026-11-22T09:30:15.Z", "2026-11-22T09:30:15,5Z", "2026-11-22T09:30:15.1234567890Z", "2026-11-22T09:30.5Z",
        "2026-11-22T09:30:15+0100", "2026-11-22T09:30:15+1", "2026-11-22T09:30:15+18:01", "2026-11-22T09:30:15+24:00",
        "2026-11-22T09:30:15 Z", "2026-11-22T09:30:15Z ", "2026-11-22T09:30:15Z\n", "2026-02-30T09:30Z", "1792575000",
        "0001-01-01T00:00+01:00", "9999-12-31T23:59-01:00", "+002026-11-22T09:30Z", "2026-11-22T09:30:15Europe/Paris",
        1_792_575_000, *NO_STRINGS,
    ],
)  # fmt: skip
def test_malformed_instant_is_refused(value: object) -> None:
    refuses(parse_date_time, value)


@given(
    st.datetimes(
        timezones=st.timezones() | st.builds(timezone, st.timedeltas(-timedelta(hours=18), timedelta(hours=18)))
    )
)
def test_an_instant_printed_and_read_again_is_the_same_to_the_millisecond(instant: datetime) -> None:
    try:
        printed = instant_text(instant)
    except OverflowError:  # beyond what a datetime holds in UTC
        return
    again = parse_date_time(printed)
    assert timedelta() <= instant.astimezone(UTC) - again < timedelta(milliseconds=1)
    assert instant_text(again) == printed
    assert len(printed) == len("2026-11-22T09:30:00.123Z")


@given(st.datetimes(), st.integers(-18 * 3600, 18 * 3600), st.integers(0, 9))
def test_equal_instants_have_equal_bytes_however_they_were_sent(local: datetime, seconds: int, digits: int) -> None:
    sign, rest = ("-" if seconds < 0 else "+"), abs(seconds)
    offset = f"{sign}{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    fraction = f".{local.microsecond * 1000:09}"[: digits + 1] if digits else ""
    text = f"{local.replace(microsecond=0).isoformat()}{fraction}{offset}"
    try:
        expected = datetime.fromisoformat(f"{local.replace(microsecond=0).isoformat()}+00:00") - timedelta(
            seconds=seconds
        )
    except OverflowError:
        refuses(parse_date_time, text)
        return
    parsed = parse_date_time(text)
    assert parsed.replace(microsecond=0) == expected
    assert f"{parsed.microsecond * 1000:09}".startswith(fraction[1:7])
    assert parse_date_time(instant_text(parsed)) == parsed.replace(microsecond=parsed.microsecond // 1000 * 1000)


@given(st.dates(), st.sampled_from(["", "Z", "-07:00", "+05:30:15"]))
def test_a_day_is_printed_as_it_was_meant(day: date, offset: str) -> None:
    assert parse_date(f"{day.isoformat()}{offset}") == day


def test_an_instant_without_a_zone_is_never_printed() -> None:
    with pytest.raises(ValueError, match="time zone"):
        instant_text(datetime(2026, 11, 22))  # noqa: DTZ001  # that is what is tried


@pytest.mark.parametrize(
    "text",
    ["a@b", "ann@example.com", "a.b+c_d-e@mail.example.co.uk", "o'neill@example.org", "1@2", "jürgen@müller.example",
     "!#$%&*/=?^`{|}~@example.com", "x" * 64 + "@" + "y" * 255],
)  # fmt: skip
def test_email_address_is_read_without_surrounding_blanks(text: str) -> None:
    assert parse_email(text) == text
    assert parse_email(f" {text}\u00a0\n") == text  # as keyboards of telephones add blanks


@pytest.mark.parametrize(
    "value",
    ["", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b c", ".a@b", "a.@b", "a..b@c", "a@.b",
     "a@b.", "a@b..c", '"a b"@c', "a(b)@c", "a,b@c", "<a@b>", "a@[127.0.0.1]", "a\x00@b", "a@b\x7f",
     "x" * 65 + "@y", "x@" + "y" * 256, *NO_STRINGS],
)  # fmt: skip
def test_malformed_email_is_refused(value: object) -> None:
    refuses(parse_email, value)


@pytest.mark.parametrize(
    "text",
    ["https://example.com", "http://localhost", "http://localhost:8000/a/b?c=d//e#f//g", "ftp://user:pw@host/x",
     "mailto:ann@example.com", "urn:isbn:9783161484100",
     "file:///etc/hosts", "https://[::1]:8080/", "git+ssh://host/x",
     "tel:+15551234", "https://münchen.example/ö"],
)  # fmt: skip
def test_absolute_url_is_read_unchanged(text: str) -> None:
    assert parse_url(text) == text


@pytest.mark.parametrize(
    "value",
    ["", "example.com", "//example.com/x", "/a/b", "a b", "https://", "https:", "http://example.com//x", "https://example.com/a//b",
     "http://example.com:port/", "http://example.com:99999/", "http://[::1/", "https://example.com/a b", "https://example.com\n",
     "https://exa\tmple.com", "\x00https://example.com", "1http://example.com", ":", "://x", *NO_STRINGS],
)  # fmt: skip
def test_malformed_url_is_refused(value: object) -> None:
    refuses(parse_url, value)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(json_values)
def test_json_comes_as_a_string_that_holds_any_value(value: object) -> None:
    assert parse_json(json.dumps(value)) == value
    assert parse_json(json.dumps(value, ensure_ascii=False, indent=2)) == value


@pytest.mark.parametrize(
    "value", ["", "{a: 1}", "{'a': 1}", "yes", "NaN", "[1,]", "{", "\ud800", "[" * 2_000, *NO_STRINGS]
)
def test_malformed_json_is_refused(value: object) -> None:
    refuses(parse_json, value)


def echo(ctx: AnyContext) -> Any:
    return ctx.args["v"]


@strawberry.type(description="x")
class Query:
    @field(echo, *ALL_CALLERS)
    def day(self, v: Annotated[AWSDate, arg("x")]) -> AWSDate | None:
        """x"""

    @field(echo, *ALL_CALLERS)
    def instant(self, v: Annotated[AWSDateTime, arg("x")]) -> AWSDateTime | None:
        """x"""

    @field(echo, *ALL_CALLERS)
    def address(self, v: Annotated[AWSEmail, arg("x")]) -> AWSEmail | None:
        """x"""

    @field(echo, *ALL_CALLERS)
    def json(self, v: Annotated[AWSJSON, arg("x")]) -> AWSJSON | None:
        """x"""

    @field(echo, *ALL_CALLERS)
    def url(self, v: Annotated[AWSURL, arg("x")]) -> AWSURL | None:
        """x"""


runner = runner_of(Query)


@pytest.mark.parametrize(
    ("name", "scalar", "sent", "answered"),
    [
        ("day", "AWSDate", "2026-11-22-07:00", "2026-11-22"),
        ("instant", "AWSDateTime", "2026-11-22T09:30+01:00", "2026-11-22T08:30:00.000Z"),
        ("address", "AWSEmail", "ann@example.com", "ann@example.com"),
        ("json", "AWSJSON", '{"a": [1, null]}', '{"a":[1,null]}'),
        ("url", "AWSURL", "mailto:ann@example.com", "mailto:ann@example.com"),
    ],
)
async def test_scalars_travel_through_a_document(name: str, scalar: str, sent: str, answered: str) -> None:
    literal = await run(runner, f"{{ {name}(v: {json.dumps(sent)}) }}")
    assert (literal.data, literal.errors) == ({name: answered}, None)
    variable = await run(runner, f"query ($v: {scalar}!) {{ {name}(v: $v) }}", {"v": sent})
    assert (variable.data, variable.errors) == ({name: answered}, None)
    for bad in ('"x y"', "5", "{ a: 1 }", "null"):
        with pytest.raises(RequestRefused) as refused:
            await run(runner, f"{{ {name}(v: {bad}) }}")
        assert {(error.extensions or {})["code"] for error in refused.value.errors} == {"VALIDATION_ERROR"}
    for wrong in ("x y", 5, {"a": 1}, None):
        with pytest.raises(RequestRefused) as refused:
            await run(runner, f"query ($v: {scalar}!) {{ {name}(v: $v) }}", {"v": wrong})
        assert (refused.value.errors[0].extensions or {})["code"] == "VALIDATION_ERROR"
