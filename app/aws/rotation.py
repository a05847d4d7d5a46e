"""Rotation of the database master's password: Secrets Manager calls for it in four steps, each possibly repeatedly."""

import secrets
import string
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from app.aws.container import Container, Event
from milequest.settings import Settings
from milequest.store.aws.client import Aws, open_aws
from milequest.store.aws.secrets import CURRENT, PENDING, PREVIOUS, Secret
from milequest.store.sql import passwords

LETTERS = string.ascii_letters + string.digits
LENGTH = 40


class RotationError(Exception):
    """A step that cannot be done. The message holds nothing secret."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """Rotation of the secret to `version`, for the database at `url`."""

    secret: Secret
    version: str
    url: str

    async def create(self) -> None:
        """Generate the password."""
        if await self.secret.value(PENDING, self.version) is None:
            new = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
            await self.secret.propose(self.version, {**await self._value(CURRENT), "password": new})

    async def set(self) -> None:
        """Set it in the database.

        An attempt that crashed after doing so left the current password valid, or the previous one.
        """
        new = await self._value(PENDING)
        if await self._lets_in(new):
            return
        for stage in (CURRENT, PREVIOUS):
            known = await self.secret.value(stage)
            if known is not None and known["username"] == new["username"] and await self._lets_in(known):
                await passwords.change(self.url, known["username"], known["password"], new["password"])
                return
        raise RotationError("the database accepts none of the passwords that the secret has had")

    async def test(self) -> None:
        """Check that it works."""
        if not await self._lets_in(await self._value(PENDING)):
            raise RotationError("the database does not accept the new password")

    async def finish(self) -> None:
        """Make it the current version."""
        stages = await self.secret.stages()
        (before,) = (version for version, names in stages.items() if CURRENT in names)
        await self.secret.make_current(self.version, before)

    async def _value(self, stage: str) -> Mapping[str, Any]:
        value = await self.secret.value(stage, self.version if stage == PENDING else None)
        if value is None:
            raise RotationError(f"the secret has nothing at {stage}")
        return value

    async def _lets_in(self, value: Mapping[str, Any]) -> bool:
        return await passwords.lets_in(self.url, value["username"], value["password"])


STEPS: Mapping[str, Callable[[Rotation], Awaitable[None]]] = {
    "createSecret": Rotation.create,
    "setSecret": Rotation.set,
    "testSecret": Rotation.test,
    "finishSecret": Rotation.finish,
}


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[Aws, str]]:
    async with open_aws(settings) as aws:
        yield aws, settings.database_url


container = Container(_opened)


def handler(event: Event, context: Any) -> None:
    """Run one step. Raises RotationError and errors of the secret or the database; Secrets Manager then calls again."""
    container.run(lambda opened: step(*opened, event))


async def step(aws: Aws, url: str, event: Event) -> None:
    """Run the step of Secrets Manager's event, unless the version is current already."""
    secret, version = Secret(aws, event["SecretId"]), event["ClientRequestToken"]
    stages = (await secret.stages()).get(version, ())
    if CURRENT in stages:
        return
    if PENDING not in stages:
        raise RotationError("this version of the secret is not pending")
    await STEPS[event["Step"]](Rotation(secret, version, url))
