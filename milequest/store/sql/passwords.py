"""Passwords of PostgreSQL's own users: our service has none; the master has one."""

import base64
import hashlib
import hmac
import os

import asyncpg

ROUNDS = 4096  # PostgreSQL's own


async def lets_in(url: str, user: str, password: str) -> bool:
    """Return whether the server at `url` admits a user with a password. Raises OSError while that is unknown."""
    try:
        connection = await asyncpg.connect(url, user=user, password=password)
    except asyncpg.InvalidAuthorizationSpecificationError:
        return False
    await connection.close()
    return True


async def change(url: str, user: str, password: str, new: str) -> None:
    """Give a user, who connects with `password`, a new one. It leaves this process as its verifier only."""
    connection = await asyncpg.connect(url, user=user, password=password)
    try:
        statement = await connection.fetchval(
            "SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)", user, verifier(new, os.urandom(16))
        )
        await connection.execute(statement)
    finally:
        await connection.close()


def verifier(password: str, salt: bytes) -> str:
    """Return what PostgreSQL stores of an ASCII password, and accepts for it, so none is in its log (RFC 5803)."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(ROUNDS, *encoded)
