"""Outcomes stored for repeated requests: for a day, and not under the client's own key."""

from datetime import timedelta

import pytest

from milequest.jobs import idempotency
from milequest.jobs.idempotency import forget_answers
from milequest.store.sql.idempotency import KEPT
from tests.quest import Quest

CREATE = "mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id } } }"


async def test_answers_are_deleted_after_a_day_in_batches(quest: Quest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "BATCH", 2)
    ann = await quest.user("Ann")
    for number in range(5):
        await ann.run(CREATE, input={"name": f"Team {number}", "idempotencyKey": f"team number {number}"})
    last = {"name": "The last", "idempotencyKey": "the last team"}
    begun, ann.now = ann.now, ann.now + timedelta(hours=1)
    made = await ann.run(CREATE, input=last)
    assert await forget_answers(quest.runtime, begun + KEPT - timedelta(seconds=1)) == 0
    assert await forget_answers(quest.runtime, begun + KEPT + timedelta(minutes=1)) == 5
    assert await ann.run(CREATE, input=last) == made
    assert await forget_answers(quest.runtime, begun + KEPT + timedelta(hours=2)) == 1
    assert await quest.runtime.reader.fetchval("SELECT count(*) FROM idempotency_key") == 0
