"""States on API Gateway: each scope of a group reads for itself, as one of those in it."""

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from milequest.rules.access import Viewer
from milequest.rules.errors import QuestError, not_found
from milequest.store.sql import goals, progress
from resolvers import boards, live
from tests.documents import BOARD_LIVE as BOARD
from tests.documents import OWN_PROGRESS_LIVE as OWN_PROGRESS
from tests.documents import PROGRESS_LIVE as PROGRESS
from tests.listening import PATIENCE, Stream, dial
from tests.subscriptions.gateway_of_aws import Gateway
from tests.subscriptions.team import ACCEPT, INVITE, LEG, Team


async def told(stream: Stream, total: float) -> None:
    """Wait until a state has this total."""
    while (await stream.next())["progress"]["totalMeters"] != total:
        pass


async def test_write_between_two_loads_of_a_state_reaches_every_subscriber(
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


async def shows(stream: Stream) -> object:
    """Return whether a stream's next event has its state, or the code it ends with."""
    message = await asyncio.wait_for(stream.messages.get(), PATIENCE)
    if message["type"] == "error":
        return message["payload"][0]["extensions"]["code"]
    (event,) = message["payload"]["data"].values()
    return event.get("progress", event.get("leaderboard")) is not None


@pytest.mark.parametrize(
    ("query", "module", "name", "refusal"),
    [
        (PROGRESS, goals, "current_of", None),
        (BOARD, boards, "team_board", None),
        (PROGRESS, goals, "current_of", not_found("team")),
    ],
    ids=["marker", "board", "refused"],
)
async def test_state_loaded_for_a_removed_member_is_loaded_again_for_the_others(
    gate: Gateway,
    team: Team,
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    module: Any,
    name: str,
    refusal: QuestError | None,
) -> None:
    code = (await team.do(team.ann, INVITE, teamId=team.id))["code"]
    await team.do(team.eve, ACCEPT, code=code)
    look = getattr(module, name)
    removed: list[UUID | None] = []

    async def once_removed(*given: Any) -> Any:
        viewer = given[1] if isinstance(given[1], Viewer) else given[0].viewer
        if not removed:
            removed.append(viewer.user_id)
            remove = "UPDATE team_member SET left_at = now() WHERE team_id = $1 AND user_id = $2"
            await team.service.runtime.writer.execute(remove, team.uuid, viewer.user_id)
            if refusal is not None:
                raise refusal
        return await look(*given)

    await gate.nothing_left()
    async with dial(gate.api.url, team.ben) as his, dial(gate.api.url, team.eve) as hers:
        variables = {"team": team.id} | ({"period": "GOAL"} if query is BOARD else {})
        streams = [await one.subscribe(query, **variables) for one in (his, hers)]
        for stream in streams:
            assert await shows(stream) is True
        monkeypatch.setattr(live, module.__name__.rpartition(".")[2], SimpleNamespace(**{name: once_removed}))
        await team.walk(team.ann, 500)
        assert {await shows(stream) for stream in streams} == {True, "NOT_FOUND"}
    assert removed
