"""Serve HTTP and WebSocket until told to stop: uvicorn, on a socket that is bound before anything else starts."""

import asyncio
import errno
import logging
import resource
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import uvicorn
import uvloop
from starlette.types import ASGIApp

from app.environment import SetupError

if TYPE_CHECKING:
    from app.bounds import ClientTimeouts
    from subscriptions.quotas import ProcessQuota

STUCK_MILLISECONDS = 60_000
SEND_BUFFER_BYTES = 256 * 1024  # or the kernel would buffer megabytes for each client that does not read
CUT_SHORT = "ASGI callable returned without completing response."  # uvicorn's message
CONNECTIONS_PER_NETWORK = 1_000
GRACE_SECONDS = 10  # seconds for running requests and subscriptions at shutdown

Work = Callable[[], Coroutine[Any, Any, None]]


class Server(uvicorn.Server):
    """uvicorn that reports when it serves, and runs work of ours beside it."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], beside: Work | None, drain: Work | None
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._beside = beside
        self._drain = drain
        self._task: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, accept connections, then the work beside."""
        await super().startup(sockets)
        self._ready()
        if self._beside:
            self._task = asyncio.create_task(self._beside())
            self._task.add_done_callback(_log_failure)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the work beside and drain, then shut down as uvicorn does: let requests end, stop the application."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._drain:
            await self._drain()
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises SetupError if the address cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        server = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            how = f"stop what listens there, or choose another: PORT={port + 1} make run"
            raise SetupError(f"port {port} is in use: {how}") from None
        raise SetupError(
            f"cannot listen on {host} port {port} ({error.strerror}): set MILEQUEST_HOST or PORT"
        ) from None
    server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # closes a connection whose peer has stopped reading
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STUCK_MILLISECONDS)
    return server


def open_many() -> None:
    """Raise this process's limit of open files, which connections are, to its hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):  # macOS reports a higher limit than it allows
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def configured(
    app: ASGIApp,
    trusted_proxies: Sequence[str] = (),
    per_network: int = CONNECTIONS_PER_NETWORK,
    timeouts: "ClientTimeouts | None" = None,
    process_quota: "ProcessQuota | None" = None,
) -> uvicorn.Config:
    """Return uvicorn's configuration for `app`, here and in tests. Only trusted proxies may name other clients.

    `per_network` is how many connections of HTTP others may have from one network, `process_quota` how many in all.
    """
    from app.bounds import ClientTimeouts, SocketBounds  # imported here, as commands that don't serve need none of it
    from app.http_connections import HttpConnection
    from app.upgrades import Upgrade
    from subscriptions.quotas import MAX_MESSAGE_BYTES, ProcessQuota

    bounds = SocketBounds.of(
        per_network, trusted_proxies, timeouts or ClientTimeouts(), process_quota or ProcessQuota()
    )

    logging.getLogger("uvicorn.error").addFilter(_is_error)
    return uvicorn.Config(
        app,
        loop="none",  # the runner's
        http=cast(Any, partial(HttpConnection, bounds=bounds)),
        ws=Upgrade,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,  # events are short; and no small message can unpack to a large one
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def serve(
    app: ASGIApp,
    listener: socket.socket,
    ready: Callable[[], None],
    beside: Work | None = None,
    drain: Work | None = None,
    trusted_proxies: Sequence[str] = (),
    per_network: int = CONNECTIONS_PER_NETWORK,
    process_quota: "ProcessQuota | None" = None,
) -> None:
    """Serve `app` until SIGINT or SIGTERM, which end in KeyboardInterrupt once the requests under way are done.

    `ready` is called when it serves. `beside` then runs on the same loop; its failure is logged and ends nothing else.
    `drain` is called first when it is to stop.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        config = configured(app, trusted_proxies, per_network, process_quota=process_quota)
        runner.run(Server(config, ready, beside, drain).serve([listener]))


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM and SIGHUP (a closed terminal) unwind as Ctrl-C does, so that all that was started is stopped."""
    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, signal.default_int_handler),
        signal.SIGHUP: signal.signal(
            signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM)
        ),  # uvicorn knows that
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_error(record: logging.LogRecord) -> bool:
    """Return whether a record of uvicorn's is of an error: event streams end before they are complete on purpose."""
    return record.msg != CUT_SHORT


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        logging.getLogger("milequest.server").error("the work beside the server stopped", exc_info=error)
