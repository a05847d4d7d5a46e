"""Subscribers behind API Gateway."""

import asyncio

from tests.listening import Stream
from tests.subscriptions.team import Team


async def heard(stream: Stream, sequences: list[int]) -> None:
    """Fail unless exactly these sequences arrive, in order; repeated ones don't count."""
    last = sequences[0] - 1
    for expected in sequences:
        while (event := await stream.next())["sequence"] <= last:
            pass
        assert event["sequence"] == expected
        last = expected


async def next_are(stream: Stream, sequences: list[int]) -> None:
    """Fail unless the very next events are these: a group's queue keeps its order, so nothing was repeated before."""
    assert [(await stream.next())["sequence"] for _ in sequences] == sequences


async def walked(team: Team, count: int) -> list[int]:
    """Log some walks, by two people at once; return their sequences."""
    for _ in range(count):
        await asyncio.gather(*(team.walk(token, 10) for token in (team.ann, team.ben)))
    rows = await team.rows("SELECT sequence FROM event WHERE channel = $1 AND kind = 'ACTIVITY_ADDED'", team.channel)
    return sorted(row[0] for row in rows)
