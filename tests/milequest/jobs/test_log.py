"""The log keeps its window: a day, and 10,000 events of a channel."""

from datetime import UTC, datetime, timedelta

import pytest

from milequest.jobs.log import prune_log
from milequest.rules.enums import EventKind
from milequest.rules.events import Event
from milequest.rules.ids import new_id
from milequest.rules.live import WINDOW_EVENTS, Cursor
from milequest.store.sql import log
from milequest.store.sql.transaction import Tx, transact
from tests.quest import Quest

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def write(quest: Quest, channel: str, *ages: timedelta) -> None:
    """Append an event of each age."""

    async def work(tx: Tx) -> None:
        for age in ages:
            tx.record(Event(channel, EventKind.TEAM_CHANGED, new_id(NOW), NOW - age))

    await transact(quest.runtime.writer, work)


@pytest.mark.parametrize("pruned", [False, True])
async def test_events_older_than_a_day_are_not_replayed(quest: Quest, pruned: bool) -> None:
    await write(quest, "team:a", 30 * HOUR, 25 * HOUR, 23 * HOUR, HOUR)
    await write(quest, "team:b", 30 * HOUR)
    await write(quest, "team:c", HOUR)
    if pruned:
        assert await prune_log(quest.runtime, NOW) == 2
        assert await prune_log(quest.runtime, NOW) == 0
        assert await quest.runtime.writer.fetchval("SELECT count(*) FROM event") == 3
    db = quest.runtime.writer
    ends = {name: await log.end(db, f"team:{name}", NOW) for name in "abcd"}
    assert {name: (end.floor, end.sequence) for name, end in ends.items()} == {
        "a": (2, 4), "b": (1, 1), "c": (0, 1), "d": (0, 0),
    }  # fmt: skip
    assert [entry.sequence for entry in await log.read(db, "team:a", 2, 10)] == [3, 4]
    assert not ends["a"].replays(Cursor(1, "team:a", 1))


async def test_channel_keeps_its_newest_events_within_the_window(quest: Quest, monkeypatch: pytest.MonkeyPatch) -> None:
    assert WINDOW_EVENTS == 10_000
    monkeypatch.setattr("milequest.store.sql.log.WINDOW_EVENTS", 3)
    await write(quest, "team:a", *([HOUR] * 8))
    assert (await log.end(quest.runtime.writer, "team:a", NOW)).floor == 5
    await prune_log(quest.runtime, NOW)
    rows = await quest.runtime.writer.fetch("SELECT sequence FROM event ORDER BY sequence")
    assert [row[0] for row in rows] == [6, 7, 8]
    await write(quest, "team:a", HOUR)
    assert (await log.end(quest.runtime.writer, "team:a", NOW)).sequence == 9
