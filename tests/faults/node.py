"""One node of the service as a process of its own, to be killed: `python -m tests.faults.node DATABASE_URL REDIS_URL`.

It prints its port once it serves.
"""

import sys
from contextlib import suppress
from dataclasses import replace

from app.asgi import create_app
from app.serve import interruptible, listen, serve
from milequest.settings import Settings


def main() -> None:
    """Serve until a signal."""
    database_url, redis_url = sys.argv[1:]
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    app = create_app(replace(Settings(database_url=database_url, redis_url=redis_url, embedded=True), port=port))
    with interruptible(), suppress(KeyboardInterrupt):
        serve(app, listener, lambda: print(port, flush=True), drain=app.state.gateway.drain)


if __name__ == "__main__":
    main()
