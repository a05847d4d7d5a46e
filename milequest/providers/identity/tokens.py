"""Checks JSON Web Tokens: RS256 only, by public keys that are fetched seldom, however many tokens name unknown ones."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TypeAlias

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from milequest.rules.errors import ErrorCode, Refused, unauthenticated
from milequest.rules.identity import VerifiedToken, accept_claims

log = logging.getLogger(__name__)

ALGORITHM = "RS256"
_RS256 = jwt.get_algorithm_by_name(ALGORITHM)
MAX_TOKEN, MAX_KID = 8_192, 200
MAX_AGE = 3_600.0  # seconds until known keys are looked at again, so that a withdrawn one goes
RETRY = 5.0  # seconds between attempts while the keys cannot be fetched

Keys: TypeAlias = Mapping[str, RSAPublicKey]


class KeysUnreachableError(Exception):
    """An issuer's public keys could not be fetched, or were none."""


class KeyRing:
    """Public keys by `kid`. `fetch` runs when an unknown one is met, at most once in `interval` seconds."""

    def __init__(
        self, fetch: Callable[[], Awaitable[Keys]], interval: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._interval = interval
        self._clock = clock
        self._keys: Keys = {}
        self._reachable = True
        self._allowed_from = self._old_from = float("-inf")
        self._refreshing: asyncio.Task[None] | None = None

    async def key(self, kid: str) -> RSAPublicKey | None:
        """The key, None where the issuer has none such. Raises UNAVAILABLE while nobody can tell.

        Keys we know stay good while the issuer is out of reach.
        """
        if kid in self._keys and (self._clock() < self._old_from or self._refreshing is not None):
            return self._keys[kid]
        if self._refreshing is None and self._clock() >= (self._old_from if kid in self._keys else self._allowed_from):
            self._refreshing = asyncio.create_task(self._refresh())
        if self._refreshing is not None:
            await asyncio.shield(self._refreshing)  # whoever began may leave: the others wait for it too
        if kid not in self._keys and not self._reachable:
            message = "Sign-in cannot be checked at the moment; try again."
            raise Refused(ErrorCode.UNAVAILABLE, message, retryable=True, retryAfterSeconds=int(RETRY))
        return self._keys.get(kid)

    async def _refresh(self) -> None:
        self._reachable = False
        self._allowed_from = self._old_from = self._clock() + RETRY
        try:
            self._keys = await self._fetch()
        except KeysUnreachableError as error:
            log.warning("the issuer's keys could not be fetched: %s", error)
            return
        finally:
            self._refreshing = None
        self._reachable = True
        self._allowed_from = self._clock() + self._interval
        self._old_from = self._clock() + MAX_AGE


class TokenVerifier:
    """Checks that a token was signed by the issuer, for us, and is good now."""

    def __init__(self, keys: KeyRing, issuer: str, client_id: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._client_id = client_id

    async def verify(self, token: str, now: datetime) -> VerifiedToken:
        """The token's claims. Raises UNAUTHENTICATED, and UNAVAILABLE while the issuer's keys are out of reach."""
        kid, claims, signature = self._read(token)
        key = await self._keys.key(kid)
        if key is None:
            raise unauthenticated("The token's key is unknown.")
        if not _RS256.verify(token.rpartition(".")[0].encode(), key, signature):
            raise unauthenticated("The token is not valid.")
        return accept_claims(claims, issuer=self._issuer, client_id=self._client_id, now=now)

    def is_meant(self, token: str) -> bool:
        """Whether it is a JSON Web Token that names the issuer, be it good or not."""
        try:
            unverified = jwt.decode_complete(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError, RecursionError):
            return False
        return bool(unverified["payload"].get("iss") == self._issuer)

    def _read(self, token: str) -> tuple[str, Mapping[str, object], bytes]:
        """The key's id, the claims and the signature, by the token's own word. Refuses what no key would make good.

        It is taken apart here, once, so that only the signature is left to be checked: thousands may come back at once.
        """
        if len(token) > MAX_TOKEN:
            raise unauthenticated("The token is too long.")
        try:
            unverified = jwt.decode_complete(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise unauthenticated("The token is not valid.") from None
        header, claims = unverified["header"], unverified["payload"]
        kid = header.get("kid")
        if header.get("alg") != ALGORITHM or not isinstance(kid, str) or len(kid) > MAX_KID:
            raise unauthenticated("The token is not valid.")
        if claims.get("iss") != self._issuer:
            raise unauthenticated("The token is not one of ours.")
        return kid, claims, unverified["signature"]
