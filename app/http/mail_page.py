"""`/dev/mail`: the mails the embedded service would have sent. It shows codes, so it is open to this machine alone."""

import base64
import hashlib
import html

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.http.local_requests import is_local
from milequest.providers.mail.local import Received
from milequest.runtime import Runtime
from milequest.settings import Settings

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
    "article{border-top:1px solid;padding:.5rem 0}h2{font-size:1rem;margin:0}p{margin:0}pre{white-space:pre-wrap}"
)
POLICY = {
    "default-src": "'none'",
    "style-src": f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'",
    "img-src": "data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "content-security-policy": "; ".join(f"{name} {value}" for name, value in POLICY.items()),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="5">
<title>Mail of Mile Quest</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<h1>Mail</h1>
{mails}
</body>
</html>
"""
MAIL = """<article>
<h2>{subject}</h2>
<p>To {to}, <time>{at}</time></p>
<pre>{text}</pre>
</article>"""


def is_served(settings: Settings) -> bool:
    """Return whether there is a mail page: for mails that no server sends."""
    return settings.embedded and not (settings.jwks_url or settings.smtp_url or settings.ses_configuration_set)


async def page(request: Request) -> HTMLResponse:
    """Return the newest mails, 503 without Valkey; 404 without the embedded servers, and to any other machine."""
    runtime: Runtime = request.app.state.runtime
    if not (is_served(runtime.settings) and is_local(request, runtime.settings)):
        raise HTTPException(404)
    try:
        mails, status = "\n".join(map(_shown, await runtime.mailbox.newest())), 200
    except OSError:
        mails, status = "<p>The mailbox is in Valkey, which is out of reach. This page looks again.</p>", 503
    return HTMLResponse(PAGE.format(style=STYLE, mails=mails or "<p>None yet.</p>"), status, HEADERS)


def _shown(received: Received) -> str:
    mail = received.mail
    return MAIL.format(
        subject=html.escape(mail.subject),
        to=html.escape(mail.to),
        at=received.received_at.isoformat(timespec="seconds"),
        text=html.escape(mail.text),
    )
