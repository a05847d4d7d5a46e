"""`/invite/CODE`: an invite for people whose link leads to no client: plain HTML, without scripts and other hosts.

It shows what `invitePreview` shows, and counts wrong codes as that does. A code that admits nobody any more gets the
same answer as one that never was. The address is a secret, so nothing passes it on or keeps it.
"""

import base64
import hashlib
import html
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse

from milequest.qr_code import svg
from milequest.rules.enums import InviteState
from milequest.rules.errors import ErrorCode, RateLimited, Refused
from milequest.rules.identity import ANONYMOUS
from milequest.rules.invites import plain_code
from milequest.runtime import Runtime
from milequest.settings import Settings
from milequest.store.away import Away
from milequest.store.deadlines import in_time
from milequest.store.sql.invite_previews import InvitePreview
from resolvers.context import Request
from resolvers.invites import preview_of
from resolvers.inviting import link_of

STYLE: Final = (
    "body{font:18px/1.5 system-ui,sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "blockquote{margin:1rem 0;padding-left:1rem;border-left:4px solid;white-space:pre-wrap;overflow-wrap:anywhere}"
    "h1{overflow-wrap:anywhere}code{font-size:1.5rem;letter-spacing:.15em}svg{display:block;width:16rem;max-width:100%}"
)
POLICY: Final = {
    "default-src": "'none'",
    "style-src": f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'",
    "img-src": "data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS: Final = {
    "content-security-policy": "; ".join(f"{name} {value}" for name, value in POLICY.items()),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
}
PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""
INVALID: Final = """<h1>This invite is not valid</h1>
<p>Perhaps it was mistyped, used up, withdrawn or has expired. Ask whoever sent it for a new one.</p>"""
BUSY: Final = """<h1>Not now</h1>
<p>Too many wrong codes came from your network. Try the link again in an hour.</p>"""
AWAY: Final = """<h1>Not now</h1>
<p>Mile Quest is out of reach for a moment. Try the link again.</p>"""
STORES: Final = {"apps.apple.com": "the App Store", "play.google.com": "Google Play", "f-droid.org": "F-Droid"}


@in_time
async def page(http: HttpRequest) -> HTMLResponse:
    """Return an invite's page: 404 for a code that admits nobody, 429 after too many of them, 503 when we are away."""
    runtime: Runtime = http.app.state.runtime
    address = http.client.host if http.client else ""
    request = Request(uuid4().hex, datetime.now(UTC), ANONYMOUS, runtime, http.headers, address)
    code = plain_code(http.path_params["code"])
    try:
        preview = await preview_of(request, code)
    except RateLimited as refusal:
        return _page("Mile Quest", BUSY, 429, {"retry-after": str(refusal.details["retryAfterSeconds"])})
    except Refused as refusal:
        if refusal.code is not ErrorCode.INVALID_INVITE_CODE:
            raise
        return _page("Mile Quest", INVALID, 404)
    except Away:
        return _page("Mile Quest", AWAY, 503, {"retry-after": "1"})
    if preview.state is not InviteState.PENDING:
        return _page("Mile Quest", INVALID, 404)
    return _page(f"{preview.team_name} on Mile Quest", _invite(request, preview, code))


def _page(title: str, body: str, status: int = 200, headers: dict[str, str] | None = None) -> HTMLResponse:
    whole = PAGE.format(title=html.escape(title), style=STYLE, body=body)
    return HTMLResponse(whole, status, HEADERS | (headers or {}))


def _invite(request: Request, preview: InvitePreview, code: str) -> str:
    """Return the body of the page of a pending invite."""
    settings, link = request.runtime.settings, link_of(request, code)
    team, inviter = html.escape(preview.team_name), html.escape(preview.inviter_name or "Somebody")
    size = "1 member" if preview.member_count == 1 else f"{preview.member_count} members"
    words = f"<blockquote>{html.escape(preview.message)}</blockquote>" if preview.message else ""
    return "\n".join(
        (
            f"<h1>{inviter} invites you to {team}</h1>",
            f"<p>{team} walks a route together on Mile Quest, with {size} so far.</p>",
            words,
            f"<p>Your code: <code>{html.escape(code)}</code></p>",
            f"<p>It is valid until <time>{preview.expires_at:%d %B %Y, %H:%M}</time> UTC.</p>",
            "<h2>How to join</h2>",
            f"<ul>{''.join(f'<li>{way}</li>' for way in _ways(settings, link, code))}</ul>",
            "<p>To go on with a phone:</p>",
            svg(link),
        )
    )


def _ways(settings: Settings, link: str, code: str) -> list[str]:
    """Return where to go on with a code, as HTML: the client, the apps, else GraphiQL of the service itself."""
    ways = [f'<a href="{html.escape(link)}">Open Mile Quest</a>'] if settings.client_url else []
    for app in settings.app_links:
        host = urlsplit(app).hostname or ""
        ways.append(f'Get the app at <a href="{html.escape(app)}">{html.escape(STORES.get(host, host))}</a>')
    if not ways:
        mutation = f'mutation {{ acceptInvite(input: {{code: "{code}"}}) {{ team {{ name }} }} }}'
        ways.append(f'Sign in at <a href="/graphql">GraphiQL</a>, and run <samp>{html.escape(mutation)}</samp>')
    return ways
