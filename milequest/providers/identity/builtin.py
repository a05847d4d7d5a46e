"""The built-in identity provider: credentials in our own database, tokens shaped as Cognito's, signed with our own key.

Refresh tokens rotate: each is good once. One that comes back ends its session, for it was stolen or its successor was.
Of two that arrive at the same moment one wins and the other is refused. There is no grace: a client whose answer was
lost signs in again.
"""

import hashlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from uuid import UUID, uuid4

from milequest.providers.identity import Session, SignedIn
from milequest.providers.identity.keys import OwnKeys
from milequest.providers.identity.passwords import Hasher
from milequest.providers.identity.sealing import Seal
from milequest.providers.identity.tokens import KeyRing, TokenVerifier
from milequest.rules import mail
from milequest.rules.credentials import (
    ACCESS_TOKEN_LIFE,
    CODE_DIGITS,
    ISSUER,
    SignUp,
    email_key,
    normal_code,
)
from milequest.rules.errors import ErrorCode, Refused, unauthenticated
from milequest.rules.identity import Account, Identity, VerifiedToken
from milequest.rules.ids import new_id
from milequest.rules.instants import seconds
from milequest.rules.mail import Mail, Mailer
from milequest.rules.sessions import Ending, Revocation
from milequest.store import credentials, sessions, sign_ups
from milequest.store.credentials import Credential
from milequest.store.revocations import Revocations
from milequest.store.transaction import Pool, Tx, transact

log = logging.getLogger(__name__)

CLIENT_ID = "mile-quest"
KEY_INTERVAL = 0.25  # seconds between looks into the database for keys we don't know
REFRESH_TOKEN_BYTES = 32


