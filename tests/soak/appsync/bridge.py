"""Lambda over HTTP: calls the deployed function with each event it gets, one after the other.

`python -m tests.soak.appsync.bridge` prints its port, and ends with its standard input. GET returns the fields
requested since the last time, and for how many parents at once.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from app.aws.domains import team


class Bridge(HTTPServer):
    """The server, and its requests."""

    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Invocation)
        self.asked: list[tuple[str, int]] = []


class Invocation(BaseHTTPRequestHandler):
    """One call."""

    server: Bridge

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["content-length"])))
        one = event[0] if isinstance(event, list) else event
        field = f"{one['info']['parentTypeName']}.{one['info']['fieldName']}"
        self.server.asked.append((field, len(event) if isinstance(event, list) else 1))
        try:
            self._answer(team(event, None))
        except Exception as error:
            self._answer({"errorMessage": str(error), "errorType": type(error).__name__}, "Unhandled")

    def do_GET(self) -> None:
        asked, self.server.asked = self.server.asked, []
        self._answer(asked)

    def _answer(self, value: Any, failure: str | None = None) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        if failure:
            self.send_header("x-amz-function-error", failure)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


if __name__ == "__main__":
    bridge = Bridge()
    print(bridge.server_port, flush=True)
    threading.Thread(target=bridge.serve_forever, daemon=True).start()
    sys.stdin.read()
