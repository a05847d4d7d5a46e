"""A token issuer outside our own account, shaped as a Cognito user pool: its tokens, a local server with its keys."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

CLIENT_ID = "3n4b5urk1ft4fl3mg5e62d9ado"
SUBJECT = "6f2d1a90-4c1b-4d8e-9f6b-6f2f6c1c8a11"


@cache
def private_key(number: int = 1) -> RSAPrivateKey:
    """Return the issuer's key pair of that number; making one takes a tenth of a second."""
    del number
    return generate_private_key(65_537, 2048)


def public_jwk(kid: str, key: RSAPrivateKey, **changes: Any) -> dict[str, Any]:
    """Return the key as a JWKS lists it."""
    numbers = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {"kty": "RSA", "n": numbers["n"], "e": numbers["e"], "kid": kid, "use": "sig", "alg": "RS256", **changes}


@dataclass
class Issuer:
    """`keys` are published, `fetches` counts the requests for them; `status`, `body` and `delay` spoil the answer."""

    url: str
    keys: dict[str, RSAPrivateKey] = field(default_factory=lambda: {"one": private_key(1)})
    status: int = 200
    body: bytes | None = None
    delay: float = 0.0
    fetches: int = 0

    @property
    def name(self) -> str:
        """The tokens' `iss`."""
        return f"{self.url}/eu-west-1_AbCdEf"

    @property
    def jwks_url(self) -> str:
        """The address of the keys."""
        return f"{self.name}/.well-known/jwks.json"

    def claims(self, now: datetime | None = None, **changes: Any) -> dict[str, Any]:
        """Return an access token's claims; a change to None omits the claim."""
        at = int((now or datetime.now(UTC)).timestamp())
        claims = {
            "sub": SUBJECT,
            "iss": self.name,
            "client_id": CLIENT_ID,
            "token_use": "access",
            "username": "ada",
            "cognito:groups": ["admins"],
            "scope": "aws.cognito.signin.user.admin",
            "auth_time": at,
            "iat": at,
            "exp": at + 3600,
            "jti": "0b1c",
            **changes,
        }
        return {name: claim for name, claim in claims.items() if claim is not None}

    def id_claims(self, now: datetime | None = None, **changes: Any) -> dict[str, Any]:
        """Return an id token's claims."""
        of_person = {"email": "Ada@Example.org", "email_verified": True, "name": "Ada", "zoneinfo": "Europe/London"}
        without = {"client_id": None, "username": None, "scope": None}
        use = {"token_use": "id", "aud": CLIENT_ID, "cognito:username": "ada"}
        return self.claims(now, **{**without, **use, **of_person, **changes})

    def token(self, claims: Mapping[str, Any] | None = None, kid: str = "one", key: RSAPrivateKey | None = None) -> str:
        """Return a token with these claims (an access token's), signed with the key of that id, or another `key`."""
        signer = key or self.keys[kid]
        return jwt.encode(dict(claims or self.claims()), signer, "RS256", {"kid": kid})

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one request."""
        await reader.readuntil(b"\r\n\r\n")
        self.fetches += 1
        await asyncio.sleep(self.delay)
        listed = {"keys": [public_jwk(kid, key) for kid, key in self.keys.items()]}
        body = json.dumps(listed).encode() if self.body is None else self.body
        head = f"HTTP/1.1 {self.status} Status\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        writer.write(f"{head}\r\nconnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def running() -> AsyncIterator[Issuer]:
    """Run an issuer on a free port of the loopback."""
    issuer = Issuer("")
    server = await asyncio.start_server(issuer.answer, "127.0.0.1", 0)
    issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield issuer
