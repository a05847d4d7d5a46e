"""The starter environment deployed by the command to a local AWS: from nothing, killed and begun again, taken down.

The local AWS takes the whole template, but runs no container and no database and answers at no public name. A VPC
origin, a flow log and the rules of security groups have no effect in it.
"""

import random
import re
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.environment import tools
from infra.deploy import deploy_steps
from infra.deploy.deploy_checks import BOOTSTRAP
from infra.deploy.deploying import main
from infra.local import aws
from infra.names import SERVER_IMAGE, Names
from infra.starter_environment import STARTER
from tests.fakes.aws import LOCK
from tests.fakes.docker import put_on_path
from tests.infra.operators_account import REGION, Account

NAMES = Names(STARTER, STARTER.region)
ZONE = NAMES.parameter("global/zone")
READY = f"https://api.{STARTER.domain}/readyz"
PUSH = """
import sys, botocore.session
repository, _, tag = sys.argv[1].partition("/")[2].partition(":")
ecr = botocore.session.get_session().create_client("ecr", "us-east-1")
ecr.put_image(repositoryName=repository, imageTag=tag, imageManifest="{}")
"""


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    """An account in which `cdk bootstrap` has run, and nothing else."""
    with aws.running(tools("aws", LOCK), tmp_path, NAMES) as local:
        account = Account(local.endpoint, STARTER.account, STARTER.name)
        account.ask("ssm.put_parameter", Name=BOOTSTRAP, Value="30", Type="String")
        account.ask("s3.create_bucket", Bucket=f"cdk-hnb659fds-assets-{STARTER.account}-{REGION}")
        account.ask("ecr.create_repository", repositoryName=NAMES.bootstrap_images)
        yield account


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a docker on the path that pushes to the account's registry; return where its calls are written."""
    push = tmp_path / "push.py"
    push.write_text(PUSH)
    return put_on_path(tmp_path, monkeypatch, pushes=(sys.executable, push))


def test_command_deploys_the_starter_from_an_empty_account_and_then_finds_nothing_to_do(
    account: Account,
    docker: Path,
    templates: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for role in ("ECS", "RDS"):
        account.ask("iam.create_role", RoleName=f"AWSServiceRoleFor{role}", AssumeRolePolicyDocument="{}")
    for name, value in account.access.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(deploy_steps, "OUTSIDE_SECONDS", 30.0)
    asked: list[str] = []
    _answer_for_the_internet(account, monkeypatch, asked)
    command = ["starter", "--assembly", str(templates), "--poll", "0.05"]
    assert main(command) == 0, capsys.readouterr().out
    said = capsys.readouterr().out
    assert f"Name these servers for {STARTER.domain}" in said
    assert len(re.findall(r"^    done in", said, re.MULTILINE)) == 5, "mail needs no waiting"
    image = account.ask("ssm.get_parameter", Name=NAMES.parameter(SERVER_IMAGE))["Parameter"]["Value"]
    assert re.fullmatch(rf"{STARTER.account}\.dkr\.ecr\.{REGION}\..*/{NAMES.bootstrap_images}@sha256:\w+", image)
    task = account.ask("ecs.describe_task_definition", taskDefinition="milequest-starter-server")["taskDefinition"]
    images = {one["name"]: one["image"] for one in task["containerDefinitions"]}
    assert {images[name] for name in ("role", "migrate", "server")} == {image}
    assert asked == [READY]
    assert main(command) == 0, capsys.readouterr().out
    assert len(re.findall(r"^    unchanged in", capsys.readouterr().out, re.MULTILINE)) == 5
    assert [line.split()[0] for line in docker.read_text().splitlines()] == ["info", "build", "login", "push", "info"]


def _answer_for_the_internet(account: Account, monkeypatch: pytest.MonkeyPatch, asked: list[str]) -> None:
    """Delegate the domain at the second look, and answer 200 at its name; `asked` has the addresses."""
    looks: list[str] = []

    def name_servers(domain: str) -> frozenset[str]:
        looks.append(domain)
        zone = account.ask("ssm.get_parameter", Name=ZONE)["Parameter"]["Value"]
        found = account.ask("route53.get_hosted_zone", Id=zone)["DelegationSet"]["NameServers"]
        return frozenset(name.rstrip(".") for name in found) if len(looks) > 1 else frozenset()

    def urlopen(url: str, timeout: float) -> Any:
        asked.append(url)
        return nullcontext(SimpleNamespace(status=200))

    monkeypatch.setattr("infra.deploy.deploying.name_servers", name_servers)
    monkeypatch.setattr(urllib.request, "urlopen", urlopen)


def test_deployment_of_the_starter_that_is_killed_anywhere_is_finished_by_the_next(
    account: Account, templates: Path
) -> None:
    zone = account.ask("route53.create_hosted_zone", Name=STARTER.domain, CallerReference="1")["HostedZone"]["Id"]
    account.ask("ssm.put_parameter", Name=ZONE, Value=zone.rpartition("/")[2], Type="String")
    account.ask("ssm.put_parameter", Name=NAMES.parameter(SERVER_IMAGE), Value="a/b@sha256:1", Type="String")
    dice = random.Random(11)
    for _ in range(4):
        process = account.start(templates, "--unchecked", "--only", "starter")
        time.sleep(dice.uniform(0.6, 3))
        process.kill()
        process.communicate()
    account.deploy(templates, "--unchecked", "--only", "starter")
    assert account.states() == {"starter": "CREATE_COMPLETE"}
    assert account.deploy(templates, "--unchecked", "--only", "starter").count("unchanged in") == 1
    said = account.deploy(templates, "--destroy", "--yes")
    assert f"kept: stack starter in {REGION}, whose deletion is prevented" in said
    assert account.states() == {"starter": "CREATE_COMPLETE"}


def test_dry_run_of_the_starter_says_what_is_missing_and_what_it_costs(
    account: Account, docker: Path, templates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_FAILS", "info")
    said = account.deploy(templates, "--dry-run", fails=True)
    for role in ("ECS", "RDS"):
        assert f"aws iam create-service-linked-role --aws-service-name {role.lower()}.amazonaws.com" in said
    assert "error: docker info failed: no space left on device" in said
    assert "ElastiCache" not in said, "it has none"
    (cost,) = re.findall(r"^When nobody comes it costs about \$(\d+) a month", said, re.MULTILINE)
    assert 30 < int(cost) < 60
    assert account.states() == {}
