"""GraphiQL at `/graphql`: the page, and its bundled files below `/graphql/assets`. It needs no other host."""

import html
import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app import bundle

# Monaco positions every line by an inline style; scripts and everything else need no exception.
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "font-src": "'self' data:",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
HOST = re.compile(r"[A-Za-z0-9.-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mile Quest API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{assets}/main.css">
<script type="module" src="{assets}/main.js"></script>
</head>
<body><div id="graphiql" data-config="{config}"><noscript>GraphiQL needs JavaScript.</noscript></div></body>
</html>
"""
WAITING = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="2">
<title>Mile Quest API</title>
<link rel="icon" href="data:,">
</head>
<body>
<h1>GraphiQL is not ready yet</h1>
<p>{state}</p>
<p>The API itself is up: POST your operations to this address. This page looks again every two seconds.</p>
</body>
</html>
"""
BUILDING = (
    "<code>make run</code> bundles it in the background, some 20 seconds on a new machine; "
    "by hand: <code>make graphiql</code>."
)


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account of the demo data, which the page offers for signing in; its password is public."""

    name: str
    email: str
    password: str


async def page(request: Request, accounts: Sequence[DemoAccount] = ()) -> Response:
    """Return the page of GraphiQL, offering `accounts`; until its bundle exists a page that says so and reloads."""
    folder = await run_in_threadpool(bundle.bundle)  # it reads the sources' files
    if folder.is_dir():
        config = json.dumps({"accounts": [asdict(account) for account in accounts]})
        content = PAGE.format(assets=f"graphql/assets/{folder.name}", config=html.escape(config))
    else:
        failure = bundle.failure()
        content = WAITING.format(state=html.escape(failure) if failure else BUILDING)
    return HTMLResponse(
        content,
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": _policy(request),
            "Referrer-Policy": "same-origin",
            "Vary": "Accept",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _policy(request: Request) -> str:
    """Return the policy's text; some browsers do not count our own WebSocket address as 'self', so it is named."""
    connect = POLICY["connect-src"]
    if HOST.fullmatch(request.url.netloc):
        connect += f" {'wss' if request.url.scheme == 'https' else 'ws'}://{request.url.netloc}"
    return "; ".join(f"{name} {value}" for name, value in (POLICY | {"connect-src": connect}).items())


class Assets(StaticFiles):
    """The bundle's files. Their address contains the hash of their sources, so they are cached for ever."""

    async def check_config(self) -> None:
        """Accept that the folder is missing before the first bundle: until then every file is a 404."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Return the file or a 304, with its headers."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


assets = Assets(directory=bundle.DIST, check_dir=False)
