"""The built-in identity provider: credentials in our own database, tokens shaped as Cognito's, signed with our own key.

The life of its sessions is described in `builtin_sessions`.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4

from milequest.providers.identity import SignedIn
from milequest.providers.identity.builtin_addresses import Addresses
from milequest.providers.identity.builtin_base import digest, new_token
from milequest.providers.identity.builtin_passwords import Passwords
from milequest.providers.identity.builtin_sessions import CLIENT_ID, Sessions
from milequest.providers.identity.builtin_sign_ups import SignUps
from milequest.providers.identity.keys import OwnKeys
from milequest.providers.identity.sealing import Seal
from milequest.providers.identity.tokens import KeyRing, TokenVerifier
from milequest.rules.credentials import ISSUER, SignUp, email_key
from milequest.rules.errors import ErrorCode, Refused, unauthenticated
from milequest.rules.identity import IssuerAccount, VerifiedToken
from milequest.rules.ids import new_id
from milequest.rules.mail import Mailer
from milequest.rules.sessions import UNKNOWN, Revocation, SessionOrigin
from milequest.store.sql import credentials, sessions, sign_ups
from milequest.store.sql.credentials import Credential
from milequest.store.sql.revocations import Revocations
from milequest.store.sql.transaction import Pool, Tx, transact

__all__ = ["CLIENT_ID", "BuiltinIdentity"]

WRONG = "Wrong e-mail address or password."
KEY_INTERVAL = 0.25  # seconds between queries for unknown keys


class BuiltinIdentity(SignUps, Passwords, Addresses, Sessions):
    """An IdentityProvider on our own tables; that protocol documents what each method raises."""

    def __init__(
        self, pool: Pool, mailer: Mailer, revocations: Revocations | None = None, seal: Seal | None = None
    ) -> None:
        super().__init__(pool, mailer, revocations)
        self._keys = OwnKeys(pool, seal)
        self._verifier = TokenVerifier(
            KeyRing(self._keys.public, KEY_INTERVAL, patience=KEY_INTERVAL), ISSUER, frozenset((CLIENT_ID,))
        )

    async def sign_in(self, email: str, password: str, now: datetime, origin: SessionOrigin = UNKNOWN) -> SignedIn:
        """Start a session; an unknown address takes as long as a wrong password.

        Once a password is known to be wrong no server is called any more: an UNAVAILABLE in place of the refusal would
        not be counted as a wrong guess.
        """
        key = email_key(email)
        credential, waiting = await credentials.find(self._pool, key), await sign_ups.passwords(self._pool, key, now)
        right = await self._hasher.matches(password, credential.password_hash if credential else None)
        if credential is None or not right:
            # Attempts are stored for addresses with an account too, so this does not reveal whether there is one.
            if await self._hasher.matches_any(password, waiting):
                raise Refused(ErrorCode.EMAIL_NOT_VERIFIED, "Confirm the e-mail address with the code first.")
            raise unauthenticated(WRONG)
        session_id, token = new_id(now), new_token()
        await self._end(lambda tx: self._start(tx, credential, session_id, token, now, origin))
        return await self._signed_in(credential, session_id, now, token, now, uuid4())

    async def _start(
        self, tx: Tx, credential: Credential, session_id: UUID, token: str, now: datetime, origin: SessionOrigin
    ) -> list[Revocation]:
        if not await credentials.lock_unchanged(tx, credential):
            raise unauthenticated(WRONG)
        return await sessions.start(tx, session_id, credential.subject, digest(token), now, origin)

    async def verify(self, token: str, now: datetime) -> VerifiedToken:
        """Check one of our tokens."""
        return await self._verifier.verify(token, now)

    def is_meant(self, token: str) -> bool:
        """Return whether a token claims this issuer."""
        return self._verifier.is_meant(token)

    async def jwks(self, now: datetime) -> Mapping[str, object]:
        """Return our public keys."""
        return await self._keys.jwks(now)

    async def rotate_keys(self, now: datetime) -> str:
        """Sign with a new key from now on, and return its id; tokens signed with the previous one stay valid."""
        return await self._keys.rotate(now)

    async def account(self, email: str, now: datetime) -> IssuerAccount | None:
        """Return, for operators, the confirmed account with this address."""
        credential = await credentials.find(self._pool, email_key(email))
        return credential.account(ISSUER) if credential else None

    async def add_account(self, request: SignUp, now: datetime) -> IssuerAccount:
        """Add, for operators, an account without a code; return the one the address has, if it has one."""
        password_hash = await self._hasher.hash(request.password)
        await transact(self._pool, lambda tx: credentials.put(tx, new_id(now), request, password_hash, now))
        account = await self.account(request.email, now)
        assert account is not None, "it was stored, or had been"
        return account

    async def token_for(self, email: str, now: datetime) -> tuple[IssuerAccount, str] | None:
        """Return, for operators, a confirmed account and an access token without a session; None if there is none."""
        credential = await credentials.find(self._pool, email_key(email))
        if credential is None:
            return None
        return credential.account(ISSUER), await self._access_token(credential, uuid4(), now, now, uuid4())
