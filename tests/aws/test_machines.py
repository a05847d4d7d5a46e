"""Machines at the deployed service: roles that sign their requests, and an operator's authorizer in Lambda."""

import base64
import io
import json
import re
import sys
import zipfile
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest

from milequest.providers.identity.authorizer import LambdaAuthorizer
from milequest.rules.errors import ErrorCode, Refused
from milequest.settings import PROJECT
from milequest.store.aws.client import Aws
from milequest.store.aws.signing import Credentials, Signer
from tests.aws.deployment import ACCOUNT, PATIENCE, Deployment

BOARD = "{ teamsLeaderboard(period: WEEK) { period } viewer { id } }"
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


@pytest.fixture
def machine(deployment: Deployment) -> tuple[str, Credentials]:
    """Return a new user of IAM, without permissions."""
    name = f"machine-{uuid4().hex[:8]}"
    on_iam(deployment, "CreateUser", UserName=name)
    told = on_iam(deployment, "CreateAccessKey", UserName=name)
    key, secret = (re.findall(f"<{tag}>(.*?)</{tag}>", told)[0] for tag in ("AccessKeyId", "SecretAccessKey"))
    return name, Credentials(key, secret)


def test_iam_request_is_let_in_only_with_policy_and_valid_signature(
    deployment: Deployment, machine: tuple[str, Credentials]
) -> None:
    name, who = machine
    path, body = f"{deployment.url.removeprefix(deployment.endpoint)}/graphql/iam", json.dumps({"query": BOARD})
    assert signed(deployment, who, "execute-api", path, body).status_code == 403, "without the policy"
    on_iam(deployment, "AttachUserPolicy", UserName=name, PolicyArn=deployment.told["api/callers-policy"])
    answer = signed(deployment, who, "execute-api", path, body)
    assert (answer.status_code, answer.json()) == (
        200,
        {"data": {"teamsLeaderboard": {"period": "WEEK"}, "viewer": None}},
    )
    forged = Credentials(who.access_key, "x" * 40)
    assert signed(deployment, forged, "execute-api", path, body).status_code == 403
    assert deployment.post("graphql/iam", {"query": BOARD}).status_code == 403
    found = signed(
        deployment, who, "execute-api", path, json.dumps({"query": "mutation { signOut(input: {}) { ok } }"})
    )
    assert found.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN", "it is no person"


@pytest.fixture
def authorizer(deployment: Deployment) -> str:
    """Return the ARN of an operator's authorizer."""
    return deploy_authorizer(deployment, f"authorizer-{uuid4().hex[:8]}")


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


def test_a_function_of_lambda_decides(deployment: Deployment, authorizer: str) -> None:
    def asked(token: str, arn: str = authorizer) -> Any:
        return deployment.on_aws(lambda aws: _asked(aws, arn, token))

    assert asked("wall 60 Team.name") == {
        "isAuthorized": True,
        "resolverContext": {"machine": "wall"},
        "ttlOverride": 60,
        "deniedFields": ["Team.name"],
    }
    assert asked("nobody") == {"isAuthorized": False}
    assert asked("empty") is None
    assert "isAuthorized" not in asked("broken")
    with pytest.raises(Refused) as refused:
        asked("wall", f"{authorizer}x")
    assert refused.value.code is ErrorCode.UNAVAILABLE


async def _asked(aws: Aws, arn: str, token: str) -> Any:
    return await LambdaAuthorizer(aws, arn).ask({"authorizationToken": token})
