"""Checks of settings against one another: what one needs beside it, and what would let strangers in."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from milequest import setting_values as read

if TYPE_CHECKING:
    from milequest.settings import Settings


def missing(given: Mapping[str, str]) -> list[str]:
    """Return the faults of settings that make no sense without another one."""
    keys = ("jwks_url", "jwt_issuer", "jwt_client_id")
    pairs = [(key, other) for key in keys for other in keys if key != other]
    pairs += [("database_reader_url", "database_url"), ("cognito_pool", "jwks_url")]
    pairs += [("smtp_url", "mail_from"), ("ses_configuration_set", "mail_from")]
    missing = {other: key for key, other in pairs if read.variable(key) in given and read.variable(other) not in given}
    faults = [f"{read.variable(key)} needs {read.variable(other)} too" for other, key in missing.items()]
    mailers = [read.variable(key) for key in ("smtp_url", "ses_configuration_set")]
    if all(name in given for name in mailers):
        faults.append(f"{' and '.join(mailers)} are two ways to send one mail: set one of them")
    return faults


def admitting(settings: "Settings") -> list[str]:
    """Return the faults of settings that would admit callers without intent."""
    faults = []
    public = urlsplit(settings.public_url)
    is_local = read.is_this_host(public.hostname or "localhost")
    is_demo = not settings.database_url and not settings.redis_url
    if is_demo and not settings.demo_on_network:
        reached = {
            "host": not read.is_this_host(settings.host),
            "public_url": not is_local,
            "trusted_proxies": bool(settings.trusted_proxies),
        }
        faults = [
            f"{read.variable(key)} would let others reach the embedded servers, whose accounts have a public password: "
            "set MILEQUEST_DATABASE_URL and MILEQUEST_REDIS_URL, or MILEQUEST_DEMO_ON_NETWORK=yes"
            for key, is_reached in reached.items()
            if is_reached
        ]
    if public.scheme == "http" and not is_local and not (is_demo and settings.demo_on_network):
        faults.append("MILEQUEST_PUBLIC_URL must be https://…, or of this host: passwords and tokens are sent there")
    if settings.demo_on_network and not is_demo:
        faults.append("MILEQUEST_DEMO_ON_NETWORK is for the embedded servers, and there are none")
    return faults
