"""Mail without a mail server: a mailbox in Redis that `/dev/mail` shows, for the embedded mode."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import orjson

from milequest.rules.mail import Mail
from milequest.store.cache.valkey_client import Valkey, time_limit

KEPT = 200
PATIENCE = 5.0  # seconds
_KEY = "dev:mail"


@dataclass(frozen=True, slots=True)
class Received:
    """A mail in the box."""

    mail: Mail
    received_at: datetime


class LocalMailbox:
    """A Mailer that delivers to this process's own mailbox, which keeps the newest KEPT."""

    def __init__(self, redis: Valkey) -> None:
        self._redis = redis

    async def send(self, mail: Mail) -> None:
        """Put `mail` into the box. Raises OSError when Redis is away."""
        line = orjson.dumps({**asdict(mail), "received_at": datetime.now(UTC)})
        async with time_limit(PATIENCE), self._redis.pipeline() as together:
            together.lpush(_KEY, line)
            together.ltrim(_KEY, 0, KEPT - 1)
            await together.execute()

    async def newest(self) -> list[Received]:
        """Return all mails, the newest first. Raises OSError when Redis is away."""
        async with time_limit(PATIENCE):
            entries = [orjson.loads(line) for line in await self._redis.lrange(_KEY, 0, KEPT - 1)]
        return [
            Received(
                Mail(e["to"], e["subject"], e["text"], e.get("html", "")), datetime.fromisoformat(e["received_at"])
            )
            for e in entries
        ]
