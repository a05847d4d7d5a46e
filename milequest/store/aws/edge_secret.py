"""The secret that the edge sends with each request, as AWS Secrets Manager has it."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from milequest.rules.edge_headers import is_secret
from milequest.store.away import Away
from milequest.store.aws.retries import AwsError
from milequest.store.aws.secrets import CURRENT, Secret

FRESH = timedelta(minutes=5)  # the values are used without reading them again
RETRY = timedelta(seconds=15)  # between two readings, whatever is sent: a stranger's guesses cost no more
READ_SECONDS = 3.0
NONE, NEVER = timedelta(), datetime.min.replace(tzinfo=UTC)

log = logging.getLogger("milequest.edge")


def clock() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class EdgeSecret:
    """Checks requests by a secret whose JSON object has two values, both valid, so that either can be replaced."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret
        self._values: frozenset[str] = frozenset()
        self._read_at = self._tried_at = NEVER
        self._lock = asyncio.Lock()

    async def admits(self, given: str | None) -> bool:
        """Return whether a header has one of the values. Raises Away while none could be read yet."""
        if self._is_due(given):
            async with self._lock:
                if self._is_due(given):
                    await self._read()
        if not self._values:
            raise Away("the origin's secret cannot be read")
        return is_secret(given, self._values)

    def _is_due(self, given: str | None) -> bool:
        """Return whether to read the values: they are old, or may have been replaced since."""
        now = clock()  # a monotonic one may stand still while Lambda has frozen the process
        is_old = not NONE <= now - self._read_at < FRESH or not is_secret(given, self._values)
        return is_old and not NONE <= now - self._tried_at < RETRY

    async def _read(self) -> None:
        """Read the values; after a failure those known stay valid."""
        self._tried_at = clock()
        try:
            async with asyncio.timeout(READ_SECONDS):
                value = await self._secret.value(CURRENT)
        except (Away, AwsError, TimeoutError) as error:
            log.warning("the origin's secret cannot be read: %r", error)
            return
        self._values = frozenset(one for one in (value or {}).values() if isinstance(one, str))
        self._read_at = clock()
