"""Negotiation of a WebSocket's handshake: its protocol and the credentials it carries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from milequest.rules.errors import QuestError, invalid
from subscriptions.protocols.appsync_realtime import AppSync
from subscriptions.protocols.legacy import Legacy
from subscriptions.protocols.protocol_steps import WireProtocol
from subscriptions.protocols.socket_credentials import authorization_in, unpacked
from subscriptions.protocols.transport_ws import TransportWs

APPSYNC_PATH = "/graphql/realtime"  # path of the sockets that Amplify derives from an API at /graphql
PATHS = ("/graphql", "/graphql/", APPSYNC_PATH, f"{APPSYNC_PATH}/")
PACKED = "header-"  # prefix of a sub-protocol that carries credentials: a browser has no other way to send them

TRANSPORT_WS, APPSYNC, LEGACY = TransportWs(), AppSync(), Legacy()


@dataclass(frozen=True, slots=True)
class Handshake:
    """Result of the negotiation. `authorization` is as in Start; `fault` is the error of bad credentials."""

    protocol: WireProtocol
    authorization: str | None = field(default=None, repr=False)
    fault: QuestError | None = None


def agreed(path: str, offered: Sequence[str], query: Mapping[str, str]) -> Handshake | None:
    """Return the handshake for a client that offers these sub-protocols; None if none is supported.

    Two protocols are called graphql-ws: AppSync's is meant at its path, or if credentials are sent its way.
    """
    is_appsync = path.rstrip("/") == APPSYNC_PATH
    packed = next((name.removeprefix(PACKED) for name in offered if name.startswith(PACKED)), query.get("header"))
    if not is_appsync and TRANSPORT_WS.name in offered:
        return Handshake(TRANSPORT_WS)
    if APPSYNC.name not in offered:
        return None
    if packed is not None:
        return _with_credentials(packed)
    return Handshake(APPSYNC if is_appsync else LEGACY)


def _with_credentials(packed: str) -> Handshake:
    headers = unpacked(packed)
    if headers is None:
        return Handshake(APPSYNC, fault=invalid("header", "MALFORMED", "must be a JSON object in base64"))
    return Handshake(APPSYNC, authorization_in(headers))