class BuiltinIdentity:
    """An IdentityProvider on our own tables; what each method raises stands there."""

    def __init__(
        self, pool: Pool, mailer: Mailer, revocations: Revocations | None = None, seal: Seal | None = None
    ) -> None:
        self._pool = pool
        self._revocations = revocations or Revocations(pool)
        self._mailer = mailer
        self._hasher = Hasher()
        self._keys = OwnKeys(pool, seal)
        self._verifier = TokenVerifier(
            KeyRing(self._keys.public, KEY_INTERVAL, patience=KEY_INTERVAL), ISSUER, CLIENT_ID
        )

    async def sign_up(self, request: SignUp, now: datetime) -> None:
        """Store the attempt and mail its code. The work is the same for an address that has an account."""
        code = _new_code()
        password_hash = await self._hasher.hash(request.password)
        code_hash = await self._hasher.code_hash(request.email_key, code)

        async def work(tx: Tx) -> bool:
            taken = await credentials.is_taken(tx, request.email_key)
            if not taken:
                await sign_ups.put(tx, new_id(now), request, password_hash, code_hash, now)
            return taken

        taken = (await transact(self._pool, work)).result
        await self._send(mail.already_registered(request.email) if taken else mail.confirmation(request.email, code))

    async def confirm(self, email: str, code: str, now: datetime) -> None:
        """Make the attempt that this code was mailed for the address's credential."""
        key = email_key(email)
        code_hash = await self._hasher.code_hash(key, normal_code(code) or "")
        if not (await transact(self._pool, lambda tx: sign_ups.confirm(tx, key, code_hash, now))).result:
            raise Refused(ErrorCode.CODE_INVALID, "This code is wrong or too old.")

    async def resend_code(self, email: str, now: datetime) -> None:
        """Give the newest attempt another code."""
        key, code = email_key(email), _new_code()
        code_hash = await self._hasher.code_hash(key, code)
        renewed = await transact(self._pool, lambda tx: sign_ups.renew_code(tx, key, code_hash, now))
        if renewed.result is not None:
            await self._send(mail.confirmation(renewed.result, code))

    async def sign_in(self, email: str, password: str, now: datetime) -> SignedIn:
        """Start a session; a stranger's address takes as long as a wrong password."""
        credential = await credentials.find(self._pool, email_key(email), now)
        right = await self._hasher.matches(password, credential.password_hash if credential else None)
        if credential is None or not right:
            raise unauthenticated("Wrong e-mail address or password.")
        if not credential.is_confirmed:
            raise Refused(ErrorCode.EMAIL_NOT_VERIFIED, "Confirm the e-mail address with the code first.")
        session_id, token = new_id(now), _new_token()
        await transact(self._pool, lambda tx: sessions.start(tx, session_id, credential.subject, _digest(token), now))
        return await self._signed_in(credential, session_id, now, token, now)

    async def refresh(self, refresh_token: str, now: datetime) -> SignedIn:
        """Exchange the token for the session's next ones."""
        digest, token = _digest(refresh_token), _new_token()
        known = await sessions.find(self._pool, digest, now)
        if known is not None and known.is_live and known.is_used:
            await self._end(lambda tx: sessions.revoke(tx, known.credential.subject, known.session_id, now))
            log.warning("a refresh token came back: session %s is ended", known.session_id)
        if known is None or not known.is_live or known.is_used:
            raise unauthenticated("This refresh token is not good any more.")
        rotated = await transact(self._pool, lambda tx: sessions.rotate(tx, digest, _digest(token), now))
        if not rotated.result:  # it was good a moment ago: another request has just taken it, or signed out
            raise unauthenticated("This refresh token was used at the same moment.")
        return await self._signed_in(known.credential, known.session_id, known.signed_in_at, token, now)

    async def sign_out(self, refresh_token: str | None, caller: Identity, ending: Ending, now: datetime) -> None:
        """End sessions. A refresh token that was used, or whose session has ended, proves nothing of other ones."""
        subject, session_id = UUID(caller.subject) if caller.subject else None, _session_id(caller)
        known = await sessions.find(self._pool, _digest(refresh_token), now) if refresh_token else None
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

    async def _end(self, work: Callable[[Tx], Awaitable[list[Revocation]]]) -> None:
        """Run a transaction that ends sessions, and let everybody know."""
        await self._revocations.tell((await transact(self._pool, work)).result)

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
        credential = await self._confirmed(email, now)
        return _account(credential) if credential else None

    async def add_account(self, request: SignUp, now: datetime) -> Account:
        """For operators: an account without a code; the one the address has, if it has one."""
        password_hash = await self._hasher.hash(request.password)
        await transact(self._pool, lambda tx: credentials.put(tx, new_id(now), request, password_hash, now))
        account = await self.account(request.email, now)
        assert account is not None, "it was stored, or had been"
        return account

    async def token_for(self, email: str, now: datetime) -> tuple[Account, str] | None:
        """For operators: a confirmed account and an access token of it without a session. None if there is none."""
        credential = await self._confirmed(email, now)
        if credential is None:
            return None
        return _account(credential), await self._access_token(credential, uuid4(), now, now)

    async def _confirmed(self, email: str, now: datetime) -> Credential | None:
        credential = await credentials.find(self._pool, email_key(email), now)
        return credential if credential and credential.is_confirmed else None

    async def _signed_in(
        self, credential: Credential, session_id: UUID, signed_in_at: datetime, token: str, now: datetime
    ) -> SignedIn:
        access_token = await self._access_token(credential, session_id, signed_in_at, now)
        return SignedIn(Session(access_token, now + ACCESS_TOKEN_LIFE, token), _account(credential))

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

    async def _send(self, message: Mail) -> None:
        """Mail that fails is sent anew on demand; telling would tell who has an account."""
        try:
            await self._mailer.send(message)
        except OSError as error:
            log.error("a mail could not be sent: %s", type(error).__name__)


def _account(credential: Credential) -> Account:
    return Account(
        ISSUER,
        str(credential.subject),
        credential.email,
        credential.is_confirmed,
        credential.name,
        credential.timezone,
        credential.preferred_units,
    )


def _session_id(caller: Identity) -> UUID | None:
    """Which session a token of ours is of."""
    try:
        return UUID(caller.session_id) if caller.session_id else None
    except ValueError:
        return None


def _new_code() -> str:
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def _new_token() -> str:
    return secrets.token_urlsafe(REFRESH_TOKEN_BYTES)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
