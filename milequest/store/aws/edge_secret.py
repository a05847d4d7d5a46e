"""The secret that the edge sends with each request, as AWS Secrets Manager has it."""

import asyncio
import logging
from time import monotonic

from milequest.rules.edge_headers import is_secret
from milequest.store.away import Away
from milequest.store.aws.retries import AwsError
from milequest.store.aws.secrets import CURRENT, Secret

FRESH_SECONDS = 300.0  # the values are used without reading them again
RETRY_SECONDS = 15.0  # between two readings, whatever is sent: a stranger's guesses cost no more
READ_SECONDS = 3.0

log = logging.getLogger("milequest.edge")


class EdgeSecret:
    """Checks requests by a secret whose JSON object has two values, both valid, so that either can be replaced."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret
        self._values: frozenset[str] = frozenset()
        self._read_at = self._tried_at = float("-inf")
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
        now = monotonic()
        is_old = now - self._read_at >= FRESH_SECONDS or not is_secret(given, self._values)
        return is_old and now - self._tried_at >= RETRY_SECONDS

    async def _read(self) -> None:
        """Read the values; after a failure those known stay valid."""
        self._tried_at = monotonic()
        try:
            async with asyncio.timeout(READ_SECONDS):
                value = await self._secret.value(CURRENT)
        except (Away, AwsError, TimeoutError) as error:
            log.warning("the origin's secret cannot be read: %r", error)
            return
        self._values = frozenset(one for one in (value or {}).values() if isinstance(one, str))
        self._read_at = monotonic()
