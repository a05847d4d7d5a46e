"""Steps of tests that drive the deployed service."""

import base64
import io
import json
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx

from milequest.settings import PROJECT
from milequest.store.aws.signing import Credentials, Signer
from tests.aws.deployment import ACCOUNT, PATIENCE, Deployment
from tests.quest import just_begun
from tests.subscriptions.team import FOUND

MEASURE = "import sys, time; import {}; print(time.process_time()); print(*sys.modules)"


def walk(meters: float = 1000) -> dict[str, Any]:
    """Return a walk that begins now."""
    at = datetime.now(UTC).isoformat()  # earlier might be yesterday
    return just_begun(meters) | {"startedAt": at, "allowDuplicate": True}


def found(deployment: Deployment, token: str) -> str:
    """Found a team; return its id."""
    made = deployment.data(FOUND, token, input={"name": f"Team {uuid4().hex[:8]}"})
    return str(made["createTeam"]["team"]["id"])


OPERATOR = Credentials(ACCOUNT, "test")


def signed(
    deployment: Deployment, who: Credentials, service: str, path: str, body: str, kind: str = "application/json"
) -> httpx.Response:
    """Send a signed POST."""
    host = deployment.endpoint.removeprefix("http://")
    headers = {"host": host, "content-type": kind}
    signer = Signer("us-east-1", service)
    headers = dict(signer.sign(who, "POST", path, headers, body.encode(), datetime.now(UTC)))
    return httpx.post(f"{deployment.endpoint}{path}", content=body, headers=headers, timeout=PATIENCE)


def on_iam(deployment: Deployment, action: str, **given: str) -> str:
    """Call an operation of IAM, as the operator."""
    body = urlencode({"Action": action, "Version": "2010-05-08", **given})
    answer = signed(deployment, OPERATOR, "iam", "/", body, "application/x-www-form-urlencoded")
    assert answer.status_code == 200, answer.text
    return answer.text


def deploy_authorizer(deployment: Deployment, name: str) -> str:
    """Deploy the authorizer of the other tests to Lambda; return its ARN."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("authorizer.py", (PROJECT / "tests" / "fakes" / "authorizer.py").read_text())
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    on_iam(deployment, "CreateRole", RoleName=name, AssumeRolePolicyDocument=policy)
    given = {
        "FunctionName": name,
        "Runtime": "python{}.{}".format(*sys.version_info),
        "Role": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "Handler": "authorizer.decide",
        "Code": {"ZipFile": base64.b64encode(package.getvalue()).decode()},
        "Timeout": 60,
    }
    made = signed(deployment, OPERATOR, "lambda", "/2015-03-31/functions", json.dumps(given))
    assert made.status_code == 201, made.text
    return str(made.json()["FunctionArn"])


def imported(module: str, *paths: str | Path) -> tuple[float, set[str]]:
    """Return the seconds of CPU to import a module in a new interpreter with `paths` alone, and its modules."""
    before = f"import sys; sys.path[:0] = {[str(path) for path in paths]!r}; " if paths else ""
    command = [sys.executable, *(["-I", "-S"] if paths else []), "-c", before + MEASURE.format(module)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    seconds, names = done.stdout.splitlines()
    return float(seconds), set(names.split())
