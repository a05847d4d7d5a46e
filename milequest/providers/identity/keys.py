"""Our own key pairs: made once for all processes, kept in the database, replaced without ending any session."""

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

from milequest.providers.identity.sealing import Seal, SealedError
from milequest.providers.identity.tokens import ALGORITHM, Keys, KeysUnreachableError
from milequest.rules.credentials import ACCESS_TOKEN_LIFE
from milequest.store.sql import signing_keys
from milequest.store.sql.signing_keys import SigningKey
from milequest.store.sql.transaction import Pool, Tx, transact

KEY_BITS = 2048
SIGNS_FOR = 300.0  # seconds until a process checks whether its key was retired
# A retired key is published until its last token has expired.
KEPT_RETIRED = ACCESS_TOKEN_LIFE + timedelta(seconds=SIGNS_FOR) + timedelta(minutes=5)


class OwnKeys:
    """Our signing keys: the one in use, published with those before it. Without a seal they are stored in the clear."""

    def __init__(self, pool: Pool, seal: Seal | None) -> None:
        self._pool = pool
        self._seal = seal
        self._signer: tuple[str, RSAPrivateKey] | None = None
        self._look_again = 0.0

    async def sign(self, claims: Mapping[str, object], now: datetime) -> str:
        """Return the claims as a signed token."""
        if self._signer is None or time.monotonic() >= self._look_again:
            key = await self._in_use(now)
            self._signer = key.kid, self._private(key)
            self._look_again = time.monotonic() + SIGNS_FOR
        kid, private = self._signer
        return jwt.encode(dict(claims), private, ALGORITHM, {"kid": kid})

    async def public(self) -> Keys:
        """Return the public keys by `kid`, at least one. Raises KeysUnreachableError while the database is away."""
        now = datetime.now(UTC)
        try:
            await self._in_use(now)
            return await self._published(now)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, SealedError) as error:
            raise KeysUnreachableError(f"{type(error).__name__} from the database") from error

    async def jwks(self, now: datetime) -> Mapping[str, object]:
        """Return the public keys as a JWKS (RFC 7517); the first call makes the first key."""
        await self._in_use(now)
        return {
            "keys": [
                {**_numbers(key), "kid": kid, "use": "sig", "alg": ALGORITHM}
                for kid, key in (await self._published(now)).items()
            ]
        }

    async def rotate(self, now: datetime) -> str:
        """Retire the key in use and sign with a new one, whose id is returned; delete expired ones."""
        fresh = await asyncio.to_thread(self._generate)

        async def work(tx: Tx) -> None:
            await signing_keys.purge(tx, now - KEPT_RETIRED)
            await signing_keys.retire(tx, now)
            await signing_keys.put(tx, fresh, now)

        await transact(self._pool, work)
        self._signer = None
        return fresh.kid

    async def seal_all(self, now: datetime) -> int:
        """Seal all keys that are not sealed with the newest secret; return how many.

        Raises SealedError, changing nothing.
        """
        seal = self._seal or Seal()
        keys = await signing_keys.published(self._pool, now - KEPT_RETIRED)
        opened = [(key, *self._opened(key)) for key in keys]
        sealed = [(key, seal.sealed(key.kid, private)) for key, private, is_right in opened if not is_right]

        async def work(tx: Tx) -> None:
            await signing_keys.purge(tx, now - KEPT_RETIRED)
            for key, anew in sealed:
                await signing_keys.seal(tx, key, anew, now)

        await transact(self._pool, work)
        return len(sealed)

    async def _in_use(self, now: datetime) -> SigningKey:
        key = await signing_keys.in_use(self._pool)
        if key is None:
            fresh = await asyncio.to_thread(self._generate)
            await transact(self._pool, lambda tx: signing_keys.put(tx, fresh, now))
            key = await signing_keys.in_use(self._pool)
        assert key is not None, "a key was stored, by us or at the same moment by another process"
        return key

    async def _published(self, now: datetime) -> dict[str, RSAPublicKey]:
        keys = await signing_keys.published(self._pool, now - KEPT_RETIRED)
        return {key.kid: self._private(key).public_key() for key in keys}

    def _generate(self) -> SigningKey:
        private = generate_private_key(public_exponent=65_537, key_size=KEY_BITS)
        kid = _thumbprint(private.public_key())
        stored = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        if self._seal is None:
            return SigningKey(kid, stored, is_sealed=False)
        return SigningKey(kid, self._seal.sealed(kid, stored), is_sealed=True)

    def _private(self, key: SigningKey) -> RSAPrivateKey:
        private_key, _ = self._opened(key)
        private = load_der_private_key(private_key, password=None, unsafe_skip_rsa_key_validation=True)  # it is our own
        assert isinstance(private, RSAPrivateKey), "we store RSA keys only"
        return private

    def _opened(self, key: SigningKey) -> tuple[bytes, bool]:
        """Return the private key; True if it is sealed with the newest secret."""
        if not key.is_sealed:
            return key.private_key, False
        return (self._seal or Seal()).opened(key.kid, key.private_key)


def _numbers(key: RSAPublicKey) -> dict[str, str]:
    jwk = RSAAlgorithm.to_jwk(key, as_dict=True)
    return {"e": jwk["e"], "kty": "RSA", "n": jwk["n"]}


def _thumbprint(key: RSAPublicKey) -> str:
    """Return the key's thumbprint (RFC 7638)."""
    canonical = json.dumps(_numbers(key), separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()
