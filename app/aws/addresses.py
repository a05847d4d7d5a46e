"""Addresses of AWS's services. Settings name them as AWS does; at a local AWS they are all below its one address."""

from dataclasses import replace
from urllib.parse import urlsplit

from milequest.settings import Settings


def reached(settings: Settings) -> Settings:
    """Return the settings with the addresses at which the services are reachable from here."""
    if not settings.aws_endpoint_url:
        return settings
    origin = settings.aws_endpoint_url.rstrip("/")
    sockets, keys = urlsplit(settings.live_sockets_url), urlsplit(settings.jwks_url)
    if sockets.hostname and ".execute-api." in sockets.hostname:
        api = sockets.hostname.partition(".")[0]
        settings = replace(settings, live_sockets_url=f"{origin}/_aws/execute-api/{api}{sockets.path}")
    if keys.hostname and keys.hostname.startswith("cognito-idp."):
        settings = replace(settings, jwks_url=f"{origin}{keys.path}")
    return settings
