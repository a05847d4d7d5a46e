"""GraphQL over Server-Sent Events by other libraries' clients: graphql-sse, urql, and Apollo Client."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from subscriptions.protocols.protocol_steps import Result
from subscriptions.streams import Stream
from tests.eventually import eventually
from tests.service import Service, run_client
from tests.subscriptions.team import Team


@pytest.fixture(autouse=True)
def _everybody_has_left(service: Service) -> Iterator[None]:
    yield
    eventually(lambda: not len(service.hub) + len(service.app.state.streams))


@pytest.fixture(autouse=True)
def _cut_off_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut each stream short that sends a walk whose note requests that."""
    deliver = Stream.deliver

    def and_cut(stream: Stream, results: Sequence[Result], **how: Any) -> None:
        deliver(stream, results, **how)
        if any("cut me off" in payload for payload, _ in results):
            asyncio.get_running_loop().call_later(0.05, stream.cut)

    monkeypatch.setattr(Stream, "deliver", and_cut)


async def run(service: Service, script: str, team: Team) -> list[Any]:
    """Return the output of a script of Ann's."""
    started = datetime.now(UTC).isoformat()  # earlier might be yesterday
    return await asyncio.to_thread(run_client, script, service.url, team.ann, team.id, started)


async def test_graphql_sse_follows_and_comes_back_where_it_was(service: Service, team: Team) -> None:
    query, invalid, unseen, *events = await run(service, "sse.mjs", team)
    assert query["data"]["viewer"]["email"].startswith("ann-")
    assert [error["extensions"]["code"] for error in invalid["errors"]] == ["VALIDATION_ERROR"]
    assert [error["extensions"]["code"] for error in unseen["errors"]] == ["NOT_FOUND"]
    assert events == [
        {"delivery": "SNAPSHOT"},
        {"data": {"logActivity": {"activity": {"notes": "cut me off"}}}},
        {"delivery": "LIVE", "notes": "cut me off"},
        {"delivery": "REPLAY", "notes": "while away"},
    ]


async def test_urql_and_apollo_keep_working(service: Service, team: Team) -> None:
    email, *by_urql = await run(service, "http.mjs", team)
    assert email.startswith("ann-")
    assert by_urql[:5] == [[], [1500], 1500, ["NOT_FOUND"], {"network": True, "graphQL": []}]
    by_apollo = by_urql[5:]
    assert by_apollo == [email, [3000], [4500], 1500, ["NOT_FOUND"], ["VALIDATION_ERROR"]]
