"""Verification of JSON Web Tokens: RS256 only, by public keys that are fetched seldom, however many are unknown."""

import asyncio
import logging
import time
from binascii import a2b_base64
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TypeAlias

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from milequest.rules.errors import ErrorCode, Refused, unauthenticated
from milequest.rules.identity import VerifiedToken, accept_claims

log = logging.getLogger("milequest.identity")

ALGORITHM = "RS256"
_RS256 = jwt.get_algorithm_by_name(ALGORITHM)
_URL_SAFE = bytes.maketrans(b"-_+/", b"+/!!")  # tokens do not use the other alphabet
MAX_TOKEN, MAX_KID = 8_192, 200
MAX_AGE = 3_600.0  # seconds until known keys are fetched again, so that a withdrawn one is dropped
RETRY = 5.0  # seconds between attempts while the keys cannot be fetched

Keys: TypeAlias = Mapping[str, RSAPublicKey]


class KeysUnreachableError(Exception):
    """An issuer's public keys could not be fetched, or the response held no usable key."""


class KeyRing:
    """Public keys by `kid`. `fetch` runs for an unknown `kid`, at most once in `interval` seconds.

    One that occurs earlier waits for the next fetch, if that is due within `patience` seconds.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Keys]],
        interval: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        patience: float = 0.0,
    ) -> None:
        self._patience = patience
        self._fetch = fetch
        self._interval = interval
        self._clock = clock
        self._keys: Keys = {}
        self._reachable = True
        self._allowed_from = self._old_from = float("-inf")
        self._refreshing: asyncio.Task[None] | None = None

    async def key(self, kid: str) -> RSAPublicKey | None:
        """Return the key, None if the issuer has no key of that id. Raises UNAVAILABLE while that cannot be determined.

        Known keys stay valid while the issuer is out of reach.
        """
        if kid in self._keys and (self._clock() < self._old_from or self._refreshing is not None):
            return self._keys[kid]
        if kid not in self._keys and 0 < (seconds := self._allowed_from - self._clock()) <= self._patience:
            await asyncio.sleep(seconds)
        if self._refreshing is None and self._clock() >= (self._old_from if kid in self._keys else self._allowed_from):
            self._refreshing = asyncio.create_task(self._refresh())
        if self._refreshing is not None:
            await asyncio.shield(self._refreshing)  # the first caller may be cancelled: the others wait for it too
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
    """Check that a token was signed by the issuer, for us, and is valid now."""

    def __init__(self, keys: KeyRing, issuer: str, client_ids: frozenset[str]) -> None:
        self._keys = keys
        self._issuer = issuer
        self._client_ids = client_ids

    async def verify(self, token: str, now: datetime) -> VerifiedToken:
        """Return the token's claims. Raises UNAUTHENTICATED, and UNAVAILABLE while the issuer's keys are away."""
        kid, claims, signature = self._read(token)
        key = await self._keys.key(kid)
        if key is None:
            raise unauthenticated("The token's key is unknown.")
        if not _RS256.verify(token.rpartition(".")[0].encode(), key, signature):
            raise unauthenticated("The token is not valid.")
        return accept_claims(claims, issuer=self._issuer, client_ids=self._client_ids, now=now)

    def is_meant(self, token: str) -> bool:
        """Return whether a text is a JSON Web Token that names the issuer, valid or not."""
        try:
            return bool(_parts(token)[1].get("iss") == self._issuer)
        except ValueError:
            return False

    def _read(self, token: str) -> tuple[str, Mapping[str, object], bytes]:
        """Return key id, claims and signature as the token states them.

        Raises UNAUTHENTICATED for a token that no key could make valid.
        """
        if len(token) > MAX_TOKEN:
            raise unauthenticated("The token is too long.")
        try:
            header, claims, signature = _parts(token)
        except ValueError:
            raise unauthenticated("The token is not valid.") from None
        kid = header.get("kid")
        if header.get("alg") != ALGORITHM or "crit" in header or not isinstance(kid, str) or len(kid) > MAX_KID:
            raise unauthenticated("The token is not valid.")
        if claims.get("iss") != self._issuer:
            raise unauthenticated("The token is not one of ours.")
        return kid, claims, signature


def _parts(token: str) -> tuple[dict[str, object], dict[str, object], bytes]:
    """Return header, claims and signature of a JSON Web Token (RFC 7519), unchecked.

    Raises ValueError for any other text.

    PyJWT handles each character in Python: a tenth of the cost of admitting one of thousands that reconnect.
    """
    head, body, signature = (
        a2b_base64(part + b"=" * (-len(part) % 4), strict_mode=True)
        for part in token.encode("ascii").translate(_URL_SAFE).split(b".")
    )
    header, claims = orjson.loads(head), orjson.loads(body)
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise ValueError("these are objects")
    return header, claims, signature
