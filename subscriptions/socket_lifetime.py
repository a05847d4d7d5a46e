"""Lifetime of a WebSocket of a server, or of an event stream, and the line in the log at its end."""

import logging
import secrets
from dataclasses import dataclass, field
from time import perf_counter

from milequest.rules.identity import ANONYMOUS, Identity
from milequest.telemetry import metrics
from subscriptions.protocols.protocol_steps import Close

log = logging.getLogger("milequest.socket")

CLIENTS = "client"  # the metric's code of a socket that its client closed


@dataclass(slots=True, eq=False)
class SocketLifetime:
    """Record of one socket: its caller and counts, from its opening to its end.

    `socket` is its name in the log, which its operations have in theirs too. An event stream
    is named by the id of its request.
    """

    protocol: str
    socket: str = field(default_factory=lambda: secrets.token_hex(8))
    identity: Identity = ANONYMOUS
    operations: int = 0
    sent: int = 0  # messages
    code: int | None = None  # code with which the client closed it
    _began: float = field(default_factory=perf_counter)

    def end(self, closed: Close | None = None) -> None:
        """Write the log line. `closed` is our close; None if the client closed it, or the connection was lost."""
        if metrics.recorder is not None:
            metrics.recorder.socket_ended(self.protocol, CLIENTS if closed is None else str(int(closed.code)))
        if not log.isEnabledFor(logging.INFO):
            return
        fields: dict[str, object] = {
            "socket": self.socket,
            "protocol": self.protocol,
            "caller": self.identity.kind.value,
            "duration_ms": round((perf_counter() - self._began) * 1_000),
            "operations": self.operations,
            "sent": self.sent,
            "closed_by": "client" if closed is None else "server",
            "code": self.code if closed is None else int(closed.code),  # without the reason, which may be a client's
        }
        if self.identity.user_id is not None:
            fields["user"] = f"user_{self.identity.user_id.hex}"
        log.info("socket", extra={"fields": fields})
