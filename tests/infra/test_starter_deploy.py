"""The steps that deploy the starter environment, and the image that docker builds and pushes."""

import base64
import json
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from infra.deploy.cloud_assembly import CloudAssembly
from infra.deploy.cloudformation import DeploymentError
from infra.deploy.deploy_steps import StepRunner
from infra.deploy.deployment_plan import ImageStep, ReadyStep, StackStep, ZoneStep, starter_plan
from infra.deploy.server_image import ServerImage, image_tag
from infra.starter_environment import STARTER
from milequest.settings import PROJECT
from tests.fakes.docker import put_on_path
from tests.infra.assembly import Assembly

REGION = STARTER.region.name
REGISTRY = f"{STARTER.account}.dkr.ecr.{REGION}.amazonaws.com"


class Registry:
    """ECR as far as it is asked: an image is there once docker has pushed it."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def get_authorization_token(self) -> dict[str, Any]:
        """Return a token."""
        token = base64.b64encode(b"AWS:secret").decode()
        return {"authorizationData": [{"proxyEndpoint": f"https://{REGISTRY}", "authorizationToken": token}]}

    def batch_get_image(self, **given: Any) -> dict[str, Any]:
        """Return the digest of what was pushed."""
        is_there = "push " in self._log.read_text()
        return {"images": [{"imageId": {"imageDigest": "sha256:1"}}] if is_there else []}


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a docker on the path that writes its arguments down; return where."""
    return put_on_path(tmp_path, monkeypatch)


def test_image_is_built_for_arm_and_pushed_once(log: Path) -> None:
    image = ServerImage(Registry(log), "images", "milequest-1", print)
    assert [image.pushed(), image.pushed()] == [f"{REGISTRY}/images@sha256:1"] * 2
    built, signed_in, pushed = log.read_text().splitlines()
    assert built.split() == [
        "build",
        "--platform",
        "linux/arm64",
        "--tag",
        f"{REGISTRY}/images:milequest-1",
        str(PROJECT),
    ]
    assert signed_in.split() == ["login", "--username", "AWS", "--password-stdin", REGISTRY, "secret"]
    assert pushed.split() == ["push", f"{REGISTRY}/images:milequest-1"]


def test_image_that_cannot_be_built_ends_the_step_with_what_docker_says(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_FAILS", "build")
    with pytest.raises(DeploymentError, match=r"docker build failed: no space left on device; .*binfmt"):
        ServerImage(Registry(log), "images", "milequest-1", print).pushed()


def test_tag_of_an_image_is_of_every_file_that_it_copies(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM x\nCOPY one two/ ./\nCOPY --from=made /x /x\n")
    (tmp_path / "two").mkdir()
    tags = set()
    for file, text in (("one", "1"), ("two/a", "1"), ("two/a", "2"), ("two/b", ""), ("other", "")):
        (tmp_path / "one").touch()
        (tmp_path / file).write_text(text)
        tags.add(image_tag(tmp_path))
    assert len(tags) == 4, "another file is not in the image"
    assert image_tag() == image_tag()


@pytest.mark.parametrize("zones", [[], ["another.example."], [f"{STARTER.domain}."]])
def test_zone_is_made_unless_the_domain_has_one(zones: list[str]) -> None:
    made: list[str] = []
    told: dict[str, str] = {}

    class Aws:
        def list_hosted_zones_by_name(self, **given: Any) -> Any:
            return {"HostedZones": [{"Name": name, "Id": "/hostedzone/OLD", "Config": {}} for name in zones]}

        def create_hosted_zone(self, **given: str) -> Any:
            made.append(given["Name"])
            return {"HostedZone": {"Id": "/hostedzone/NEW"}}

        def get_parameter(self, **given: str) -> Any:
            if given["Name"] not in told:
                raise ClientError({"Error": {"Code": "ParameterNotFound"}}, "GetParameter")
            return {"Parameter": {"Value": told[given["Name"]]}}

        def put_parameter(self, **given: Any) -> None:
            told[given["Name"]] = given["Value"]

    runner = StepRunner(STARTER, cast(CloudAssembly, None), lambda *_: Aws(), print, lambda _: frozenset(), 0)
    assert runner.run(ZoneStep(REGION, STARTER.domain)) == "done"
    is_own = zones == [f"{STARTER.domain}."]
    assert told == {"/milequest/starter/global/zone": "OLD" if is_own else "NEW"}
    assert made == ([] if is_own else [STARTER.domain])


def test_stack_of_the_starter_reads_what_the_steps_before_it_have_set(assembly: Assembly) -> None:
    steps = starter_plan(STARTER)
    known = CloudAssembly(assembly.folder, "starter").known()
    assert [(one.region, one.name) for one in steps if isinstance(one, StackStep)] == list(known)
    (template,) = [body for name, body in assembly.templates.items() if name.startswith("milequest-starter")]
    read = {one.get("Default") for one in template["Parameters"].values()} - {"/cdk-bootstrap/hnb659fds/version"}
    assert read == {"/milequest/starter/global/zone", "/milequest/starter/pipeline/server-image"}
    names = [type(step) for step in steps]
    assert names.index(ZoneStep) < names.index(ImageStep) < names.index(StackStep)
    assert names[-1] is ReadyStep
    assert json.dumps(template).count("api.") >= 1
