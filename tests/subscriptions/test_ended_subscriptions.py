"""Ends of subscriptions with their reasons: accounts, tokens, teams.

Nothing is sent after, and the end is sent soon.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.accounts import token_for
from tests.documents import BOARD_LIVE as BOARD
from tests.documents import GOALS_LIVE as GOALS
from tests.documents import PROGRESS_LIVE as PROGRESS
from tests.documents import TEAMS_LIVE as TEAMS
from tests.documents import WALKS_LIVE as WALKS
from tests.subscriptions.conftest import Dial
from tests.subscriptions.team import DELETE_TEAM, UPDATE_TEAM, Team

SELF = "{ viewer { user { id } } }"


@pytest.mark.parametrize("change", ["suspended_at = now()", "deleted_at = now()"])
async def test_closed_account_receives_no_more_events(connected: Dial, team: Team, change: str, soon: float) -> None:
    user_id = (await team.ask(team.ben, SELF))["viewer"]["user"]["id"].removeprefix("user_")
    async with connected(team.ben) as connection:
        streams = [await connection.subscribe(WALKS, team=team.id), await connection.subscribe(TEAMS)]
        for stream in streams:
            await stream.next()
        await team.sql(f"UPDATE app_user SET {change} WHERE id = $1", UUID(user_id))
        async with asyncio.timeout(soon):
            assert [await stream.failure() for stream in streams] == [["UNAUTHENTICATED"]] * 2


async def test_a_token_that_expires_ends_what_it_began(connected: Dial, team: Team, soon: float) -> None:
    service = team.service
    now = datetime.now(UTC)
    address = (await team.ask(team.ben, "{ viewer { email } }"))["viewer"]["email"]
    token = await asyncio.to_thread(
        service.call, token_for(service.runtime, address, now - timedelta(hours=1) + timedelta(seconds=soon * 0.4))
    )
    async with connected(token) as connection:
        stream = await connection.subscribe(PROGRESS, team=team.id)
        await stream.next()
        async with asyncio.timeout(soon):
            assert await stream.failure() == ["UNAUTHENTICATED"]
        assert datetime.now(UTC) - now >= timedelta(seconds=2)


async def test_deleted_team_ends_its_subscriptions(connected: Dial, team: Team, soon: float) -> None:
    async with connected(team.ben) as connection:
        streams = [
            await connection.subscribe(WALKS, team=team.id),
            await connection.subscribe(BOARD, team=team.id, period="WEEK"),
        ]
        for stream in streams:
            await stream.next()
        await team.do(team.ann, DELETE_TEAM, teamId=team.id, confirmName=team.name)
        async with asyncio.timeout(soon):
            assert [await stream.failure() for stream in streams] == [["NOT_FOUND"]] * 2


async def test_a_team_that_turns_private_ends_what_strangers_followed(
    connected: Dial, public_team: Team, soon: float
) -> None:
    async with connected(public_team.eve) as connection:
        streams = [await connection.subscribe(query, team=public_team.id) for query in (GOALS, PROGRESS)]
        for stream in streams:
            await stream.next()
        await public_team.do(public_team.ann, UPDATE_TEAM, teamId=public_team.id, isPublic=False)
        async with asyncio.timeout(soon):
            assert [await stream.failure() for stream in streams] == [["NOT_FOUND"]] * 2
