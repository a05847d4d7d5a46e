"""Slow bodies have a timeout of their own: they take nothing of the time for an answer."""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from app.http import graphql, uploads
from milequest.store.deadlines import due

FORM = "multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    ("endpoint", "content_type", "body"),
    [(graphql.endpoint, "application/json", b"{"), (uploads.take, FORM, b"--x--\r\n")],
)
async def test_no_deadline_runs_while_a_body_is_read(
    endpoint: Callable[[Request], Awaitable[Response]], content_type: str, body: bytes
) -> None:
    seen = []

    async def receive() -> Message:
        seen.append(due())
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", content_type.encode())]
    scope: dict[str, Any] = {"type": "http", "method": "POST", "headers": headers, "query_string": b"", "path": "/"}
    scope["app"] = SimpleNamespace(state=SimpleNamespace(runtime=None))
    answer = await endpoint(Request(scope, receive))
    assert answer.status_code == 400, "what it was given is no request"
    assert seen == [None]
