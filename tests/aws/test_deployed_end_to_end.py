"""The pipeline's last test of staging, run as it is there: as a user whom an operator made, at the public addresses."""

import os
import subprocess
import sys
from secrets import token_hex
from typing import Any

from infra.constructs.build_commands import SUITE, TESTER
from milequest.settings import PROJECT
from milequest.store.aws.client import Aws
from tests.aws.deployment import Deployment
from tests.conftest import RUN_FOLDER

EMAIL = f"{TESTER}@example.org"


def on_cognito(deployment: Deployment, operation: str, **given: Any) -> None:
    """Call an operation on the user pool, as an operator."""

    async def called(aws: Aws) -> None:
        target = f"AWSCognitoIdentityProviderService.{operation}"
        call = {"UserPoolId": deployment.told["identity/pool"], "Username": TESTER, **given}
        await aws.call(aws.signer("cognito-idp"), aws.origin("cognito-idp"), target, "1.1", call)

    deployment.on_aws(called)


def test_deployed_service_passes_the_end_to_end_suite(deployment: Deployment) -> None:
    password = f"Aa1-{token_hex(16)}"
    attributes = [{"Name": "email", "Value": EMAIL}, {"Name": "email_verified", "Value": "true"}]
    on_cognito(deployment, "AdminCreateUser", MessageAction="SUPPRESS", UserAttributes=attributes)
    on_cognito(deployment, "AdminSetUserPassword", Permanent=True, Password=password)
    environ = {name: value for name, value in os.environ.items() if name != RUN_FOLDER and "PYTEST" not in name}
    environ |= {
        "MQ_END_TO_END_URL": deployment.url,
        "MQ_END_TO_END_SOCKETS": deployment.socket_url,
        "MQ_END_TO_END_EMAIL": EMAIL,
        "MQ_END_TO_END_PASSWORD": password,
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", SUITE]
    ran = subprocess.run(command, cwd=PROJECT, env=environ, text=True, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "5 passed" in ran.stdout
