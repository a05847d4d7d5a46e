"""A user pool of Cognito with e-mail as an alias, by its documentation: its requests, answers and mails.

AWS guarantees of such a pool, and so does this one: a name is no address and is unique; any number of people sign up
with one address, each with a code of their own; an address signs in once its code was given, and is then the alias of
one account, which a second one can take only by `ForceAliasCreation`; until then it identifies nobody. The client
prevents errors that reveal users. Names and addresses are compared without regard to case.
"""

import asyncio
import base64
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson

from milequest.store.aws.aws_credentials import fixed
from milequest.store.aws.client import Aws
from milequest.store.aws.http import Http
from milequest.store.aws.signing import Credentials
from tests.fakes.issuer import CLIENT_ID, Issuer

CLIENT_SECRET = "the client's secret"
SIGNED = {"AdminInitiateAuth", "AdminUserGlobalSignOut", "AdminSetUserPassword", "DescribeUserPoolClient"}
PROVED = {"SignUp", "ConfirmSignUp", "ResendConfirmationCode", "ForgotPassword", "AdminInitiateAuth"}
ADDRESS = re.compile(r"[\w!#$%&'*+/=?^`{|}~.-]+@[\w.-]+", re.ASCII)


class PoolError(Exception):
    """An error by Cognito's name for it."""


@dataclass
class User:
    """One user. An attribute `email_verified` of "true" makes the address an alias."""

    name: str
    password: str
    attributes: dict[str, str]
    is_confirmed: bool = False
    codes: dict[str, str] = field(default_factory=dict)  # by their purpose
    sessions: dict[str, str] = field(default_factory=dict)  # the session's id by its refresh token
    sub: str = field(default_factory=lambda: str(uuid4()))

    @property
    def alias(self) -> str | None:
        """The address, once it is confirmed."""
        return self.attributes["email"].lower() if self.attributes.get("email_verified") == "true" else None


