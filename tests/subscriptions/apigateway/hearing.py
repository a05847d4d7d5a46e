"""Subscribers behind API Gateway."""

import asyncio

from tests.listening import Stream
from tests.subscriptions.team import Team


async def heard(stream: Stream, sequences: list[int]) -> None:
    """Fail unless exactly these sequences arrive, in order; repeated ones don't count.

    A repeated SNAPSHOT, of a subscribe command that was redelivered, holds everything up to its sequence.
    """
    last = sequences[0] - 1
    for expected in sequences:
        while last < expected:
            event = await stream.next()
            if event.get("delivery") == "SNAPSHOT":
                last = max(last, event["sequence"])
            elif event["sequence"] > last:
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
