"""The deploy command on a local AWS: killed anywhere, begun again, after a failed stack; and taking down."""

import io
import json
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from app.environment import tools
from infra.deploy import deploy_steps, deploying
from infra.deploy.cloud_assembly import CloudAssembly
from infra.deploy.cloudformation import DeploymentError
from infra.deploy.deploy_steps import Clients, StepRunner
from infra.deploy.deployment_plan import DelegationStep, MailStep, OwnValuesStep, ReadyStep, ServedStep
from infra.environments_file import VARIABLE
from infra.local import aws
from infra.local.aws import HOME
from tests.fakes.aws import LOCK
from tests.infra.operators_account import REGION, Account, Answering, sign_in

STACKS = ("state", "events", "identity")


@pytest.fixture
def account(templates: Path, tmp_path: Path) -> Iterator[Account]:
    """An account with what earlier stacks would have left there, and no stack."""
    server = tools("aws", LOCK)
    values = {"data/writer-url": "postgresql://nowhere/x", "data/reader-url": "x", "data/cache-url": "x"}
    with aws.running(server, tmp_path) as local:
        aws.deployed(server, local.endpoint, templates, values, tmp_path, without=aws.ORDER)
        account = Account(local.endpoint)
        bucket = f"cdk-hnb659fds-assets-{account.account}-{REGION}"
        account.ask("s3.create_bucket", Bucket=bucket)
        yield account


def test_deployment_that_is_killed_anywhere_is_finished_by_the_next(account: Account, templates: Path) -> None:
    dice = random.Random(11)
    for _ in range(6):
        process = account.start(templates, "--unchecked", "--only", *STACKS)
        time.sleep(dice.uniform(0.6, 3))
        process.kill()
        process.communicate()
    account.deploy(templates, "--unchecked", "--only", *STACKS)
    assert account.states() == dict.fromkeys(STACKS, "CREATE_COMPLETE")
    said = account.deploy(templates, "--unchecked", "--only", *STACKS)
    assert said.count("unchanged in") == len(STACKS)