class UserPool:
    """The users, the mails as (address, code), and each request as (operation, input, whether it was signed)."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.users: list[User] = []
        self.mails: list[tuple[str, str]] = []
        self.asked: list[tuple[str, dict[str, Any], bool]] = []
        self.verified: set[str] | None = None  # addresses that SES mails to while its account is in the sandbox
        self._codes = iter(f"{number:06d}" for number in range(483_920, 1_000_000, 7))

    def answer(self, operation: str, given: dict[str, Any], is_signed: bool) -> tuple[int, dict[str, Any]]:
        """Return the status and body of an answer."""
        self.asked.append((operation, given, is_signed))
        name = re.sub("(?=[A-Z])", "_", operation).lower()
        does: Callable[[dict[str, Any]], dict[str, Any] | None] = getattr(self, name)
        try:
            if is_signed != (operation in SIGNED):
                raise PoolError("AccessDeniedException")
            self._check_secret(operation, given)
            return 200, does(given) or {}
        except PoolError as error:
            return 400, {"__type": str(error)}

    def codes_to(self, address: str) -> list[str]:
        """Return the codes that were mailed to an address."""
        return [code for to, code in self.mails if to.lower() == address.lower()]

    def _check_secret(self, operation: str, given: dict[str, Any]) -> None:
        """Refuse a caller without the client's secret. For a refresh token it is hashed with the name of its user."""
        parameters = given.get("AuthParameters", given)
        if (proof := parameters.get("SECRET_HASH", given.get("SecretHash"))) is None:
            if operation in PROVED:
                raise PoolError("NotAuthorizedException")
            return
        name = parameters.get("USERNAME", given.get("Username"))
        if "REFRESH_TOKEN" in parameters:
            name = self._owner(parameters["REFRESH_TOKEN"]).name
        expected = hmac.digest(CLIENT_SECRET.encode(), f"{name}{CLIENT_ID}".encode(), hashlib.sha256)
        if base64.b64decode(proof) != expected:
            raise PoolError("NotAuthorizedException")

    def _find(self, name: str) -> User | None:
        """Return the user of this name, or else with this alias."""
        same = [user for user in self.users if user.name.lower() == name.lower()]
        return next(iter(same or [user for user in self.users if user.alias == name.lower()]), None)

    def _owner(self, refresh_token: str) -> User:
        for user in self.users:
            if refresh_token in user.sessions:
                return user
        raise PoolError("NotAuthorizedException")

    def _mail(self, user: User, purpose: str) -> None:
        if self.verified is not None and user.attributes["email"] not in self.verified:
            raise PoolError("CodeDeliveryFailureException")
        user.codes[purpose] = next(self._codes)
        self.mails.append((user.attributes["email"], user.codes[purpose]))

    def _sign_up(self, given: dict[str, Any]) -> None:
        name, password = given["Username"], given["Password"]
        attributes = {each["Name"]: each["Value"] for each in given["UserAttributes"]}
        if ADDRESS.fullmatch(name) or not ADDRESS.fullmatch(attributes["email"]) or not 1 <= len(name) <= 128:
            raise PoolError("InvalidParameterException")
        if any(user.name.lower() == name.lower() for user in self.users):
            raise PoolError("UsernameExistsException")
        if len(password) < 12:
            raise PoolError("InvalidPasswordException")
        self.users.append(user := User(name, password, attributes))
        self._mail(user, "sign-up")

    def _confirm_sign_up(self, given: dict[str, Any]) -> None:
        user = self._find(given["Username"])
        if user is None:
            raise PoolError("CodeMismatchException")
        if user.is_confirmed:
            raise PoolError("NotAuthorizedException")
        self._use(user, "sign-up", given["ConfirmationCode"])
        self._take_alias(user, force=given.get("ForceAliasCreation", False))
        user.is_confirmed = True

    def _use(self, user: User, purpose: str, code: str) -> None:
        if purpose not in user.codes:
            raise PoolError("ExpiredCodeException")
        if user.codes[purpose] != code:
            raise PoolError("CodeMismatchException")

    def _take_alias(self, user: User, *, force: bool) -> None:
        for other in self.users:
            if other is not user and other.alias == user.attributes["email"].lower():
                if not force:
                    raise PoolError("AliasExistsException")
                other.attributes["email_verified"] = "false"
        user.attributes["email_verified"] = "true"

    def _resend_confirmation_code(self, given: dict[str, Any]) -> None:
        user = self._find(given["Username"])
        if user is not None and user.is_confirmed:
            raise PoolError("InvalidParameterException")
        if user is not None:
            self._mail(user, "sign-up")

    def _forgot_password(self, given: dict[str, Any]) -> None:
        user = self._find(given["Username"])
        if user is not None and user.alias:
            self._mail(user, "password")

    def _confirm_forgot_password(self, given: dict[str, Any]) -> None:
        user = self._find(given["Username"])
        if user is None:
            raise PoolError("CodeMismatchException")
        self._use(user, "password", given["ConfirmationCode"])
        if len(given["Password"]) < 12:
            raise PoolError("InvalidPasswordException")
        user.password = given["Password"]
        del user.codes["password"]

    def _admin_initiate_auth(self, given: dict[str, Any]) -> dict[str, Any]:
        parameters = given["AuthParameters"]
        if given["AuthFlow"] == "REFRESH_TOKEN_AUTH":
            user = self._owner(parameters["REFRESH_TOKEN"])
            return self._tokens(user, user.sessions[parameters["REFRESH_TOKEN"]])
        found = self._find(parameters["USERNAME"])
        if found is None or found.password != parameters["PASSWORD"]:
            raise PoolError("NotAuthorizedException")
        if not found.is_confirmed:
            raise PoolError("UserNotConfirmedException")
        found.sessions[token := uuid4().hex] = session = str(uuid4())
        answer = self._tokens(found, session)
        answer["AuthenticationResult"]["RefreshToken"] = token
        return answer

    def _tokens(self, user: User, session: str) -> dict[str, Any]:
        person: dict[str, Any] = {**user.attributes, "email_verified": user.alias is not None, "sub": user.sub}
        person |= {"origin_jti": session, "cognito:username": user.name}
        id_token = self.issuer.token(self.issuer.id_claims(**person))
        access = self.issuer.token(self.issuer.claims(sub=user.sub, username=user.name, origin_jti=session))
        return {"AuthenticationResult": {"IdToken": id_token, "AccessToken": access, "ExpiresIn": 3600}}

    def _admin_set_user_password(self, given: dict[str, Any]) -> None:
        user = self._find(given["Username"])
        if user is None:
            raise PoolError("UserNotFoundException")
        if len(given["Password"]) < 12:
            raise PoolError("InvalidPasswordException")
        assert given["Permanent"], "else its owner has to change it"
        user.password = given["Password"]

    def _revoke_token(self, given: dict[str, Any]) -> None:
        if given["ClientSecret"] != CLIENT_SECRET:
            raise PoolError("UnauthorizedException")
        for user in self.users:
            user.sessions.pop(given["Token"], None)

    def _admin_user_global_sign_out(self, given: dict[str, Any]) -> None:
        user = self._find(given["Username"])
        if user is None:
            raise PoolError("UserNotFoundException")
        user.sessions.clear()

    def _describe_user_pool_client(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"UserPoolClient": {"ClientSecret": CLIENT_SECRET}}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
                body = await reader.readexactly(length)
                operation = head.partition("ProviderService.")[2].partition("\r\n")[0]
                status, answer = self.answer(operation, orjson.loads(body), "AWS4-HMAC" in head)
                content = orjson.dumps(answer)
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening(pool: UserPool) -> AsyncIterator[str]:
    """Yield the address of an AWS with this pool, while the block runs."""
    async with await asyncio.start_server(pool.serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def serving(pool: UserPool) -> AsyncIterator[Aws]:
    """Yield the client of an AWS with this pool, while the block runs."""
    async with listening(pool) as url:
        aws = Aws(Http(), fixed(Credentials("key", "secret")), "us-east-1", url)
        yield aws
        await aws.close()


def now() -> datetime:
    """Return this instant, from which its tokens are valid."""
    return datetime.now(UTC)
