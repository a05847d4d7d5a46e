"""A local AWS as an operator meets it, who deploys to it by the command."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest

from app.environment import tools
from infra.local.aws import HOME
from milequest.settings import PROJECT
from tests.fakes.aws import LOCK

REGION = HOME.region.name


@dataclass(frozen=True)
class Account:
    """A local AWS that an operator of an environment has signed in to."""

    endpoint: str
    account: str = HOME.environment.account
    environment: str = HOME.environment.name

    @property
    def access(self) -> dict[str, str]:
        """The variables by which AWS's own clients sign in."""
        keys = {"AWS_ACCESS_KEY_ID": self.account, "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
        return {**keys, "AWS_ENDPOINT_URL": self.endpoint}

    @property
    def environ(self) -> dict[str, str]:
        """The operator's environment."""
        return {**os.environ, **self.access}

    def client(self, service: str) -> Any:
        """Return a client of AWS."""
        keys = {"aws_access_key_id": self.account, "aws_secret_access_key": "test"}
        return botocore.session.get_session().create_client(service, REGION, endpoint_url=self.endpoint, **keys)

    def start(self, assembly: Path, *options: str) -> subprocess.Popen[str]:
        """Start the command."""
        command: list[str | Path] = [
            tools("aws", LOCK),
            "-m",
            "infra.deploy",
            self.environment,
            "--assembly",
            assembly,
        ]
        return subprocess.Popen(
            [*command, "--poll", "0.05", *options],
            cwd=PROJECT,
            env=self.environ,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def deploy(self, assembly: Path, *options: str, fails: bool = False) -> str:
        """Run the command to its end; return what it says."""
        process = self.start(assembly, *options)
        said, _ = process.communicate(timeout=300)
        assert process.returncode == (1 if fails else 0), said
        return said

    def ask(self, operation: str, **given: Any) -> Any:
        """Return AWS's answer to a call such as `ssm.get_parameter`."""
        service, _, name = operation.partition(".")
        return getattr(self.client(service), name)(**given)

    def states(self) -> dict[str, str]:
        """Return the states of all stacks that exist."""
        stacks = self.ask("cloudformation.describe_stacks")["Stacks"]
        return {one["StackName"].rpartition("-")[2]: one["StackStatus"] for one in stacks}


def sign_in(account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have AWS's clients of this process be of an account, and know nothing else."""
    session = SimpleNamespace(
        create_client=lambda *named, **given: Answering({"get_caller_identity": [{"Account": account}]})
    )
    monkeypatch.setattr(botocore.session, "get_session", lambda: session)


class Answering:
    """A client of AWS with prepared answers, of which exceptions are raised."""

    def __init__(self, answers: dict[str, list[Any]]) -> None:
        self._answers = answers

    def __getattr__(self, operation: str) -> Any:
        def answer(*named: object, **given: object) -> Any:
            prepared = self._answers[operation].pop(0)
            if isinstance(prepared, Exception):
                raise prepared
            return prepared

        return answer
