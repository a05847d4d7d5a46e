"""An operator's own authorizer: a function of Lambda, or one in Python that this process can import."""

import asyncio
import importlib
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from inspect import isawaitable, iscoroutinefunction
from threading import Thread
from typing import Any, Protocol

import orjson

from milequest.rules.errors import ErrorCode, Refused
from milequest.settings import Settings, SettingsError
from milequest.store.away import Away
from milequest.store.aws.client import Aws
from milequest.store.aws.retries import AwsError

SECONDS = 10.0  # of the response, in seconds, as in AppSync
THREADS = 32  # in which a plain Python function may run at once

log = logging.getLogger("milequest.authorizer")


class Authorizer(Protocol):
    """Decider about tokens that are not our issuer's."""

    @property
    def account(self) -> str:
        """The AWS account that it is in; empty for one outside AWS."""

    async def ask(self, question: Mapping[str, object]) -> object:
        """Return the authorizer's response; None if it fails or times out.

        Raises UNAVAILABLE while it cannot be reached.
        """


def choose_authorizer(settings: Settings, aws: Aws) -> Authorizer | None:
    """Return the one that the settings name. Raises SettingsError for a Python function that does not exist."""
    if not settings.authorizer:
        return None
    if settings.authorizer.startswith("arn:"):
        return LambdaAuthorizer(aws, settings.authorizer)
    return PythonAuthorizer(imported(settings.authorizer))


def imported(name: str) -> Callable[..., Any]:
    """Return `module:function`. An error inside the module is reported by its kind only: its text may hold a secret."""
    module, _, function = name.partition(":")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise SettingsError([f"MILEQUEST_AUTHORIZER cannot be imported: {' '.join(str(error).split())}"]) from None
    except Exception as error:
        raise SettingsError([f"MILEQUEST_AUTHORIZER cannot be imported: {type(error).__name__}"]) from None
    if not callable(found):
        raise SettingsError([f"MILEQUEST_AUTHORIZER is no function: {name}"])
    return found


class LambdaAuthorizer:
    """The function `arn` of Lambda."""

    def __init__(self, aws: Aws, arn: str) -> None:
        self.account = arn.split(":")[4]
        self._aws = aws
        self._arn = arn

    async def ask(self, question: Mapping[str, object]) -> object:
        """Invoke the function. An error that it raises counts as a denial."""
        payload = orjson.dumps(question, default=str)
        try:
            async with asyncio.timeout(SECONDS):
                answer = await self._aws.sdk.call_once("lambda", "invoke", FunctionName=self._arn, Payload=payload)
        except TimeoutError:
            log.warning("the authorizer did not answer within %d s", SECONDS)
            return None
        except AwsError as error:
            raise _unavailable(f"status {error.status}") from error
        except Away as error:
            raise _unavailable(type(error).__name__) from error
        try:
            return orjson.loads(answer["Payload"])
        except orjson.JSONDecodeError:
            return None


class PythonAuthorizer:
    """`function(event, context)` as Lambda would call it, plain or async.

    A plain one runs in a few daemon threads of its own: one that hangs keeps its thread for ever, but none that others
    work in, and the process ends without it.
    """

    account = ""

    def __init__(self, function: Callable[[dict[str, Any], None], Any]) -> None:
        self._function = function
        self._free = asyncio.Semaphore(THREADS)

    async def ask(self, question: Mapping[str, object]) -> object:
        """Call the function."""
        given = dict(question), None
        try:
            async with asyncio.timeout(SECONDS):
                if iscoroutinefunction(self._function):
                    return await self._function(*given)
                answer = await self._in_a_thread(partial(self._function, *given))
                return await answer if isawaitable(answer) else answer
        except Exception as error:
            return _failed(error)

    async def _in_a_thread(self, call: Callable[[], Any]) -> Any:
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Any] = loop.create_future()

        def work() -> None:
            try:
                answer = call()
            except BaseException as error:  # even a SystemExit must not end the process
                answer = _failed(error)
            with suppress(RuntimeError):  # the loop is closed: no caller waits any more
                loop.call_soon_threadsafe(end, answer)

        def end(answer: Any) -> None:
            self._free.release()
            if not answered.done():
                answered.set_result(answer)

        Thread(target=work, name="authorizer", daemon=True).start()
        return await answered


def _failed(error: BaseException) -> object:
    """Return None, the response of a failed call."""
    log.warning("the authorizer failed: %s", type(error).__name__)  # its text may hold the token
    return None


def _unavailable(why: str) -> Refused:
    log.error("the authorizer cannot be reached: %s", why)
    message = "Sign-in cannot be checked at the moment; try again."
    return Refused(ErrorCode.UNAVAILABLE, message, retryable=True, retryAfterSeconds=1)
