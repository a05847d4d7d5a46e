"""Our own key pairs: made once for all processes, kept in the database, changed without signing anybody out."""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import asyncpg
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from jwt.algorithms import RSAAlgorithm

from milequest.providers.identity.tokens import ALGORITHM, Keys, KeysUnreachableError
from milequest.store import signing_keys
from milequest.store.signing_keys import SigningKey
from milequest.store.transaction import Pool, Tx, transact

KEY_BITS = 2048
SIGNS_FOR = 300.0  # seconds until a process looks whether its key was retired
KEPT_RETIRED = timedelta(days=1)  # how long retired keys are published: longer than any token they signed


class OwnKeys:
    """Signs with the key in use, and publishes it with those before it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._signer: tuple[str, RSAPrivateKey] | None = None
        self._look_again = 0.0

    async def sign(self, claims: Mapping[str, object], now: datetime) -> str:
        """The claims as a signed token."""
        if self._signer is None or time.monotonic() >= self._look_again:
            key = await self._in_use(now)
            self._signer = key.kid, _private(key)
            self._look_again = time.monotonic() + SIGNS_FOR
        kid, private = self._signer
        return jwt.encode(dict(claims), private, ALGORITHM, {"kid": kid})

    async def public(self) -> Keys:
        """The public keys by `kid`, at least one. Raises KeysUnreachableError while the database is away."""
        now = datetime.now(UTC)
        try:
            await self._in_use(now)
            return await self._published(now)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise KeysUnreachableError(f"{type(error).__name__} from the database") from error

    async def jwks(self, now: datetime) -> Mapping[str, object]:
        """The public keys as a JWKS (RFC 7517); the first call makes the first key."""
        await self._in_use(now)
        return {
            "keys": [
                {**_numbers(key), "kid": kid, "use": "sig", "alg": ALGORITHM}
                for kid, key in (await self._published(now)).items()
            ]
        }

    async def rotate(self, now: datetime) -> None:
        """Retire the key in use and sign with a new one."""
        fresh = await asyncio.to_thread(_generate)

        async def work(tx: Tx) -> None:
            await signing_keys.retire(tx, ALGORITHM, now)
            await signing_keys.put(tx, fresh, ALGORITHM, now)

        await transact(self._pool, work)
        self._signer = None

    async def _in_use(self, now: datetime) -> SigningKey:
        key = await signing_keys.in_use(self._pool, ALGORITHM)
        if key is None:
            fresh = await asyncio.to_thread(_generate)
            await transact(self._pool, lambda tx: signing_keys.put(tx, fresh, ALGORITHM, now))
            key = await signing_keys.in_use(self._pool, ALGORITHM)
        assert key is not None, "a key was stored, by us or at the same moment by another process"
        return key

    async def _published(self, now: datetime) -> dict[str, RSAPublicKey]:
        keys = await signing_keys.published(self._pool, ALGORITHM, now, KEPT_RETIRED)
        return {key.kid: _private(key).public_key() for key in keys}


def _generate() -> SigningKey:
    private = generate_private_key(public_exponent=65_537, key_size=KEY_BITS)
    stored = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey(_thumbprint(private.public_key()), stored)


def _private(key: SigningKey) -> RSAPrivateKey:
    private = load_der_private_key(key.private_key, password=None, unsafe_skip_rsa_key_validation=True)  # it is our own
    assert isinstance(private, RSAPrivateKey), "we store RSA keys only"
    return private


def _numbers(key: RSAPublicKey) -> dict[str, str]:
    jwk = RSAAlgorithm.to_jwk(key, as_dict=True)
    return {"e": jwk["e"], "kty": "RSA", "n": jwk["n"]}


def _thumbprint(key: RSAPublicKey) -> str:
    """RFC 7638."""
    canonical = json.dumps(_numbers(key), separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()
