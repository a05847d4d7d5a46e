"""Cognito keeps the credentials and signs the tokens, while people sign up and in through our own API.

Our calls are signed with our role or carry our client's secret, so nobody else can make them with our client's id. No
answer reveals whether an address has an account: what Cognito would say of that stays here.

A sign-up is a user of its own, whose name is derived from the attempt's id and the address; by the code the address
becomes its alias. So strangers may sign up with someone's address as often as they like: their codes reach the same
mailbox, and are valid with their ids alone. The pool must have `AliasAttributes` for that.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from milequest.providers.identity import Session, SignedIn
from milequest.providers.identity.cognito_refusals import (
    NOT_GOOD,
    OVER,
    WRONG,
    ignore_if_revealing,
    refuse_code,
    refuse_simple,
    unavailable,
    wrong_code,
)
from milequest.providers.identity.outside import OutsideIdentity
from milequest.rules.closing import refuse_old_sign_in
from milequest.rules.credentials import REFRESH_TOKEN_LIFE, SignUp, email_key
from milequest.rules.errors import ErrorCode, Refused, invalid, unauthenticated, wrong_password
from milequest.rules.identity import Identity, IdentityKind
from milequest.rules.instants import seconds
from milequest.rules.sessions import REVOKED_FOR, UNKNOWN, Ending, Revocation, SessionOrigin
from milequest.settings import Settings
from milequest.store.away import Away
from milequest.store.aws.client import Aws
from milequest.store.aws.retries import AwsError
from milequest.store.sql import accounts, revocations, users
from milequest.store.sql.revocations import Revocations
from milequest.store.sql.transaction import Pool, transact


class CognitoIdentity(OutsideIdentity):
    """An IdentityProvider on a user pool and a client of it that has a secret."""

    unmoved = "Accounts in Cognito keep their address: sign up anew with another one."  # Cognito asks only the new one

    def __init__(self, settings: Settings, aws: Aws, writer: Pool, revocations: Revocations) -> None:
        super().__init__(settings.jwks_url, settings.jwt_issuer, settings.jwt_client_id)
        self._writer = writer
        self._revocations = revocations
        self._aws = aws
        self._pool = settings.cognito_pool
        self._client = settings.jwt_client_id[0]
        self._issuer = settings.jwt_issuer
        self._secret: bytes | None = None

    async def sign_up(self, request: SignUp, now: datetime) -> str:
        """Have Cognito mail a code, even to an address with an account: that code is never valid."""
        attempt_id = secrets.token_urlsafe()
        about = {"email": request.email, "name": request.name, "zoneinfo": request.timezone}
        attributes = [{"Name": name, "Value": value} for name, value in about.items()]
        name = _name(request.email_key, attempt_id)
        given = await self._client_arguments(name) | {"Password": request.password, "UserAttributes": attributes}
        try:
            await self._call("sign_up", **given)
        except AwsError as error:
            refuse_simple(error, "input.password")
            if error.code == "InvalidParameterException":
                raise invalid("input.email", "MALFORMED", "is no address that Cognito takes") from None
            if error.code != "UsernameExistsException":  # an earlier call, whose answer was lost, did it
                unavailable(error)
        return attempt_id

    async def confirm(self, email: str, code: str, now: datetime, attempt_id: str | None = None) -> None:
        """Finish a sign-up, whose id is required. An address that has an account keeps it."""
        if attempt_id is None:
            raise wrong_code()
        name = _name(email_key(email), attempt_id)
        given = await self._client_arguments(name) | {"ConfirmationCode": code, "ForceAliasCreation": False}
        try:
            await self._call("confirm_sign_up", **given)
        except AwsError as error:
            refuse_code(error)
            unavailable(error)

    async def resend_code(self, email: str, now: datetime, attempt_id: str | None = None) -> None:
        """Have another code mailed for a sign-up, whose id is required."""
        if attempt_id is None:
            return
        try:
            await self._call(
                "resend_confirmation_code", **await self._client_arguments(_name(email_key(email), attempt_id))
            )
        except AwsError as error:
            ignore_if_revealing(error)

    async def forgot_password(self, email: str, now: datetime) -> str:
        """Have a code mailed. Cognito keeps one per user, whatever the request, so the request's id is not used."""
        try:
            await self._call("forgot_password", **await self._client_arguments(email_key(email)))
        except AwsError as error:
            ignore_if_revealing(error)
        return secrets.token_urlsafe()

    async def reset_password(self, email: str, request_id: str, code: str, password: str, now: datetime) -> None:
        """Give the account a new password and end its sessions."""
        key = email_key(email)
        given = await self._client_arguments(key) | {"ConfirmationCode": code, "Password": password}
        try:
            await self._call("confirm_forgot_password", **given)
        except AwsError as error:
            refuse_code(error)
            refuse_simple(error, "input.newPassword")
            unavailable(error)
        user_id = await users.by_email(self._writer, key)
        owner = Identity(IdentityKind.USER, user_id, self._issuer, username=key)  # an alias works as the name does
        await self.sign_out(None, owner, Ending.ALL, now)

    async def change_password(self, identity: Identity, current: str, password: str, now: datetime) -> None:
        """Give the caller's account a new password. Cognito ends one session or all: all, the caller's too."""
        if identity.issuer != self._issuer or identity.username is None:
            raise Refused(ErrorCode.UNAVAILABLE, "This account is kept by another provider: change it there.")
        await self._check_password(identity.username, current, "input.currentPassword", now)
        try:  # as an operator: no user's token may do it
            given = {"UserPoolId": self._pool, "Username": identity.username, "Password": password}
            await self._call("admin_set_user_password", **given, Permanent=True)
        except AwsError as error:
            refuse_simple(error, "input.newPassword")
            unavailable(error)
        await self.sign_out(None, identity, Ending.ALL, now)

    async def confirm_closing(self, identity: Identity, password: str | None, now: datetime) -> None:
        """Check the password, of which a user of another provider has none, and end all sessions of the account."""
        if password is None or identity.issuer != self._issuer or identity.username is None:
            refuse_old_sign_in(identity.began_at, now)
        else:
            await self._check_password(identity.username, password, "input.password", now)
        await self.sign_out(None, identity, Ending.ALL, now)

    async def _check_password(self, username: str, password: str, path: str, now: datetime) -> None:
        """Raise VALIDATION_ERROR at `path` for a wrong password."""
        given = {"USERNAME": username, "PASSWORD": password}
        try:
            await self._signed_in("ADMIN_USER_PASSWORD_AUTH", username, given, now)
        except AwsError as error:
            if error.code in WRONG:
                raise wrong_password(path) from None
            unavailable(error)

    async def sign_in(self, email: str, password: str, now: datetime, origin: SessionOrigin = UNKNOWN) -> SignedIn:
        """Start a session."""
        key = email_key(email)
        try:
            return await self._signed_in("ADMIN_USER_PASSWORD_AUTH", key, {"USERNAME": key, "PASSWORD": password}, now)
        except AwsError as error:
            # Until a code has made the address an alias, it is unknown to Cognito, as any stranger's is.
            if error.code in WRONG | {"UserNotConfirmedException"}:
                message = "Wrong e-mail address or password, or the address is not confirmed yet."
                raise unauthenticated(message) from None
            unavailable(error)

    async def refresh(self, refresh_token: str, now: datetime) -> SignedIn:
        """Exchange the token. Ours is prefixed with its user, for whom Cognito wants the secret hashed."""
        username, _, token = refresh_token.rpartition(":")
        if not username or not token:
            raise unauthenticated(NOT_GOOD)
        try:
            signed_in = await self._signed_in("REFRESH_TOKEN_AUTH", username, {"REFRESH_TOKEN": token}, now)
        except AwsError as error:
            if error.code in WRONG | {"InvalidParameterException"}:
                raise unauthenticated(NOT_GOOD) from None
            unavailable(error)
        session_id = (await self.verify(signed_in.session.access_token, now)).identity(None).session_id
        if session_id is not None and await revocations.is_revoked(self._writer, session_id):
            await self._revoke(signed_in.session.refresh_token)  # the session was ended by an access token alone
            raise unauthenticated(NOT_GOOD)
        return signed_in

    async def sign_out(self, refresh_token: str | None, caller: Identity, ending: Ending, now: datetime) -> None:
        """End a session, or all of an account's: of the caller, or of the refresh token as Cognito knows it.

        The user that prefixes a refresh token may be made up. Cognito ends refresh tokens; access tokens are ended by
        our own list.
        """
        if ending is Ending.OTHERS:
            raise Refused(ErrorCode.UNAVAILABLE, "Cognito ends one session or all: ask for one of these.")
        if refresh_token and (ending is Ending.THIS or caller.username is None):
            exchanged = (await self.refresh(refresh_token, now)).session
            verified = await self.verify(exchanged.access_token, now)
            owner = await accounts.owner(self._writer, verified.issuer, verified.subject)
            caller, refresh_token = verified.identity(owner.user_id if owner else None), exchanged.refresh_token
        if caller.username is None or (ending is Ending.THIS and caller.session_id is None):
            raise unauthenticated("Say who you are: by an access token that is good, or a session's refresh token.")
        try:
            if refresh_token:
                await self._revoke(refresh_token)
            if ending is Ending.ALL:
                await self._call("admin_user_global_sign_out", UserPoolId=self._pool, Username=caller.username)
        except AwsError as error:
            if error.code not in OVER:
                unavailable(error)
        await self._end(caller, ending, now, lasting=REVOKED_FOR if refresh_token else REFRESH_TOKEN_LIFE)

    async def _revoke(self, refresh_token: str) -> None:
        given = {"ClientId": self._client, "ClientSecret": (await self._get_secret()).decode()}
        await self._call("revoke_token", Token=refresh_token.rpartition(":")[2], **given)

    async def _end(self, caller: Identity, ending: Ending, now: datetime, lasting: timedelta) -> None:
        """Store the revocations of ended sessions, and announce them.

        All other sessions include those that began while Cognito was called, for instance by an old password. Cognito
        says when a session began in whole seconds: one of this second is ended too.
        """
        if ending is Ending.THIS:
            ended = [Revocation(caller.user_id, caller.session_id)]
        else:
            before = seconds(max(now, datetime.now(UTC))) + 1
            ended = [Revocation(caller.user_id, before=before)] if caller.user_id else []
        await transact(self._writer, lambda tx: revocations.put(tx, ended, now, lasting))
        await self._revocations.announce(ended)

    async def _signed_in(self, flow: str, username: str, given: Mapping[str, str], now: datetime) -> SignedIn:
        parameters = {**given, "SECRET_HASH": await self._hash(username)}
        answer = await self._call(
            "admin_initiate_auth",
            UserPoolId=self._pool,
            ClientId=self._client,
            AuthFlow=flow,
            AuthParameters=parameters,
        )
        tokens = answer.get("AuthenticationResult")
        if tokens is None:  # a second factor, which our API does not ask for yet
            raise Refused(ErrorCode.UNAVAILABLE, "This account signs in with a second factor: not here yet.")
        verified = await self.verify(tokens["IdToken"], now)
        account = verified.account()
        if account is None:
            raise unauthenticated("This account has no e-mail address.")
        token = tokens.get("RefreshToken") or given["REFRESH_TOKEN"]
        until = now + timedelta(seconds=tokens["ExpiresIn"])
        return SignedIn(Session(tokens["AccessToken"], until, f"{verified.username}:{token}"), account)

    async def _client_arguments(self, username: str) -> dict[str, Any]:
        """Return the arguments that name a call's user, and prove that it is of our client."""
        return {"ClientId": self._client, "Username": username, "SecretHash": await self._hash(username)}

    async def _hash(self, username: str) -> str:
        digest = hmac.digest(await self._get_secret(), f"{username}{self._client}".encode(), "sha256")
        return base64.b64encode(digest).decode()

    async def _get_secret(self) -> bytes:
        """Return our client's secret, which Cognito keeps and gives to our role."""
        if self._secret is None:
            given = {"UserPoolId": self._pool, "ClientId": self._client}
            answer = await self._call("describe_user_pool_client", **given)
            self._secret = str(answer["UserPoolClient"]["ClientSecret"]).encode()
        return self._secret

    async def _call(self, operation: str, **given: Any) -> Any:
        try:
            return await self._aws.sdk.call("cognito-idp", operation, **given)
        except Away as error:
            unavailable(error)


def _name(key: str, attempt_id: str) -> str:
    """Return the name of the user that a sign-up creates; no address and no `sub`, which Cognito takes for names too.

    It differs for each address, so that mails counted by the given address are counted by the receiving one.
    """
    return hashlib.sha256(f"{key}:{attempt_id}".encode(errors="surrogatepass")).hexdigest()
