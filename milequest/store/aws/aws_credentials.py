"""Our AWS credentials: those of the settings, or those of a task's role, which are renewed before they expire.

A task of ECS and a function with SnapStart get their role's credentials from an address that only they can reach.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias
from urllib.parse import urljoin, urlsplit

import orjson

from milequest.settings import Settings
from milequest.store.away import Away
from milequest.store.aws.http import Endpoint, Http
from milequest.store.aws.signing import Credentials

log = logging.getLogger("milequest.aws")

Source: TypeAlias = Callable[[], Awaitable[Credentials]]
"""Return credentials that are valid now. Raises Away if none can be had."""

OF_TASKS: Final = "http://169.254.170.2"  # ECS's address for tasks
EARLY: Final = timedelta(minutes=5)  # before their expiry they are renewed
PAUSE: Final = timedelta(seconds=30)  # between two requests, while the present ones are valid


def source(settings: Settings) -> Source:
    """Return the source of credentials for each signature."""
    kept = Credentials(settings.aws_access_key_id, settings.aws_secret_access_key, settings.aws_session_token)
    if not kept.access_key:
        url = settings.aws_container_credentials_full_uri
        if settings.aws_container_credentials_relative_uri:
            url = urljoin(OF_TASKS, settings.aws_container_credentials_relative_uri)
        if url:
            return Role(url, settings.aws_container_authorization_token)
    return fixed(kept)


def fixed(credentials: Credentials) -> Source:
    """Return a source of always the same ones."""

    async def get() -> Credentials:
        return credentials

    return get


@dataclass(frozen=True, slots=True)
class _Given:
    """Credentials with their expiry."""

    credentials: Credentials
    until: datetime


class Role:
    """The role's credentials served at `url` for `token`; of many callers at once one requests them."""

    def __init__(self, url: str, token: str = "", now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._origin = Endpoint.of(url)
        parts = urlsplit(url)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {"authorization": token} if token else {}
        self._now = now
        self._lock = asyncio.Lock()
        self._kept: _Given | None = None
        self._asked = datetime.min.replace(tzinfo=UTC)

    async def __call__(self) -> Credentials:
        """Return credentials that are valid now. Raises Away."""
        kept = self._kept
        if kept is not None and self._may_wait(kept):
            return kept.credentials
        async with self._lock:
            if self._kept is kept:  # no other has renewed them meanwhile
                await self._renew()
        assert self._kept is not None, "it is kept, or _renew raised"
        return self._kept.credentials

    def _may_wait(self, kept: _Given) -> bool:
        """Return whether these will do, though they may expire soon: a renewal is under way, or has just failed."""
        now = self._now()
        if now >= kept.until:
            return False
        return kept.until - now > EARLY or self._lock.locked() or now - self._asked < PAUSE

    async def _renew(self) -> None:
        self._asked = self._now()
        try:
            self._kept = await self._ask()
        except Away as error:
            if self._kept is None or self._now() >= self._kept.until:
                raise
            said, until = str(error) or type(error).__name__, self._kept.until.isoformat()
            log.warning("AWS gives our role no new credentials, the present ones are valid until %s: %s", until, said)

    async def _ask(self) -> _Given:
        http = Http()
        try:
            answer = await http.request(
                self._origin, "GET", self._path, {"host": self._origin.header, **self._headers}, b""
            )
        finally:
            http.close()
        if answer.status != 200:
            raise Away(f"asked for our role's credentials, AWS answered {answer.status}")
        try:
            given = orjson.loads(answer.body)
            until = datetime.fromisoformat(given["Expiration"])
            return _Given(Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["Token"]), until)
        except (ValueError, TypeError, KeyError):
            raise Away("AWS's answer holds no credentials") from None  # it may hold a secret
