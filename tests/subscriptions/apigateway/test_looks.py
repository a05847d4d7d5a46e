"""States on API Gateway: each scope of a group reads for itself."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from milequest.store import progress
from resolvers import live
from tests.listening import Stream, dial
from tests.subscriptions.gateway_of_aws import Gateway
from tests.subscriptions.team import LEG, Team
from tests.subscriptions.test_states import OWN_PROGRESS


async def told(stream: Stream, total: float) -> None:
    """Wait until a state has this total."""
    while (await stream.next())["progress"]["totalMeters"] != total:
        pass


async def test_write_between_two_looks_at_a_state_reaches_every_subscriber(
    gate: Gateway, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = progress.of_goals
    walks: list[str] = []

    async def slowly(*given: Any) -> Any:
        found = await look(*given)
        if not walks:
            walks.append(await asyncio.to_thread(asyncio.run, team.walk(team.ben, 500)))
        return found

    await gate.nothing_left()
    async with dial(gate.api.url, team.ann) as hers, dial(gate.api.url, team.ben) as his:
        streams = [await one.subscribe(OWN_PROGRESS, team=team.id) for one in (hers, his)]
        for stream in streams:
            await told(stream, 0)
        monkeypatch.setattr(live, "progress", SimpleNamespace(of_goals=slowly))
        await team.walk(team.ann, LEG)
        for stream in streams:
            await told(stream, LEG + 500)
    assert walks
