"""Machines at the deployed service: roles that sign their requests, and an operator's authorizer in Lambda."""

import json
import re
from typing import Any
from uuid import uuid4

import pytest

from milequest.providers.identity.authorizer import LambdaAuthorizer
from milequest.rules.errors import ErrorCode, Refused
from milequest.store.aws.client import Aws
from milequest.store.aws.signing import Credentials
from tests.aws.deployment import Deployment
from tests.aws.driving import deploy_authorizer, on_iam, signed

BOARD = "{ teamsLeaderboard(period: WEEK) { period } viewer { id } }"


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
    path, body = f"{deployment.origin_url.removeprefix(deployment.endpoint)}/graphql/iam", json.dumps({"query": BOARD})
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
