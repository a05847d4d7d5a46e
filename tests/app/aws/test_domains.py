"""The REST API's own routes for pages of other origins: preflights, and answers that they can read."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from app.aws.domains import DomainDependencies, called
from app.aws.response_size import TOO_LARGE, fitting
from tests.app.aws.data_sources import parts as parts

PAGE, OTHER = "https://app.example", "https://evil.example"
KNOWN = {"board": "query Board { teamsLeaderboard(period: WEEK) { period } }"}
REQUEST = {"path": "/v1/team/board", "body": "{}", "requestContext": {"identity": {"sourceIp": "198.51.100.7"}}}
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


async def asked(parts: DomainDependencies, origin: str | None, verb: str = "POST") -> Mapping[str, Any]:
    """Return the answer to a request of a page."""
    runtime = replace(parts.runtime, settings=replace(parts.runtime.settings, allowed_origins=(PAGE,)))
    headers = PREFLIGHT | ({} if origin is None else {"Origin": origin})
    return await called(replace(parts, runtime=runtime), KNOWN, {**REQUEST, "httpMethod": verb, "headers": headers})


async def test_preflight_of_an_allowed_page_lets_it_send_its_headers(parts: DomainDependencies) -> None:
    answer = await asked(parts, PAGE, "OPTIONS")
    assert answer["statusCode"] == 204
    assert answer["headers"]["access-control-allow-origin"] == PAGE
    assert answer["headers"]["access-control-allow-methods"] == "POST"
    assert answer["headers"]["access-control-allow-headers"] == "authorization,content-type"


async def test_refusal_can_be_read_by_an_allowed_page(parts: DomainDependencies) -> None:
    answer = await asked(parts, PAGE)
    assert answer["statusCode"] == 401
    assert (answer["headers"]["access-control-allow-origin"], answer["headers"]["vary"]) == (PAGE, "Origin")


@pytest.mark.parametrize("origin", [OTHER, None, "", "null"])
async def test_other_pages_can_read_nothing(parts: DomainDependencies, origin: str | None) -> None:
    for verb in ("OPTIONS", "POST"):
        answer = await asked(parts, origin, verb)
        assert not [name for name in answer["headers"] if name.startswith("access-control-")]


def test_answer_that_is_too_large_can_be_read_by_the_page_that_asked() -> None:
    headers = {"access-control-allow-origin": PAGE, "vary": "Origin", "x-other": "1"}
    answer = fitting({"statusCode": 200, "headers": headers, "body": "x" * 7_000_000})
    assert (answer["statusCode"], answer["body"]) == (TOO_LARGE["statusCode"], TOO_LARGE["body"])
    assert {"x-other", "access-control-allow-origin", "vary"} & answer["headers"].keys() == {
        "access-control-allow-origin",
        "vary",
    }
