"""Identity providers: our own built-in one, or an outside issuer of tokens shaped as Cognito's are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from milequest.rules.credentials import SignUp
from milequest.rules.identity import Identity, IssuerAccount, VerifiedToken
from milequest.rules.mail import Mailer
from milequest.rules.sessions import UNKNOWN, ActiveSession, Ending, SessionOrigin
from milequest.settings import Settings
from milequest.store.aws.client import Aws
from milequest.store.sql.revocations import Revocations
from milequest.store.sql.transaction import Pool


@dataclass(frozen=True, slots=True)
class Session:
    """The tokens a client keeps of a sign-in. The refresh token can be used once."""

    access_token: str = field(repr=False)
    access_token_expires_at: datetime
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session, and the account it belongs to."""

    session: Session
    account: IssuerAccount


class IdentityProvider(Protocol):
    """Keeper of credentials that issues and verifies tokens. Addresses are as typed, limits are up to the caller.

    No answer reveals whether an address has an account. All raise UNAVAILABLE for an operation that this provider does
    not offer, or cannot perform now.
    """

    async def sign_up(self, request: SignUp, now: datetime) -> str:
        """Begin an account and mail a code, or another mail to an address with an account. Returns the attempt's id."""

    async def confirm(self, email: str, code: str, now: datetime, attempt_id: str | None = None) -> None:
        """Finish a sign-up. Raises CODE_INVALID for a code that is wrong, old or of another attempt.

        Without an attempt's id, as from old clients, no code is valid while sign-ups with different passwords wait.
        """

    async def resend_code(self, email: str, now: datetime, attempt_id: str | None = None) -> None:
        """Mail another code for a sign-up; the previous one is no longer valid."""

    async def forgot_password(self, email: str, now: datetime) -> str:
        """Mail a code for a new password. Returns the request's id, with which alone the code is valid."""

    async def reset_password(self, email: str, request_id: str, code: str, password: str, now: datetime) -> None:
        """Give an account a new password and end its sessions. Raises CODE_INVALID."""

    async def change_password(self, identity: Identity, current: str, password: str, now: datetime) -> None:
        """Give the caller's account a new password and end its other sessions. Raises VALIDATION_ERROR."""

    async def confirm_closing(self, identity: Identity, password: str | None, now: datetime) -> None:
        """Check that its owner closes the account, by the password or a session that has just begun; end its sessions.

        Raises VALIDATION_ERROR for a wrong password, UNAUTHENTICATED for an old session.
        """

    async def request_email_change(self, identity: Identity, email: str, password: str, now: datetime) -> str:
        """Mail codes for another address of the caller's account. Returns the request's id. Raises VALIDATION_ERROR."""

    async def confirm_email_change(
        self, identity: Identity, request_id: str, old_code: str, new_code: str, now: datetime
    ) -> None:
        """Make the new address the account's and its user's. Raises CODE_INVALID."""

    async def sign_in(self, email: str, password: str, now: datetime, origin: SessionOrigin = UNKNOWN) -> SignedIn:
        """Start a session, which its owner recognises by `origin`.

        Raises UNAUTHENTICATED, and EMAIL_NOT_VERIFIED when only the code is missing.
        """

    async def refresh(self, refresh_token: str, now: datetime) -> SignedIn:
        """Exchange a refresh token for the session's next tokens, the same ones if it is sent again at once.

        Raises UNAUTHENTICATED, and ends the session if a token is sent again later.
        """

    async def sign_out(self, refresh_token: str | None, caller: Identity, ending: Ending, now: datetime) -> None:
        """End sessions of the refresh token's owner, or else of the caller: their tokens, sockets and subscriptions.

        Raises UNAUTHENTICATED if neither identifies an account.
        """

    async def sessions(self, caller: Identity, now: datetime) -> Sequence[ActiveSession]:
        """Return the caller's sessions that have not ended; none if another provider keeps them."""

    async def end_session(self, caller: Identity, session_id: UUID, now: datetime) -> None:
        """End one of the caller's sessions. Raises NOT_FOUND."""

    async def verify(self, token: str, now: datetime) -> VerifiedToken:
        """Check an access or id token. Raises UNAUTHENTICATED."""

    def is_meant(self, token: str) -> bool:
        """Return whether a token claims this issuer, valid or not.

        Such a token must not be sent to any other issuer or authorizer.
        """

    async def jwks(self, now: datetime) -> Mapping[str, object]:
        """Return the public keys by which others check our tokens (RFC 7517); none if the tokens are not ours."""


def choose_identity(
    settings: Settings, pool: Pool, mailer: Mailer, aws: Aws, revocations: Revocations
) -> IdentityProvider:
    """Return the user pool or the outside issuer that the settings name, else the built-in provider."""
    if settings.cognito_pool:
        from milequest.providers.identity.cognito import CognitoIdentity

        return CognitoIdentity(settings, aws, pool, revocations)
    if settings.jwks_url:
        from milequest.providers.identity.outside import OutsideIdentity

        return OutsideIdentity(settings.jwks_url, settings.jwt_issuer, settings.jwt_client_id)
    from milequest.providers.identity.builtin import BuiltinIdentity
    from milequest.providers.identity.sealing import Seal

    seal = Seal(settings.key_secret) if settings.key_secret or not settings.embedded else None
    return BuiltinIdentity(pool, mailer, revocations, seal)
