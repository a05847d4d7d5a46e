"""Lines of the log about a subscription and the socket it ran on, the same on every gateway."""

import asyncio
import logging
from typing import Any

import pytest

from tests.subscriptions.conftest import Dial
from tests.subscriptions.team import Team

FOLLOW = "subscription Follow($team: ID!) { teamActivityChanged(teamId: $team) { cursor } }"


def lines(caplog: pytest.LogCaptureFixture, logger: str, **fields: Any) -> list[dict[str, Any]]:
    """Return the fields of a logger's lines that have these among them."""
    found = [vars(record).get("fields", {}) for record in caplog.records if record.name == f"milequest.{logger}"]
    return [one for one in found if fields.items() <= {name: one[name] for name in one if name in fields}.items()]


@pytest.mark.parametrize("connected", ["asgi", "sse", "apigateway"], indirect=True)
async def test_subscription_line_names_the_socket_whose_line_comes_at_its_end(
    connected: Dial, team: Team, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "milequest")
    async with connected(team.ann) as connection:
        stream = await connection.subscribe(FOLLOW, team=team.id)
        await stream.next()
    (began,) = lines(caplog, "operation", operation="Follow")
    assert (began["kind"], began["fields"], began["caller"]) == ("subscription", ("teamActivityChanged",), "USER")
    async with asyncio.timeout(10):
        while not (ended := lines(caplog, "socket", **({"socket": began["socket"]} if "socket" in began else {}))):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert ended[0]["duration_ms"] >= 0
