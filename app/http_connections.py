"""HTTP/1.1 as uvicorn serves it, within bounds.

A request that asks to become anything but a WebSocket is answered as HTTP/1.1, with its body (RFC 9110, 7.8).
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from app import bounds, heads
from app.bounds import Refusal, SocketBounds
from app.heads import ConnectionPhase, StopReason
from app.upgrades import Upgrade, sound_key
from milequest.rules.rate_limits import network
from subscriptions.quotas import ConnectionQuota

PIECE_BYTES = 4 * 1024  # parsed at once: a packet has room for thousands of requests or chunks
WAITING_BYTES = 64 * 1024  # received while a request is being answered; more is left in the kernel's buffer


class HttpConnection(HttpToolsProtocol):
    """A connection of HTTP, until a valid handshake makes a WebSocket of it."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        bounds: SocketBounds,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._bounds = bounds
        self._timeouts = bounds.timeouts
        self._slot: Callable[[], None] | None = None  # releases the slot
        self._phase = ConnectionPhase.NONE
        self._head = self._body = self._wire = 0  # bytes: of the head under way; of the body, and of all that frames it
        self._rest: memoryview | bytes = b""  # received, to be parsed after an earlier request was answered
        self._running: RequestResponseCycle | None = None  # the request that is being answered; `cycle` came in last
        self._refusal: Refusal | None = None
        self._is_over = False  # further input is ignored
        self._deadline: asyncio.TimerHandle | None = None  # of the head or the body under way
        self._begun_at = self._progress_at = 0.0  # of that body

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a slot, and wait for a request."""
        super().connection_made(cast(asyncio.Transport, transport))
        self._bounds.process_quota.enter()
        address = self.client[0] if self.client else ""
        is_proxy = self._bounds.is_proxy(address)
        self.timeout_keep_alive = self._timeouts.proxy_idle if is_proxy else self._timeouts.idle  # type: ignore[assignment]  # handed to call_later
        if self._bounds.process_quota.free < 0:
            self._reject(bounds.FULL, None)
        elif is_proxy or self._acquire_slot(self._bounds.per_network, network(address)):
            self._deadline = self.loop.call_later(self._timeouts.head, self._head_is_overdue)
        else:
            self._reject(bounds.CROWDED, network(address))

    def _acquire_slot(self, quota: ConnectionQuota, place: str) -> bool:
        if not quota.acquire(place):
            return False
        self._slot = partial(quota.release, place)
        return True

    def _reject(self, refusal: Refusal, place: str | None) -> None:
        """Close a connection that has no slot. Few of a network may linger, as each is an open file."""
        self._is_over = True
        self.transport.write(refusal.response())
        if place is not None and self._acquire_slot(self._bounds.lingering, place):
            self._linger()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Release the slot, and notify the request that is being answered: uvicorn notifies the one that came last."""
        self._stop_reading()
        if self._slot is not None:
            self._slot()
        self._bounds.process_quota.release()
        self.pipeline.clear()
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def _stop_reading(self) -> None:
        """Ignore further input, and cancel the deadline."""
        self._is_over, self._rest = True, b""
        self._cancel_deadline()

    def data_received(self, data: bytes) -> None:
        """Parse received data, as far as requests are answered."""
        if self._is_over:
            return
        if self._rest:
            self._rest = b"".join((self._rest, data))
            self._resume_parsing()
        else:
            self._rest = memoryview(data)
            self._parse()

    def _parse(self) -> None:
        """Parse waiting data, up to a request that has to wait for the answer to another."""
        while self._rest and not self.pipeline and not self._is_over:
            piece, self._rest = self._rest[:PIECE_BYTES], self._rest[PIECE_BYTES:]
            try:
                self._feed(piece)
            except httptools.HttpParserUpgrade as upgrade:
                self._rest = b"".join((piece[upgrade.args[0] :], self._rest))
                self._upgrade()
            except httptools.HttpParserError:
                self._refuse(self._refusal or bounds.NOT_HTTP)
        if not self._is_over:
            self._watch()
        if self.pipeline and not self._is_over:
            self._resume_parsing()

    def _resume_parsing(self) -> None:
        """Resume reading while little is waiting, even if nothing is parsed: only reading detects a disconnected
        client.
        """
        if len(self._rest) <= WAITING_BYTES:
            self.flow.resume_reading()
        else:
            self.flow.pause_reading()

    def _feed(self, piece: memoryview | bytes) -> None:
        """Parse a piece, and count parts without a declared size: a head, and the framing of a body's chunks."""
        if self._phase is ConnectionPhase.BODY:
            self._wire += len(piece)
        else:
            self._head += len(piece)
        self.parser.feed_data(piece)
        if self._phase is ConnectionPhase.BODY and self._wire > self._body * 5 // 4 + bounds.FRAMING_BYTES:
            self._refuse(bounds.FRAMED)
        elif self._phase is not ConnectionPhase.BODY and self._head > bounds.MAX_HEAD_BYTES:
            self._refuse(bounds.LARGE_HEAD)

    def _stop(self, refusal: Refusal) -> None:
        self._refusal = refusal
        raise StopReason

    def on_message_begin(self) -> None:
        """Begin with a head."""
        super().on_message_begin()
        self._phase = ConnectionPhase.HEAD
        self._unset_keepalive_if_required()

    def on_url(self, url: bytes) -> None:
        """Take a part of the URL."""
        super().on_url(url)
        if len(self.url) > bounds.MAX_URL_BYTES:
            self._stop(bounds.LONG_URL)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header line. Trailers are dropped: checks of headers, here and at proxies, are over by then."""
        if self._phase is ConnectionPhase.HEAD:
            super().on_header(name, value)
            if len(self.headers) > bounds.MAX_HEADER_LINES:
                self._stop(bounds.LARGE_HEAD)

    def on_headers_complete(self) -> None:
        """Begin the answer, if the head is in bounds and asks for one."""
        self._cancel_deadline()
        self._unset_keepalive_if_required()
        size = len(self.url) + sum(len(name) + len(value) + len(": \r\n") for name, value in self.headers)
        if size > bounds.MAX_HEAD_BYTES:
            self._stop(bounds.LARGE_HEAD)
        self.scope["method"] = self.parser.get_method().decode()
        self.scope["http_version"] = version = self.parser.get_http_version()
        if not heads.has_valid_host(version, self.headers):
            self._stop(bounds.NO_HOST)
        if self.parser.should_upgrade():  # raised through the parser, to `_parse`
            return
        self.url = heads.origin_form(self.url, self.headers)
        if heads.content_length(self.headers) > bounds.MAX_REQUEST_BYTES:
            self._stop(bounds.LARGE_BODY)
        super().on_headers_complete()
        self._phase, self._head, self._body, self._wire = ConnectionPhase.BODY, 0, 0, 0

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._body += len(body)
        self._progress_at = self.loop.time()
        if self._body > bounds.MAX_REQUEST_BYTES:
            self._stop(bounds.LARGE_BODY)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request, unless its parser ended before its body."""
        if not self.parser.should_upgrade():
            self._phase = ConnectionPhase.NONE
            self._cancel_deadline()
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Continue with waiting data."""
        super().on_response_complete()
        if self._phase is not ConnectionPhase.NONE:  # the next request is being received already
            self._unset_keepalive_if_required()
        if self._rest:
            self.loop.call_soon(self._parse)

    def _upgrade(self) -> None:
        """Become a WebSocket. A request to upgrade to any other protocol is parsed again without its `Upgrade`."""
        method, version = self.scope["method"], self.scope["http_version"]
        if method == "CONNECT":
            self._refuse(bounds.NO_TUNNEL)
        elif self._get_upgrade() != b"websocket":
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
            self._rest = heads.without_upgrade(method, self.url, version, self.headers) + bytes(self._rest)
            self._head = 0
        elif method != "GET" or heads.has_body(self.headers):
            self._refuse(bounds.NOT_BY_GET)
        elif self._is_answering() or (key := sound_key(version, self.headers)) is None:
            self._refuse(bounds.NO_HANDSHAKE)
        else:
            early = bytes(self._rest)
            self.url = heads.origin_form(self.url, self.headers)
            self._stop_reading()
            self.connections.discard(self)
            upgrade = Upgrade(self.config, self.server_state, self.app_state)
            self.transport.set_protocol(upgrade)
            upgrade.on_close(self._bounds.process_quota.release)
            upgrade.adopt(self, key, early, self._slot)

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _refuse(self, refusal: Refusal) -> None:
        """Close the connection with this response; without it, if an earlier request is still without its own."""
        self._is_over, self._rest = True, b""
        self._cancel_deadline()
        is_answering, is_in_body = self._is_answering(), self._phase is ConnectionPhase.BODY
        if is_answering and not is_in_body:  # requests before this one
            self.cycle.keep_alive = False
            self.flow.resume_reading()
        elif is_in_body and (not is_answering or self.cycle.response_started or self.pipeline):
            self.transport.close()
        else:
            if is_answering:
                self.cycle.disconnected = True
                self.cycle.message_event.set()
            self.transport.write(refusal.response())
            self._linger()

    def _linger(self) -> None:
        """Close once the client has stopped sending.

        An earlier close would reset the connection, and could lose the response.
        """
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(self._timeouts.linger, self.transport.close)

    def _watch(self) -> None:
        """Set the deadline of the part that is being received."""
        if self._deadline is not None or self._phase is ConnectionPhase.NONE:
            return
        if self._phase is ConnectionPhase.HEAD:
            self._deadline = self.loop.call_later(self._timeouts.head, self._head_is_overdue)
        else:
            self._begun_at = self._progress_at = self.loop.time()
            self._body_may_be_overdue()

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _head_is_overdue(self) -> None:
        if self._head:
            self._refuse(bounds.SLOW_HEAD)
        else:
            self.transport.close()

    def _body_may_be_overdue(self) -> None:
        now = self.loop.time()
        if self.flow.read_paused:  # we have paused reading ourselves
            self._progress_at = now
        left = min(self._begun_at + self._timeouts.body, self._progress_at + self._timeouts.progress) - now
        if left > 0:
            self._deadline = self.loop.call_later(left, self._body_may_be_overdue)
        else:
            self._refuse(bounds.SLOW_BODY)
