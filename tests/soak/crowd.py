"""Participants of a drill, and their two databases."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from app import embedded
from app.embedded.postgres import Postgres
from milequest.settings import Settings
from milequest.store.sql import migrate
from tests.aws.gate import KEYS
from tests.conftest import RUN_FOLDER
from tests.service import serving
from tests.soak.regions import follower, primary
from tests.subscriptions.team import JOIN, gather

PEOPLE = 8


@dataclass(frozen=True)
class Crowd:
    """A team, its people's tokens, and the keys to verify those."""

    team: str
    tokens: list[str]
    keys: bytes


@dataclass(frozen=True)
class Place:
    """Location of a region, with its database."""

    folder: Path
    database: Postgres


def prepared() -> tuple[Crowd, Place, Place]:
    """Make people in a database, and another that follows it."""
    first, second = (Path(os.environ[RUN_FOLDER], f"{uuid4().hex[:8]}-{name}") for name in ("east", "west"))
    database = primary(first)
    migrate.upgrade(database.url())
    valkey = embedded.valkey(first, fast=True)
    valkey.start()
    crowd = asyncio.run(gathered(Settings(database_url=database.url(), redis_url=valkey.url, embedded=True)))
    return crowd, Place(first, database), Place(second, follower(database, second))


async def gathered(settings: Settings, people: int = PEOPLE) -> Crowd:
    """Make the people and their team, by a service that runs meanwhile."""
    with serving(settings) as service:
        team = await gather(service, is_public=True)
        tokens = [team.ann, team.ben]
        for number in range(people - len(tokens)):
            tokens.append(await asyncio.to_thread(service.sign_up, f"walker-{number}"))
            await team.do(tokens[-1], JOIN, teamId=team.id)
        keys = await asyncio.to_thread(service.client.get, f"{service.origin}{KEYS}")
        return Crowd(team.id, tokens, keys.content)