def test_stack_that_could_never_be_made_is_made_anew(account: Account, templates: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(templates, broken)
    file = broken / f"{HOME.stack('events')}-{REGION}.template.json"
    template = json.loads(file.read_text())
    template["Resources"]["Broken"] = {
        "Type": "AWS::Lambda::Url",
        "Properties": {"TargetFunctionArn": "none", "AuthType": "NONE"},
    }
    file.write_text(json.dumps(template))
    assets = file.with_name(file.name.replace(".template.", ".assets."))
    listed = json.loads(assets.read_text())
    for asset in listed["files"].values():
        if asset["source"]["path"] == file.name:
            for place in asset["destinations"].values():
                place["objectKey"] = "broken.json"  # else it would be taken for the good one
    assets.write_text(json.dumps(listed))
    said = account.deploy(broken, "--unchecked", "--only", "events", fails=True)
    assert "Broken" in said
    assert account.states()["events"].startswith("ROLLBACK")
    account.deploy(templates, "--unchecked", "--only", "events")
    assert account.states()["events"] == "CREATE_COMPLETE"


def test_destroy_deletes_what_may_go_and_lists_what_is_kept(account: Account, templates: Path) -> None:
    said = account.deploy(templates, "--unchecked", "--only", "migrations", "state", fails=True)
    assert "error: milequest-staging-migrations:live failed" in said, "there is no database"
    said = account.deploy(templates, "--destroy", "--yes")
    assert account.states() == {"state": "CREATE_COMPLETE"}
    assert f"kept: stack state in {REGION}, whose deletion is prevented" in said


def test_checks_name_what_is_missing_with_its_remedy(account: Account, templates: Path) -> None:
    said = account.deploy(templates, "--dry-run", fails=True)
    for role in ("ECS", "RDS", "ElastiCache"):
        assert f"error: AWSServiceRoleFor{role} does not exist" in said
        assert f"aws iam create-service-linked-role --aws-service-name {role.lower()}.amazonaws.com" in said
    assert "error: AWS Backup leaves databases alone in us-east-1" in said
    assert "aws backup update-region-settings --region us-east-1" in said
    assert "note: stack watch in us-east-1 is left out until by-hand/pagerduty is set" in said
    assert account.states() == {}


def test_credentials_of_another_account_deploy_nothing(account: Account, templates: Path) -> None:
    said = Account(account.endpoint, "333333333333").deploy(templates, fails=True)
    assert "these are credentials of 333333333333, and staging is 111111111111" in said
    assert account.states() == {}


def test_environment_is_destroyed_in_its_own_account_once_its_name_is_given(
    templates: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deleted: list[str] = []
    monkeypatch.setattr(deploying, "destroy", lambda runner, steps: deleted.append(runner.environment.name))
    asked = ["staging", "--destroy", "--assembly", str(templates)]
    sign_in("333333333333", monkeypatch)
    assert deploying.main(asked, lambda question: "staging") == 1
    assert "error: these are credentials of 333333333333" in capsys.readouterr().out
    sign_in(HOME.environment.account, monkeypatch)
    assert (deploying.main(asked, lambda question: "yes"), deleted) == (1, [])
    assert (deploying.main(asked, lambda question: "staging"), deleted) == (0, ["staging"])


def no_client(service: str, region: str) -> Any:
    """Fail a step that asks AWS."""
    pytest.fail(f"{service} is asked")


def runner_of(
    clients: Clients = no_client,
    tell: Callable[[str], None] = print,
    servers: Callable[[str], frozenset[str]] = lambda domain: frozenset(),
) -> StepRunner:
    """Return a runner of steps that need no templates."""
    return StepRunner(HOME.environment, cast(CloudAssembly, None), clients, tell, servers, 0)


def test_own_values_are_handed_to_the_pipeline_once(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clients(service: str, region: str) -> Any:
        return account.client(service)

    def run() -> str:
        runner = runner_of(clients)
        return runner.run(OwnValuesStep(REGION))

    file = tmp_path / "own.toml"
    file.write_text("[staging]\ndomain = 'staging.example.org'\n" + "# long\n" * 1_000)
    name = "/milequest/staging/pipeline/environments"
    monkeypatch.setenv(VARIABLE, str(file))
    assert [run(), run()] == ["done", "unchanged"]
    assert account.ask("ssm.get_parameter", Name=name)["Parameter"]["Value"] == file.read_text()
    monkeypatch.setenv(VARIABLE, "")
    assert run() == "done"
    assert account.ask("ssm.get_parameter", Name=name)["Parameter"]["Value"] == "# none"


def test_deployment_waits_until_the_domain_is_delegated_and_verified() -> None:
    answers: dict[str, dict[str, list[Any]]] = {
        "route53": {"get_hosted_zone": [{"DelegationSet": {"NameServers": ["B.example.", "a.example"]}}]},
        "ssm": {"get_parameter": [{"Parameter": {"Value": "Z1"}}]},
        "sesv2": {"get_email_identity": [{"VerifiedForSendingStatus": done} for done in (False, False, True)]},
    }
    found = iter([frozenset[str](), frozenset({"a.example"}), frozenset({"a.example", "b.example"})])
    told: list[str] = []

    def clients(service: str, region: str) -> Any:
        return Answering(answers[service])

    runner = runner_of(clients, told.append, lambda domain: next(found))
    assert runner.run(DelegationStep(REGION, "example.org")) == "done"
    assert told[1:] == ["  a.example", "  b.example"]
    assert runner.run(MailStep(REGION, "example.org")) == "done"
    assert answers["sesv2"]["get_email_identity"] == []


@pytest.mark.parametrize(("statuses", "says"), [((503, 503, 200), None), ((503,), "503 no database")])
def test_deployment_ends_once_the_service_is_ready(
    statuses: tuple[int, ...], says: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = list(statuses)

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.end_headers()
            self.wfile.write(b"no database")

    monkeypatch.setattr(deploy_steps, "READY_SECONDS", 60.0 if says is None else 0.0)
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever).start()
        step = ReadyStep(f"http://127.0.0.1:{server.server_port}/readyz")
        runner = runner_of()
        try:
            if says is None:
                assert runner.run(step) == "done"
            else:
                with pytest.raises(DeploymentError, match=says):
                    runner.run(step)
        finally:
            server.shutdown()


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (({"failed": "sign in: 503"}, {}), None),
        (({"failed": "sign in: 503"},), "a client of ours is not served: sign in: 503"),
    ],
)
def test_deployment_ends_once_a_client_of_ours_is_served(
    answers: tuple[dict[str, str], ...], says: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deploy_steps, "READY_SECONDS", 60.0 if says is None else 0.0)
    told = [{"Payload": io.BytesIO(json.dumps(answer).encode())} for answer in answers]
    runner = runner_of(lambda service, region: Answering({"invoke": told}))
    if says is None:
        assert runner.run(ServedStep(REGION)) == "done"
        assert told == []
    else:
        with pytest.raises(DeploymentError, match=says):
            runner.run(ServedStep(REGION))
