"""The built-in identity provider: credentials in our own database, tokens shaped as Cognito's, signed with our own key.

Refresh tokens rotate: each is good once. One that comes back ends its session, for it was stolen or its successor was.
Of two that arrive at the same moment one wins and the other is refused. There is no grace: a client whose answer was
lost signs in again.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4

from milequest.providers.identity import Session, SignedIn
from milequest.providers.identity.builtin_addresses import Addresses
from milequest.providers.identity.builtin_base import digest, new_token, session_of
from milequest.providers.identity.builtin_passwords import Passwords
from milequest.providers.identity.builtin_sign_ups import SignUps
from milequest.providers.identity.keys import OwnKeys
from milequest.providers.identity.sealing import Seal
from milequest.providers.identity.tokens import KeyRing, TokenVerifier
from milequest.rules.credentials import ACCESS_TOKEN_LIFE, ISSUER, SignUp, email_key
from milequest.rules.errors import ErrorCode, Refused, unauthenticated
from milequest.rules.identity import Account, Identity, VerifiedToken
from milequest.rules.ids import new_id
from milequest.rules.instants import seconds
from milequest.rules.mail import Mailer
from milequest.rules.sessions import Ending, Revocation
from milequest.store import credentials, sessions, sign_ups
from milequest.store.credentials import Credential
from milequest.store.revocations import Revocations
from milequest.store.transaction import Pool, Tx, transact

log = logging.getLogger(__name__)

CLIENT_ID = "mile-quest"
KEY_INTERVAL = 0.25  # seconds between looks into the database for keys we don't know


class BuiltinIdentity(SignUps, Passwords, Addresses):
    """An IdentityProvider on our own tables; what each method raises stands there."""

    def __init__(
        self, pool: Pool, mailer: Mailer, revocations: Revocations | None = None, seal: Seal | None = None
    ) -> None:
        super().__init__(pool, mailer, revocations)
        self._keys = OwnKeys(pool, seal)
        self._verifier = TokenVerifier(
            KeyRing(self._keys.public, KEY_INTERVAL, patience=KEY_INTERVAL), ISSUER, CLIENT_ID
        )

    async def sign_in(self, email: str, password: str, now: datetime) -> SignedIn:
        """Start a session; a stranger's address takes as long as a wrong password."""
        key = email_key(email)
        credential = await credentials.find(self._pool, key)
        right = await self._hasher.matches(password, credential.password_hash if credential else None)
        if credential is None or not right:
            # Attempts are there for addresses that have an account too, so this tells nobody of one.
            if await self._hasher.matches_any(password, await sign_ups.passwords(self._pool, key, now)):
                raise Refused(ErrorCode.EMAIL_NOT_VERIFIED, "Confirm the e-mail address with the code first.")
            raise unauthenticated("Wrong e-mail address or password.")
        session_id, token = new_id(now), new_token()
        await self._end(lambda tx: sessions.start(tx, session_id, credential.subject, digest(token), now))
        return await self._signed_in(credential, session_id, now, token, now)

    async def refresh(self, refresh_token: str, now: datetime) -> SignedIn:
        """Exchange the token for the session's next ones."""
        used, token = digest(refresh_token), new_token()
        known = await sessions.find(self._pool, used, now)
        if known is not None and known.is_live and known.is_used:
            await self._end(lambda tx: sessions.revoke(tx, known.credential.subject, known.session_id, now))
            log.warning("a refresh token came back: session %s is ended", known.session_id)
        if known is None or not known.is_live or known.is_used:
            raise unauthenticated("This refresh token is not good any more.")
        rotated = await transact(self._pool, lambda tx: sessions.rotate(tx, used, digest(token), now))
        if not rotated.result:  # it was good a moment ago: another request has just taken it, or signed out
            raise unauthenticated("This refresh token was used at the same moment.")
        return await self._signed_in(known.credential, known.session_id, known.signed_in_at, token, now)

    async def sign_out(self, refresh_token: str | None, caller: Identity, ending: Ending, now: datetime) -> None:
        """End sessions. A refresh token that was used, or whose session has ended, proves nothing of other ones."""
        subject, session_id = UUID(caller.subject) if caller.subject else None, session_of(caller)
        known = await sessions.find(self._pool, digest(refresh_token), now) if refresh_token else None
        if known is not None and (ending is Ending.THIS or (known.is_live and not known.is_used)):
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

    async def verify(self, token: str, now: datetime) -> VerifiedToken:
        """Check one of our tokens."""
        return await self._verifier.verify(token, now)

    def is_meant(self, token: str) -> bool:
        """Whether a token says that it is from here."""
        return self._verifier.is_meant(token)

    async def jwks(self, now: datetime) -> Mapping[str, object]:
        """Our public keys."""
        return await self._keys.jwks(now)

    async def rotate_keys(self, now: datetime) -> str:
        """Sign with a new key from now on, whose id is returned; tokens signed with the one before stay good."""
        return await self._keys.rotate(now)

    async def account(self, email: str, now: datetime) -> Account | None:
        """For operators: the confirmed account with this address."""
        credential = await credentials.find(self._pool, email_key(email))
        return credential.account(ISSUER) if credential else None

    async def add_account(self, request: SignUp, now: datetime) -> Account:
        """For operators: an account without a code; the one the address has, if it has one."""
        password_hash = await self._hasher.hash(request.password)
        await transact(self._pool, lambda tx: credentials.put(tx, new_id(now), request, password_hash, now))
        account = await self.account(request.email, now)
        assert account is not None, "it was stored, or had been"
        return account

    async def token_for(self, email: str, now: datetime) -> tuple[Account, str] | None:
        """For operators: a confirmed account and an access token of it without a session. None if there is none."""
        credential = await credentials.find(self._pool, email_key(email))
        if credential is None:
            return None
        return credential.account(ISSUER), await self._access_token(credential, uuid4(), now, now)

    async def _signed_in(
        self, credential: Credential, session_id: UUID, signed_in_at: datetime, token: str, now: datetime
    ) -> SignedIn:
        access_token = await self._access_token(credential, session_id, signed_in_at, now)
        return SignedIn(Session(access_token, now + ACCESS_TOKEN_LIFE, token), credential.account(ISSUER))

    async def _access_token(
        self, credential: Credential, session_id: UUID, signed_in_at: datetime, now: datetime
    ) -> str:
        """The claims Cognito puts into an access token; no address, no name."""
        claims = {
            "sub": str(credential.subject),
            "iss": ISSUER,
            "client_id": CLIENT_ID,
            "token_use": "access",
            "username": str(credential.subject),
            "cognito:groups": list(credential.groups),
            "origin_jti": str(session_id),
            "jti": str(uuid4()),
            "auth_time": seconds(signed_in_at),
            "iat": seconds(now),
            "exp": seconds(now + ACCESS_TOKEN_LIFE),
        }
        return await self._keys.sign(claims, now)
