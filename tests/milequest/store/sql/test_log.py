"""Records of how far a log was relayed: they are valid for the epoch in which it was read."""

from milequest.store.sql import log
from tests.quest import Quest


async def test_events_read_before_the_log_was_put_back_are_not_noted_as_relayed(quest: Quest) -> None:
    ann = await quest.user("Ann")
    await ann.found("Strollers")
    writer = quest.runtime.writer
    before = await log.any_ahead(writer, 10)
    assert before.positions
    await writer.execute("UPDATE log_epoch SET epoch = epoch + 1")

    assert await log.unrelayed(writer, before, 10) == []
    await log.mark_relayed(writer, before)
    now = await log.any_ahead(writer, 10)
    assert (now.epoch, now.positions) == (before.epoch + 1, before.positions)

    await log.mark_relayed(writer, now)
    assert await log.any_ahead(writer, 10) == log.Reached(now.epoch, {})
