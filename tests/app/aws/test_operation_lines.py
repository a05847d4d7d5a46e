"""Lines of the log about operations that come to functions of Lambda: a field for AppSync, a persisted document."""

import logging
from typing import Any

import pytest

from app.aws.appsync import answer
from app.aws.domains import DomainDependencies, called
from tests.app.aws.data_sources import OF_APPSYNC, event
from tests.app.aws.data_sources import parts as parts

KNOWN = {"board": "query Board { teamsLeaderboard(period: WEEK) { period } }"}
REQUEST = {"path": "/v1/team/board", "requestContext": {"identity": {"sourceIp": "198.51.100.7"}}}


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Return the log, from INFO on."""
    caplog.set_level(logging.INFO, "milequest")
    return caplog


def line(log: pytest.LogCaptureFixture) -> dict[str, Any]:
    """Return the fields of the one operation's line."""
    (record,) = [record for record in log.records if record.name == "milequest.operation"]
    return dict(vars(record)["fields"])


async def test_persisted_document_has_a_line(parts: DomainDependencies, log: pytest.LogCaptureFixture) -> None:
    answered = await called(parts, KNOWN, REQUEST | {"body": "{}"})
    assert answered["statusCode"] == 401
    found = line(log)
    assert (found["operation"], found["transport"], found["caller"]) == ("Board", "rest", "ANONYMOUS")
    assert (found["kind"], found["fields"], found["errors"]) == ("query", ("teamsLeaderboard",), ["UNAUTHENTICATED"])


async def test_field_for_appsync_has_a_line(parts: DomainDependencies, log: pytest.LogCaptureFixture) -> None:
    await answer(parts.request, event("teamsLeaderboard", OF_APPSYNC))
    found = line(log)
    assert (found["fields"], found["transport"], found["caller"]) == (("Query.teamsLeaderboard",), "appsync", "IAM")
    assert found["errors"] == []


async def test_line_of_a_field_that_fails_has_its_error(
    parts: DomainDependencies, log: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Exception, match="Not authorized"):
        await answer(parts.request, event("searchPlaces", OF_APPSYNC) | {"arguments": {"query": "Zsecretplace"}})
    found = line(log)
    assert len(found["errors"]) == 1
    assert "Unauthorized" in found["errors"][0]
    assert "Zsecretplace" not in str(found)
