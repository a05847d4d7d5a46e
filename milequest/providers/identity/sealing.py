"""Private keys as they are stored: encrypted by AES-256-GCM, with a key derived from a secret of the settings."""

import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
_PURPOSE = b"mile-quest signing keys"


class SealedError(Exception):
    """No secret of the settings decrypts a key, or there is no secret."""


class Seal:
    """Encryption with the first of the secrets, and decryption with any of them. Without a secret it refuses."""

    def __init__(self, given: Sequence[bytes] = ()) -> None:
        self._ciphers = [AESGCM(HKDF(SHA256(), 32, None, _PURPOSE).derive(secret)) for secret in given]

    def sealed(self, kid: str, private_key: bytes) -> bytes:
        """Return the key, encrypted for its `kid` alone. Raises SealedError without a secret."""
        if not self._ciphers:
            raise SealedError("there is no secret to encrypt a key with")
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._ciphers[0].encrypt(nonce, private_key, kid.encode())

    def opened(self, kid: str, sealed: bytes) -> tuple[bytes, bool]:
        """Return the key; True if the first of the secrets had sealed it. Raises SealedError."""
        for cipher in self._ciphers:
            try:
                private_key = cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], kid.encode())
            except InvalidTag:
                continue
            return private_key, cipher is self._ciphers[0]
        raise SealedError(f"no secret opens the key {kid}")
