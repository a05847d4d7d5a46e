"""Replays that are larger than a connection's send buffer: a client gets further each time, and to the end."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

from clients.resume import resume
from subscriptions.send_buffer import MAX_BUFFERED_BYTES
from tests.event_streams import asked
from tests.listening import dial
from tests.service import Service
from tests.subscriptions.team import Team

EVENTS = 190  # less than are read at once
COPIES = 18
NOTES = "n" * 500
ALIASES = " ".join(f"n{number}: notes" for number in range(COPIES))
WALKS = f"""subscription ($team: ID!, $after: String) {{ teamActivityChanged(teamId: $team, after: $after) {{
    cursor sequence delivery edge {{ node {{ {ALIASES} }} }} }} }}"""
CHANGED = """
INSERT INTO event (channel, sequence, kind, subject_id, details, occurred_at)
SELECT $1, c.sequence + n, 'ACTIVITY_CHANGED', $2, '{}', now() FROM channel c, generate_series(1, $3::int) n
WHERE c.id = $1
"""
RAISED = "UPDATE channel SET sequence = sequence + $2 WHERE id = $1"


async def changed_often(team: Team) -> str:
    """Change a walk so often that the events exceed a connection's send buffer; return a cursor from before."""
    assert EVENTS * COPIES * len(NOTES) > 1.5 * MAX_BUFFERED_BYTES
    walk = await team.walk(team.ben, notes=NOTES)
    place = await team.ask(team.ann, "query ($id: ID!) { team(id: $id) { liveCursor } }", id=team.id)
    await team.sql(CHANGED, team.channel, UUID(walk.removeprefix("activity_")), EVENTS)
    await team.sql(RAISED, team.channel, EVENTS)
    return str(place["team"]["liveCursor"])


async def whole(attempts: Any, team: Team, cursor: str) -> list[int]:
    """Follow from the cursor by the helper until the replay is complete; return the sequences received."""
    sequences: list[int] = []
    events = resume(attempts, {"team": team.id, "after": cursor}, lost=OSError, wait=lambda *_: 0)
    async with asyncio.timeout(30):
        async for result in events:
            event = result["data"]["teamActivityChanged"]
            assert event["delivery"] == "REPLAY"
            assert event["edge"]["node"]["n0"] == NOTES
            sequences.append(event["sequence"])
            if len(sequences) == EVENTS:
                break
        await events.aclose()
    return sequences


async def test_a_replay_larger_than_an_event_stream_s_queue_arrives(service: Service, team: Team) -> None:
    cursor = await changed_often(team)

    async def attempts(variables: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        async with asked(service, WALKS, team.ann, **variables) as stream:
            while (event := await stream.next()).kind == "next":
                yield event.payload
        raise ConnectionResetError

    sequences = await whole(attempts, team, cursor)
    assert sequences == list(range(sequences[0], sequences[0] + EVENTS))


async def test_a_replay_larger_than_a_socket_s_queue_arrives(service: Service, team: Team) -> None:
    cursor = await changed_often(team)

    async def attempts(variables: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        async with dial(service.socket_url, team.ann) as connection:
            stream = await connection.subscribe(WALKS, **variables)
            while True:
                getting = asyncio.create_task(stream.messages.get())
                closed = asyncio.create_task(connection.socket.wait_closed())
                await asyncio.wait([getting, closed], return_when=asyncio.FIRST_COMPLETED)
                closed.cancel()
                if not getting.done():
                    getting.cancel()
                    raise ConnectionResetError
                yield getting.result()["payload"]

    sequences = await whole(attempts, team, cursor)
    assert sequences == list(range(sequences[0], sequences[0] + EVENTS))
