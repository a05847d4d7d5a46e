"""The CDK's own command, as in the runbook: it bootstraps a local AWS, deploys to it and destroys the stacks."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from redis import Redis

from app.bundle import find_node, install_packages
from app.environment import tools
from infra.local import aws
from infra.local.aws import HOME, ORDER
from tests.fakes.aws import LOCK

CDK = Path(__file__).parent / "cdk"
ACCOUNT_ID, REGION = HOME.environment.account, HOME.region.name
STACKS = [f"{HOME.stack(name)}-{REGION}" for name in ORDER]
PROTECTED = {f"{HOME.stack(name)}-{REGION}" for name in ("state", "events", "identity", "lake")}
ACCESS = {
    "AWS_ACCESS_KEY_ID": ACCOUNT_ID,
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
    "CDK_DISABLE_CLI_TELEMETRY": "true",
}
UNPROTECT = """
import sys, botocore.session
_, endpoint, *stacks = sys.argv
client = botocore.session.get_session().create_client("cloudformation", "us-east-1", endpoint_url=endpoint)
for stack in stacks:
    client.update_termination_protection(StackName=stack, EnableTerminationProtection=False)
"""


@dataclass(frozen=True)
class Account:
    """An empty local AWS."""

    endpoint: str
    assembly: Path
    folder: Path
    values: dict[str, str]

    def told(self) -> dict[str, str]:
        """Return all shared values, after those of the stacks that are not deployed here."""
        return aws.deployed(tools("aws", LOCK), self.endpoint, self.assembly, self.values, self.folder, without=ORDER)

    def cdk(self, *arguments: str) -> str:
        """Return the output of a command, which must work."""
        ran = self.tried(*arguments)
        assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-5000:]
        return ran.stdout + ran.stderr

    def tried(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command."""
        node, npm = find_node()
        install_packages(npm, CDK)
        options = ("--app", self.assembly, "--no-notices")
        command: list[str | Path] = [node, CDK / "node_modules/aws-cdk/bin/cdk", *options, *arguments]
        environ = ACCESS | {"PATH": os.environ["PATH"], "HOME": str(self.folder), "AWS_ENDPOINT_URL": self.endpoint}
        return subprocess.run(
            command, cwd=self.folder, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    def unprotect(self, *stacks: str) -> None:
        """Permit the deletion of stacks, as an operator does on purpose."""
        subprocess.run([tools("aws", LOCK), "-c", UNPROTECT, self.endpoint, *stacks], env=ACCESS, check=True)


@pytest.fixture
def account(
    templates: Path,
    tmp_path: Path,
    new_database: Callable[[], AbstractContextManager[str]],
    _valkey: Redis,
) -> Iterator[Account]:
    """Yield a new one."""
    server, cache = tools("aws", LOCK), f"unix://{_valkey.get_connection_kwargs()['path']}"
    with new_database() as url, aws.running(server, tmp_path) as local:
        values = {"data/writer-url": url, "data/reader-url": url, "data/cache-url": cache}
        yield Account(local.endpoint, templates, tmp_path, values)


def test_cdk_command_bootstraps_deploys_and_destroys_its_stacks(account: Account) -> None:
    account.cdk("bootstrap", f"aws://{ACCOUNT_ID}/{REGION}")
    before = account.told()
    for stack in STACKS:
        account.cdk("deploy", "--exclusively", "--require-approval", "never", stack)
    ready = httpx.get(f"{account.endpoint}/_aws/execute-api/{account.told()['api/id']}/live/readyz", timeout=60)
    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    assert "no changes" in account.cdk("deploy", "--exclusively", STACKS[-1])
    for stack in reversed(STACKS):
        if stack in PROTECTED:
            refused = account.tried("destroy", "--exclusively", "--force", stack)
            assert "TerminationProtection is enabled" in refused.stdout + refused.stderr
            account.unprotect(stack.removesuffix(f"-{REGION}"))
        account.cdk("destroy", "--exclusively", "--force", stack)
    assert account.told() == before
