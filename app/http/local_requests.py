"""The check that a request was made on this machine, by a browser or by hand, with nothing in between.

A proxy or a tunnel on this machine calls from the loopback too, and many send the loopback's own `Host`. So any header
that browsers and curl do not send by themselves counts as a sign of one.
"""

import ipaddress
import re
from urllib.parse import urlsplit

from starlette.requests import Request

from milequest.setting_values import is_this_host
from milequest.settings import Settings

HOST = re.compile(rb"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
# X-Forwarded-For, Forwarded, Via, CF-Connecting-IP, Tailscale-User-Login …: there are ever more names that proxies add.
SENT_BY_BROWSERS = frozenset(
    b"host connection keep-alive user-agent upgrade-insecure-requests cache-control pragma cookie dnt referer priority "
    b"te purpose save-data upgrade http2-settings".split()
)
PREFIXES = (b"accept", b"sec-", b"if-")


def is_local(request: Request, settings: Settings) -> bool:
    """Return whether both ends are this machine, no proxy is in between and the settings name no public address."""
    if settings.trusted_proxies or not is_this_host(_host(settings)) or request.scope["http_version"] == "1.0":
        return False
    headers = request.scope["headers"]
    hosts = [value for name, value in headers if name == b"host"]
    return (
        _is_loopback(request.client.host if request.client else "")
        and len(hosts) == 1
        and HOST.fullmatch(hosts[0]) is not None
        and all(name in SENT_BY_BROWSERS or name.startswith(PREFIXES) for name, _ in headers)
    )


def _host(settings: Settings) -> str:
    """Return the host by which clients reach us, where the settings name one."""
    return urlsplit(settings.public_url).hostname or "localhost"


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
