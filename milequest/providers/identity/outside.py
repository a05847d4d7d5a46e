"""An outside issuer whose tokens we accept, checked by the public keys it publishes. It keeps its accounts itself."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NoReturn
from uuid import UUID

import httpx
import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm
from jwt.exceptions import InvalidKeyError

from milequest.providers.identity import SignedIn
from milequest.providers.identity.tokens import ALGORITHM, MAX_KID, KeyRing, Keys, KeysUnreachableError, TokenVerifier
from milequest.rules.closing import refuse_old_sign_in
from milequest.rules.credentials import SignUp
from milequest.rules.errors import ErrorCode, Refused
from milequest.rules.identity import Identity, VerifiedToken
from milequest.rules.sessions import UNKNOWN, ActiveSession, Ending, SessionOrigin

FETCH_INTERVAL = 60.0  # seconds between fetches for keys we don't know
TIMEOUT = 5.0  # seconds for a fetch in all
MAX_BYTES = 128 * 1024
MIN_KEY_BITS = 2048
ELSEWHERE = "Accounts are kept by an outside provider: sign up and sign in there."


class OutsideIdentity:
    """Verifier of the issuer's tokens. Sign-up and sign-in take place there, not here."""

    unmoved = ELSEWHERE  # the reason why no account gets another address

    def __init__(self, jwks_url: str, issuer: str, client_ids: tuple[str, ...]) -> None:
        self._url = jwks_url
        self._verifier = TokenVerifier(KeyRing(self._fetch, FETCH_INTERVAL), issuer, frozenset(client_ids))

    async def verify(self, token: str, now: datetime) -> VerifiedToken:
        """Check an access or id token of the issuer."""
        return await self._verifier.verify(token, now)

    def is_meant(self, token: str) -> bool:
        """Return whether a token claims this issuer."""
        return self._verifier.is_meant(token)

    async def jwks(self, now: datetime) -> Mapping[str, object]:
        """Return none: publishing the keys is the issuer's task."""
        return {"keys": []}

    async def sign_up(self, request: SignUp, now: datetime) -> str:
        """Refuse, as all that follow."""
        _elsewhere()

    async def confirm(self, email: str, code: str, now: datetime, attempt_id: str | None = None) -> None:
        """Refuse."""
        _elsewhere()

    async def resend_code(self, email: str, now: datetime, attempt_id: str | None = None) -> None:
        """Refuse."""
        _elsewhere()

    async def forgot_password(self, email: str, now: datetime) -> str:
        """Refuse."""
        _elsewhere()

    async def reset_password(self, email: str, request_id: str, code: str, password: str, now: datetime) -> None:
        """Refuse."""
        _elsewhere()

    async def change_password(self, identity: Identity, current: str, password: str, now: datetime) -> None:
        """Refuse."""
        _elsewhere()

    async def confirm_closing(self, identity: Identity, password: str | None, now: datetime) -> None:
        """Refuse a session that began a while ago. The issuer keeps the sessions: our own list ends their tokens."""
        refuse_old_sign_in(identity.began_at, now)

    async def request_email_change(self, identity: Identity, email: str, password: str, now: datetime) -> str:
        """Refuse."""
        _elsewhere(self.unmoved)

    async def confirm_email_change(
        self, identity: Identity, request_id: str, old_code: str, new_code: str, now: datetime
    ) -> None:
        """Refused."""
        _elsewhere(self.unmoved)

    async def sign_in(self, email: str, password: str, now: datetime, origin: SessionOrigin = UNKNOWN) -> SignedIn:
        """Refuse."""
        _elsewhere()

    async def refresh(self, refresh_token: str, now: datetime) -> SignedIn:
        """Refuse."""
        _elsewhere()

    async def sign_out(self, refresh_token: str | None, caller: Identity, ending: Ending, now: datetime) -> None:
        """Refuse."""
        _elsewhere()

    async def sessions(self, caller: Identity, now: datetime) -> Sequence[ActiveSession]:
        """Return none: the issuer keeps them."""
        return ()

    async def end_session(self, caller: Identity, session_id: UUID, now: datetime) -> None:
        """Refuse."""
        _elsewhere()

    async def _fetch(self) -> Keys:
        try:
            async with (
                asyncio.timeout(TIMEOUT),
                httpx.AsyncClient(trust_env=False) as client,
                client.stream("GET", self._url, headers={"accept": "application/json"}) as response,
            ):
                response.raise_for_status()
                body = await _bounded(response)
        except (httpx.HTTPError, TimeoutError) as error:
            raise KeysUnreachableError(f"{type(error).__name__} at {httpx.URL(self._url).host}") from error
        if keys := usable_keys(body):
            return keys
        raise KeysUnreachableError(f"{httpx.URL(self._url).host} answers without an {ALGORITHM} key")


def _elsewhere(why: str = ELSEWHERE) -> NoReturn:
    raise Refused(ErrorCode.UNAVAILABLE, why)


async def _bounded(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            raise KeysUnreachableError(f"the keys are longer than {MAX_BYTES} bytes")
    return bytes(body)


def usable_keys(body: bytes) -> Keys:
    """Return the signing keys of a JWKS (RFC 7517); anything else in it is ignored."""
    try:
        listed = orjson.loads(body)["keys"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    entries = listed if isinstance(listed, list) else []
    found = [(entry["kid"], _key(entry)) for entry in entries if isinstance(entry, dict) and _may_sign(entry)]
    return {kid: key for kid, key in found if key is not None}


def _may_sign(entry: Mapping[str, object]) -> bool:
    kid = entry.get("kid")
    return (
        entry.get("kty") == "RSA"
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", ALGORITHM) == ALGORITHM
        and isinstance(kid, str)
        and len(kid) <= MAX_KID
    )


def _key(entry: dict[str, object]) -> RSAPublicKey | None:
    try:
        key = RSAAlgorithm.from_jwk(entry)
    except (InvalidKeyError, ValueError, TypeError):
        return None
    return key if isinstance(key, RSAPublicKey) and key.key_size >= MIN_KEY_BITS else None
