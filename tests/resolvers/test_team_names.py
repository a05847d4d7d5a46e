"""Names of teams that look alike: at most one live team has them, in any script."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from alembic import command

from milequest.store.sql import migrate
from tests.quest import Quest

CREATE = "mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id name } } }"
UPDATE = "mutation ($input: UpdateTeamInput!) { updateTeam(input: $input) { team { name description } } }"
DELETE = "mutation ($input: DeleteTeamInput!) { deleteTeam(input: $input) { deletedTeamId } }"

ALIKE = ["\u0410lpha Team", "Alph\u0430 Team", "AIpha Team", "\uff21lpha Team", "\U0001d400lpha Team", "Alpha Tearn"]


@pytest.mark.parametrize("name", ALIKE)
async def test_a_name_that_looks_like_another_teams_is_a_conflict(quest: Quest, name: str) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    team = await ann.found("Alpha Team")
    assert (await quest.refusal(bob, CREATE, input={"name": name}))["code"] == "CONFLICT"
    other = await bob.found("Strollers")
    assert (await quest.refusal(bob, UPDATE, input={"teamId": other, "name": name}))["code"] == "CONFLICT"
    await ann.run(UPDATE, input={"teamId": team, "name": name})  # its own may be spelled otherwise
    await ann.run(DELETE, input={"teamId": team, "confirmName": name})
    await bob.run(UPDATE, input={"teamId": other, "name": "Alpha Team"})


async def test_names_that_look_different_are_no_conflict(quest: Quest) -> None:
    ann = await quest.user("Ann")
    for name in ("Alpha Team", "\u00c1lpha Team", "Alpha Team 2", "Alpha-Team", "\u041c\u043e\u0441\u043a\u0432\u0430"):
        await ann.found(name)


async def test_teams_that_looked_alike_before_keep_their_names(quest: Quest, database_url: str) -> None:
    ann = await quest.user("Ann")
    older, newer = await ann.found("Alpha Team"), await ann.found("Strollers")
    config = migrate.configuration(database_url)
    await asyncio.to_thread(command.downgrade, config, "0008")
    await quest.runtime.writer.execute(
        "UPDATE team SET name = $1, name_key = lower($1), created_at = $2 WHERE name = 'Strollers'",
        ALIKE[0],
        ann.now + timedelta(minutes=1),
    )
    await asyncio.to_thread(migrate.upgrade, database_url)
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch("SELECT name_skeleton FROM team ORDER BY created_at")
    finally:
        await connection.close()
    assert [row[0] for row in rows] == ["alpha tearn", None]
    await quest.runtime.writer.expire_connections()  # whose statements were made before
    for team in (older, newer):
        await ann.run(UPDATE, input={"teamId": team, "description": "We walk."})
    assert (await quest.refusal(ann, UPDATE, input={"teamId": newer, "name": ALIKE[1]}))["code"] == "CONFLICT"
