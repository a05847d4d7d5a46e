"""Hashing of passwords and codes with argon2id, off the event loop and few at a time."""

import asyncio
import base64
import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type, low_level
from argon2.exceptions import VerifyMismatchError

from milequest.rules.credentials import MAX_PASSWORD
from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.text import normal

T = TypeVar("T")

# OWASP's first choice for argon2id: 19 MiB, two passes, one lane. About 25 ms here.
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
THREADS = 2
MAX_WAITING = 64  # beyond that sign-ins are refused, with 1 s of work still in the queue


class Hasher:
    """The process's password hasher. Hashes state their parameters, so these may change."""

    def __init__(self) -> None:
        self._argon2 = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID)
        self._decoy = self._argon2.hash("the password of nobody")
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._waiting = 0

    async def hash(self, password: str, like: Sequence[str] = ()) -> str:
        """Return the password's hash, with a new salt.

        With `like` it has the salt of the first of these hashes, so that equal passwords give equal hashes.
        """
        return await self._in_thread(self._hashing(password, like))

    async def matches_any(self, password: str, hashes: Sequence[str]) -> bool:
        """Return whether the password is that of one of these hashes, which share a salt.

        The work does not depend on their number. Called after `matches`, whose place in the hashing queue it keeps.
        """
        given = await self._work(self._hashing(password, hashes or [self._decoy]))
        return given in hashes

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Return whether the password is the hash's. None, where there is no account, takes as long and gives False."""
        right = await self._in_thread(lambda: self._verify(password, password_hash or self._decoy))
        return right and password_hash is not None

    async def code_hash(self, email_key: str, code: str) -> bytes:
        """Return a code's hash.

        It is as slow as a password's, since a million codes are quickly tried against a fast one.
        """
        salt = hashlib.sha256(email_key.encode()).digest()[:16]
        return await self._in_thread(
            lambda: low_level.hash_secret_raw(code.encode(), salt, PASSES, MEMORY_KIB, LANES, 32, Type.ID)
        )

    def _hashing(self, password: str, like: Sequence[str]) -> Callable[[], str]:
        salt = _salt(like[0]) if like else None
        return lambda: self._argon2.hash(_bytes(password), salt=salt)

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            return self._argon2.verify(password_hash, _bytes(password))
        except VerifyMismatchError:
            return False

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise Refused(
                ErrorCode.UNAVAILABLE, "Too many sign-ins at once; try again.", retryable=True, retryAfterSeconds=2
            )
        return await self._work(work)

    async def _work(self, work: Callable[[], T]) -> T:
        """Run `work` in the hashing thread when its turn comes; never refused for a full queue."""
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _salt(password_hash: str) -> bytes:
    """Return the salt in `$argon2id$v=19$m=…,t=…,p=…$SALT$HASH`."""
    encoded = password_hash.split("$")[4]
    return base64.b64decode(encoded + "=" * (-len(encoded) % 4))


def _bytes(password: str) -> bytes:
    """Encode a password for hashing.

    One that is too long is cut, to a length that is still wrong: NFC composes four characters to one at most.

    Raises ValidationError for what can't be normalised.
    """
    return normal("input.password", password[: MAX_PASSWORD * 4 + 1], MAX_PASSWORD + 1).encode()
