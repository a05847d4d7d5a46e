"""Images of servers, as ECR and CodeBuild demand: built once, copied to production, chosen per region."""

import json
import subprocess
from pathlib import Path

import pytest

from infra.config import ENVIRONMENTS, PRODUCTION, STAGING, Environment
from tests.infra.assembly import Assembly
from tests.infra.pipelines import actions, allowed, commands, pipeline_of, project, spec, variables

BOTH = pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda one: one.name)


def test_production_runs_the_image_that_staging_ran(assembly: Assembly) -> None:
    read = [action for action in actions(pipeline_of(assembly, STAGING)) if action["Name"] == "Release"]
    assert {"Name": "image"} in read[0]["InputArtifacts"]
    assert "$CODEBUILD_SRC_DIR_image/digest" in commands(project(assembly, "staging-release"))
    copy = project(assembly, "production-copy-image")
    theirs = f"arn:aws:ecr:us-east-1:{STAGING.account}:repository/milequest-staging-server"
    pulling = {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}
    assert pulling == {action for action, resource in allowed(assembly, copy) if resource == theirs}
    (repository,) = (one for one in assembly.of("pipeline", "AWS::ECR::Repository") if one.environment == "staging")
    (statement,) = repository.properties["RepositoryPolicyText"]["Statement"]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{PRODUCTION.account}:root"}
    assert set(statement["Action"]) == pulling


@BOTH
def test_image_is_chosen_in_each_region_before_its_servers_are_deployed(
    assembly: Assembly, environment: Environment
) -> None:
    chosen: set[str] = set()
    for action in actions(pipeline_of(assembly, environment)):
        given = action["Configuration"]
        if given.get("ProjectName", "").endswith("-choose-image"):
            assert action["InputArtifacts"] == [{"Name": "image"}]
            (variable,) = json.loads(given["EnvironmentVariables"])
            chosen.add(variable["value"])
        if "-fleet" in given.get("StackName", ""):
            assert action["Region"] in chosen
    assert chosen == {region.name for region in environment.regions}


def test_repository_is_there_in_each_region_and_its_tags_are_never_moved(assembly: Assembly) -> None:
    """Source: ECR's page on replication: where there is no repository it makes one without any of these."""
    repositories = assembly.of("pipeline", "AWS::ECR::Repository")
    assert len(repositories) == sum(len(environment.regions) for environment in ENVIRONMENTS)
    for one in repositories:
        assert one.properties["ImageTagMutability"] == "IMMUTABLE", str(one)
        assert one.properties["ImageScanningConfiguration"] == {"ScanOnPush": True}, str(one)
        assert "LifecyclePolicy" in one.properties, str(one)


AWS_FAKE = """#!/bin/sh
echo "aws $*" >> "$TOOLS/called"
case "$*" in
  *describe-images*) tag=${*##*imageTag=}; cat "$TOOLS/pushed-${tag%% *}" ;;
esac
"""
DOCKER_FAKE = """#!/bin/sh
[ "$1" = login ] && cat > /dev/null
echo "docker $*" >> "$TOOLS/called"
[ "$1" = push ] || exit 0
[ -e "$TOOLS/pushed-${2##*:}" ] && { echo "tag is immutable" >&2; exit 1; }
echo "sha256:$(grep -c . "$TOOLS/called")" > "$TOOLS/pushed-${2##*:}"
"""


@pytest.mark.parametrize(("name", "pushes"), [("staging-image", "4f2a"), ("production-copy-image", "ab12")])
def test_build_of_an_image_that_is_tried_again_hands_on_what_is_pushed(
    assembly: Assembly, tmp_path: Path, name: str, pushes: str
) -> None:
    """Source: ECR's ImageTagAlreadyExistsException: what a tag names is pushed once."""
    build = project(assembly, name)
    for tool, text in (("aws", AWS_FAKE), ("docker", DOCKER_FAKE)):
        (tmp_path / tool).write_text(text)
        (tmp_path / tool).chmod(0o755)
    handed_on = []
    for number in ("first", "second"):
        folder = tmp_path / number
        folder.mkdir()
        (folder / "digest").write_text("sha256:ab12\n")
        environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "TOOLS": str(tmp_path)} | variables(build)
        environ |= {"CODEBUILD_RESOLVED_SOURCE_VERSION": "4f2a"}
        subprocess.run(["sh", "-ec", commands(build)], cwd=folder, env=environ, check=True)
        handed_on.append((folder / spec(build)["artifacts"]["base-directory"] / "digest").read_text())
    called = (tmp_path / "called").read_text()
    assert called.count("docker push") == 1
    assert f"/{variables(build)['REPOSITORY']}:{pushes}\n" in called
    assert handed_on == [(tmp_path / f"pushed-{pushes}").read_text()] * 2
