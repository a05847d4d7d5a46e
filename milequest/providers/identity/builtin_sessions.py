"""Sessions of the built-in identity provider: their continuation by refresh tokens, and their end.

Refresh tokens rotate: each derives the next one, with a secret of its session, so that the same one sent again within
REFRESH_GRACE gets the same answer: two tabs, or a client whose answer was lost. So does a thief, who then holds the
same tokens as their owner, never others. A later use ends the session, as one of the two users is a thief.
"""

import base64
import hmac
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from milequest.providers.identity import Session, SignedIn
from milequest.providers.identity.builtin_base import BuiltinBase, digest, own_subject, session_of
from milequest.providers.identity.keys import OwnKeys
from milequest.rules.credentials import ACCESS_TOKEN_LIFE, ISSUER
from milequest.rules.errors import not_found, unauthenticated
from milequest.rules.identity import Identity
from milequest.rules.instants import seconds
from milequest.rules.sessions import REFRESH_GRACE, ActiveSession, Ending, Revocation
from milequest.store.sql import sessions
from milequest.store.sql.credentials import Credential
from milequest.store.sql.sessions import RefreshToken
from milequest.store.sql.transaction import Tx, transact

log = logging.getLogger("milequest.identity")

CLIENT_ID = "mile-quest"


class Sessions(BuiltinBase):
    """The IdentityProvider's methods for sessions."""

    _keys: OwnKeys

    async def refresh(self, refresh_token: str, now: datetime) -> SignedIn:
        """Exchange the token for the session's next ones."""
        known = await sessions.find(self._pool, digest(refresh_token), now)
        if known is not None and known.is_live and known.used_at is None:
            known = await self._used(known, refresh_token, now)
        if known is None or not known.is_live or known.used_at is None:
            raise unauthenticated("This refresh token is not good any more.")
        if now - known.used_at > REFRESH_GRACE:
            subject, session_id = known.credential.subject, known.session_id
            await self._end(lambda tx: sessions.revoke(tx, subject, session_id, now))
            log.warning("a refresh token was used again: session %s is ended", session_id)
            raise unauthenticated("This refresh token was used before: its session is ended.")
        token_id = UUID(bytes=_made(known, "access", refresh_token)[:16])
        token = _successor(known, refresh_token)
        return await self._signed_in(
            known.credential, known.session_id, known.signed_in_at, token, known.used_at, token_id
        )

    async def _used(self, known: RefreshToken, refresh_token: str, now: datetime) -> RefreshToken | None:
        """Use a token that has not been used. Of several uses at one moment the first one does it for all of them."""
        used, successor = digest(refresh_token), digest(_successor(known, refresh_token))
        if (await transact(self._pool, lambda tx: sessions.rotate(tx, used, successor, now))).result:
            return replace(known, used_at=now)
        return await sessions.find(self._pool, used, now)

    async def sign_out(self, refresh_token: str | None, caller: Identity, ending: Ending, now: datetime) -> None:
        """End sessions. A refresh token that was used, or whose session has ended, proves nothing about other ones."""
        subject, session_id = UUID(caller.subject) if caller.subject else None, session_of(caller)
        known = await sessions.find(self._pool, digest(refresh_token), now) if refresh_token else None
        if known is not None and (ending is Ending.THIS or _is_good(known, now)):
            subject, session_id = known.credential.subject, known.session_id
        if subject is None or (session_id is None and ending is not Ending.ALL):
            raise unauthenticated("Say who you are: by an access token that is good, or a session's refresh token.")
        whose, which = subject, session_id

        async def end(tx: Tx) -> list[Revocation]:
            ended: list[Revocation] = []
            if ending is not Ending.THIS:
                ended += await sessions.revoke_all(tx, whose, now, which if ending is Ending.OTHERS else None)
            if ending is not Ending.OTHERS and which is not None:
                ended += await sessions.revoke(tx, whose, which, now)
            return ended

        await self._end(end)

    async def sessions(self, caller: Identity, now: datetime) -> Sequence[ActiveSession]:
        """Return the caller's sessions that have not ended, the one used last first."""
        return await sessions.active(self._pool, own_subject(caller), now)

    async def end_session(self, caller: Identity, session_id: UUID, now: datetime) -> None:
        """End one of the caller's sessions."""
        subject = own_subject(caller)
        if session_id not in {session.id for session in await sessions.active(self._pool, subject, now)}:
            raise not_found("session")
        await self._end(lambda tx: sessions.revoke(tx, subject, session_id, now))

    async def _signed_in(
        self,
        credential: Credential,
        session_id: UUID,
        signed_in_at: datetime,
        token: str,
        now: datetime,
        token_id: UUID,
    ) -> SignedIn:
        access_token = await self._access_token(credential, session_id, signed_in_at, now, token_id)
        return SignedIn(Session(access_token, now + ACCESS_TOKEN_LIFE, token), credential.account(ISSUER))

    async def _access_token(
        self, credential: Credential, session_id: UUID, signed_in_at: datetime, now: datetime, token_id: UUID
    ) -> str:
        """Return an access token with the claims that Cognito puts into one; no address, no name."""
        claims = {
            "sub": str(credential.subject),
            "iss": ISSUER,
            "client_id": CLIENT_ID,
            "token_use": "access",
            "username": str(credential.subject),
            "cognito:groups": list(credential.groups),
            "origin_jti": str(session_id),
            "jti": str(token_id),
            "auth_time": seconds(signed_in_at),
            "iat": seconds(now),
            "exp": seconds(now + ACCESS_TOKEN_LIFE),
        }
        return await self._keys.sign(claims, now)


def _is_good(known: RefreshToken, now: datetime) -> bool:
    return known.is_live and (known.used_at is None or now - known.used_at <= REFRESH_GRACE)


def _successor(known: RefreshToken, refresh_token: str) -> str:
    """Return the refresh token after this one."""
    return base64.urlsafe_b64encode(_made(known, "refresh", refresh_token)).rstrip(b"=").decode()


def _made(known: RefreshToken, what: str, refresh_token: str) -> bytes:
    """Derive bytes from both the session's secret and the token."""
    return hmac.digest(known.secret, f"{what}:{refresh_token}".encode(errors="surrogatepass"), "sha256")
