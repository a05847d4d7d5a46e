"""An operator's own authorizer: a function of Lambda, or one in Python that this process can import."""

import asyncio
import importlib
import logging
from collections.abc import Callable, Mapping
from inspect import isawaitable, iscoroutinefunction
from typing import Any, Protocol
from urllib.parse import quote

import orjson

from milequest.rules.errors import ErrorCode, Refused
from milequest.settings import Settings
from milequest.store.aws.client import Aws

SECONDS = 10.0  # an answer may take, as AppSync has it

log = logging.getLogger(__name__)


class Authorizer(Protocol):
    """Decides about tokens that are nobody else's."""

    @property
    def account(self) -> str:
        """The account of AWS that it is in; empty for one that is in none."""

    async def ask(self, question: Mapping[str, object]) -> object:
        """Its answer; None where it fails or says nothing in time. Raises UNAVAILABLE while it cannot be reached."""


def choose_authorizer(settings: Settings, aws: Aws) -> Authorizer | None:
    """The one that the settings name. Raises ImportError or AttributeError for Python that is not there."""
    if not settings.authorizer:
        return None
    if settings.authorizer.startswith("arn:"):
        return LambdaAuthorizer(aws, settings.authorizer)
    module, _, name = settings.authorizer.partition(":")
    return PythonAuthorizer(getattr(importlib.import_module(module), name))


class LambdaAuthorizer:
    """The function `arn` of Lambda."""

    def __init__(self, aws: Aws, arn: str) -> None:
        self.account = arn.split(":")[4]
        self._aws = aws
        self._path = f"/2015-03-31/functions/{quote(arn, safe='')}/invocations"

    async def ask(self, question: Mapping[str, object]) -> object:
        """Call it. What it raises is an answer that authorizes nobody."""
        signer, origin = self._aws.signer("lambda"), self._aws.origin("lambda")
        body = orjson.dumps(question, default=str)
        try:
            async with asyncio.timeout(SECONDS):
                response = await self._aws.send(signer, origin, "POST", self._path, body)
        except TimeoutError:
            log.warning("the authorizer did not answer within %d s", SECONDS)
            return None
        except OSError as error:
            raise _unreached(type(error).__name__) from error
        if response.status != 200:
            raise _unreached(f"status {response.status}")
        try:
            return orjson.loads(response.body)
        except orjson.JSONDecodeError:
            return None


class PythonAuthorizer:
    """`function(event, context)` as Lambda would call it, plain or async; a plain one runs in a thread."""

    account = ""

    def __init__(self, function: Callable[[dict[str, Any], None], Any]) -> None:
        self._function = function

    async def ask(self, question: Mapping[str, object]) -> object:
        """Call it."""
        try:
            async with asyncio.timeout(SECONDS):
                given = dict(question), None
                if iscoroutinefunction(self._function):
                    return await self._function(*given)
                answer = await asyncio.to_thread(self._function, *given)
                return await answer if isawaitable(answer) else answer
        except Exception as error:
            log.warning("the authorizer failed: %s", type(error).__name__)  # its words may hold the token
            return None


def _unreached(why: str) -> Refused:
    log.error("the authorizer cannot be reached: %s", why)
    message = "Sign-in cannot be checked at the moment; try again."
    return Refused(ErrorCode.UNAVAILABLE, message, retryable=True, retryAfterSeconds=1)
