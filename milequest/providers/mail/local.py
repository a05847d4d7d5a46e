"""Mail without a mail server: a mailbox in Redis that `/dev/mail` shows, for the embedded mode."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import orjson
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisClusterException, RedisError

from milequest.rules.mail import Mail

KEPT = 200
_KEY = "dev:mail"


@dataclass(frozen=True, slots=True)
class Received:
    """A mail in the box."""

    mail: Mail
    received_at: datetime


class LocalMailbox:
    """A Mailer that delivers to ourselves, and keeps the newest KEPT."""

    def __init__(self, redis: Redis | RedisCluster) -> None:
        self._redis = redis

    async def send(self, mail: Mail) -> None:
        """Put `mail` into the box. Raises OSError when Redis is away."""
        line = orjson.dumps({**asdict(mail), "received_at": datetime.now(UTC)})
        try:
            async with self._redis.pipeline() as together:
                together.lpush(_KEY, line)
                together.ltrim(_KEY, 0, KEPT - 1)
                await together.execute()
        except (RedisError, RedisClusterException) as error:
            raise _away(error) from error

    async def newest(self) -> list[Received]:
        """All mails, the newest first. Raises OSError when Redis is away."""
        try:
            entries = [orjson.loads(line) for line in await self._redis.lrange(_KEY, 0, KEPT - 1)]
        except (RedisError, RedisClusterException) as error:
            raise _away(error) from error
        return [
            Received(
                Mail(e["to"], e["subject"], e["text"], e.get("html", "")), datetime.fromisoformat(e["received_at"])
            )
            for e in entries
        ]


def _away(error: Exception) -> OSError:
    return OSError(f"{type(error).__name__} from Redis")
