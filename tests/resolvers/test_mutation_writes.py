"""Rules of mutations' writes: once per key, in one transaction, one after the other, committed ones stay."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from milequest.store.sql import idempotency
from tests.quest import Caller, Quest

CREATE = "mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id name } } }"
KEY = "a key of the client"


async def names(quest: Quest) -> list[str]:
    """Return the existing teams' names."""
    rows = await quest.runtime.reader.fetch("SELECT name FROM team ORDER BY name")
    return [row[0] for row in rows]


async def test_two_mutations_of_a_document_run_in_order_and_the_first_stays(quest: Quest) -> None:
    ann = await quest.user("Ann")
    both = """mutation {
        a: createTeam(input: { name: "Alps" }) { team { name } }
        b: createTeam(input: { name: "alps" }) { team { name } }
        c: createTeam(input: { name: "Coast" }) { team { name } }
    }"""
    result = await ann.result(both, {})
    assert result.data == {"a": {"team": {"name": "Alps"}}, "b": None, "c": {"team": {"name": "Coast"}}}
    assert [(error.path, (error.extensions or {})["code"]) for error in result.errors or ()] == [(["b"], "CONFLICT")]
    assert await names(quest) == ["Alps", "Coast"]


async def create(caller: Caller, name: str, key: str | None = KEY, **more: Any) -> dict[str, Any]:
    """Return the new team."""
    data = await caller.run(CREATE, input={"name": name, "idempotencyKey": key, **more})
    team: dict[str, Any] = data["createTeam"]["team"]
    return team


async def test_the_same_key_and_input_get_the_same_answer_and_run_once(quest: Quest) -> None:
    ann = await quest.user("Ann")
    first = await create(ann, "Alps", timezone="Europe/Paris")
    again = await create(ann, "Alps", timezone="Europe/Paris")
    assert first == again
    assert await names(quest) == ["Alps"]


async def test_a_key_that_the_release_before_stored_as_it_was_given_runs_once(quest: Quest) -> None:
    caller = await quest.user("Ann")
    given = {"name": "Strollers", "idempotencyKey": "create-team-01"}
    first = await caller.run(CREATE, input=given)
    await quest.runtime.writer.execute("UPDATE idempotency_key SET key = $1", given["idempotencyKey"])
    assert await caller.run(CREATE, input=given) == first
    assert (await quest.refusal(caller, CREATE, input=given | {"name": "Others"}))["code"] == "IDEMPOTENCY_MISMATCH"


async def test_the_same_key_with_another_input_is_a_mismatch(quest: Quest) -> None:
    ann = await quest.user("Ann")
    await create(ann, "Alps")
    for other in ({"name": "Coast"}, {"name": "Alps", "isPublic": True}, {"name": "Alps", "description": None}):
        refused = await ann.refused(CREATE, input={**other, "idempotencyKey": KEY})
        assert refused["code"] == "IDEMPOTENCY_MISMATCH"
    assert await names(quest) == ["Alps"]


async def test_a_key_is_its_users_own(quest: Quest) -> None:
    ann, ben = await quest.user("Ann"), await quest.user("Ben")
    assert await create(ann, "Alps") != await create(ben, "Coast")


async def test_without_a_key_every_request_runs(quest: Quest) -> None:
    ann = await quest.user("Ann")
    await create(ann, "Alps", None)
    assert (await ann.refused(CREATE, input={"name": "Alps"}))["code"] == "CONFLICT"


async def test_a_refused_request_keeps_no_key(quest: Quest) -> None:
    ann = await quest.user("Ann")
    await create(ann, "Alps", None)
    assert (await ann.refused(CREATE, input={"name": "Alps", "idempotencyKey": KEY}))["code"] == "CONFLICT"
    assert (await create(ann, "Coast"))["name"] == "Coast"


async def test_of_equal_keys_at_once_exactly_one_runs(quest: Quest) -> None:
    ann = await quest.user("Ann")
    teams = await asyncio.gather(*(create(ann, "Alps") for _ in range(5)))
    assert len({team["id"] for team in teams}) == 1
    assert await names(quest) == ["Alps"]


async def test_a_key_is_kept_for_a_day(quest: Quest) -> None:
    ann = await quest.user("Ann")
    await create(ann, "Alps")
    ann.now += idempotency.KEPT
    assert (await create(ann, "Coast"))["name"] == "Coast"


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with\x00nul.."])
async def test_a_key_has_eight_to_sixty_four_characters(quest: Quest, key: str) -> None:
    ann = await quest.user("Ann")
    refused = await ann.refused(CREATE, input={"name": "Alps", "idempotencyKey": key})
    assert (refused["code"], refused["fields"][0]["path"]) == ("VALIDATION_ERROR", "input.idempotencyKey")
    assert await names(quest) == []


async def test_a_failure_in_the_transaction_undoes_it_and_keeps_no_key(quest: Quest) -> None:
    ann = await quest.user("Ann")
    await quest.runtime.writer.execute("ALTER TABLE team_member RENAME TO gone")
    assert (await ann.refused(CREATE, input={"name": "Alps", "idempotencyKey": KEY}))["code"] == "INTERNAL"
    assert await names(quest) == []
    await quest.runtime.writer.execute("ALTER TABLE gone RENAME TO team_member")
    assert (await create(ann, "Alps"))["name"] == "Alps"


async def test_operation_reads_what_it_has_written(quest: Quest) -> None:
    ann = await quest.user("Ann")
    mutation = 'mutation { createTeam(input: { name: "Alps" }) { team { members { nodes { user { id } } } } } }'
    data = await ann.run(mutation)
    (node,) = data["createTeam"]["team"]["members"]["nodes"]
    assert UUID(node["user"]["id"].removeprefix("user_")) == ann.user_id
