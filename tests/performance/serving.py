"""One server of a bench, as a process: `python -m tests.performance.serving KIND`, other servers from settings.

All run as `bin/milequest run` does, but for the demo and GraphiQL's bundle; only `raw` has a server of its own. Prints
the port once it serves.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from app import logs
from app.asgi import create_app
from app.serve import listen, serve
from milequest.rules.events import Event
from milequest.settings import Settings, load
from milequest.store.sql import log
from milequest.store.sql.transaction import Connection
from tests.performance.bare import Bare
from tests.performance.peers import raw
from tests.performance.peers.broadcast import Broadcast


def unlogged(settings: Settings) -> ASGIApp:
    """Return the service without a log: its events are neither recorded nor delivered."""

    async def append(connection: Connection, events: Sequence[Event]) -> dict[str, int]:
        return {}

    log.append = append
    return create_app(settings)


def watched(settings: Settings) -> ASGIApp:
    """Return the service, with /tasks for the number of its loop's tasks."""
    service = create_app(settings)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/tasks":
            await service(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": orjson.dumps(len(asyncio.all_tasks()))})

    return app


def logged(settings: Settings) -> ASGIApp:
    """Return the service with its log, in a file that is deleted in the end."""
    sys.stderr = tempfile.TemporaryFile("w")  # noqa: SIM115  # for as long as the process lives
    logs.configure(settings.log_level)
    return create_app(settings)


APPLICATIONS: dict[str, Callable[[Settings], ASGIApp]] = {
    "service": create_app,
    "bare": lambda settings: Bare(settings.database_url, settings.database_pool),
    "broadcast": lambda settings: Broadcast(),
    "unlogged": unlogged,
    "watched": watched,
    "logged": logged,
}


def main() -> None:
    """Serve until SIGTERM."""
    settings, kind = load(os.environ), sys.argv[1]
    with listen("127.0.0.1", 0) as listener, suppress(KeyboardInterrupt):

        def ready() -> None:
            print(listener.getsockname()[1], flush=True)

        if kind == "raw":
            raw.serve(listener, ready)
        else:
            serve(APPLICATIONS[kind](settings), listener, ready)


if __name__ == "__main__":
    main()
