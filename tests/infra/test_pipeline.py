"""Demands of CodePipeline, CodeBuild and KMS on the pipelines of staging and production."""

import json
import re
from typing import Any

import httpx
import pytest

from infra import packaging
from infra.config import ENVIRONMENTS, PRODUCTION, STAGING, Environment
from infra.constructs.build_commands import SUITE
from infra.names import Names
from milequest.settings import PROJECT
from tests.infra.assembly import Assembly, Resource
from tests.infra.pipelines import actions, allowed, commands, listed, pipeline_of, project, spec, variables

WORKFLOW = (PROJECT / ".github" / "workflows" / "ci.yml").read_text()
BOTH = pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda one: one.name)


def test_build_has_a_machine_of_its_images_processor(assembly: Assembly) -> None:
    """Source: CodeBuild's ProjectEnvironment: an image for ARM starts in ARM_CONTAINER alone."""
    for build in assembly.of("pipeline", "AWS::CodeBuild::Project"):
        machine = build.properties["Environment"]
        assert ("aarch64" in machine["Image"]) == (machine["Type"] == "ARM_CONTAINER"), str(build)
    image = project(assembly, "staging-image").properties["Environment"]
    assert image["Type"] == "ARM_CONTAINER", "the servers on Fargate have ARM"


@pytest.mark.parametrize("name", ["check", "test"])
def test_build_that_checks_has_the_image_and_the_time_of_githubs_run(assembly: Assembly, name: str) -> None:
    """Source: aws/aws-codebuild-docker-images: Amazon Linux has no apt or dpkg, Ubuntu no Chromium to install; 60
    minutes are CodeBuild's default.
    """
    (image,) = re.findall(r"container: (\S+)", WORKFLOW)
    (minutes,) = re.findall(r"timeout-minutes: (\d+)", WORKFLOW)
    build = project(assembly, f"staging-{name}")
    assert build.properties["Environment"]["Image"] == f"public.ecr.aws/docker/library/{image}"
    assert build.properties["TimeoutInMinutes"] >= int(minutes)


def test_build_on_an_image_of_aws_chooses_the_runtimes_python(assembly: Assembly) -> None:
    """Source: runtimes.yml in aws/aws-codebuild-docker-images: without a choice `python3` is its oldest one."""
    of_aws = [
        build
        for build in assembly.of("pipeline", "AWS::CodeBuild::Project")
        if build.properties["Environment"]["Image"].startswith("aws/codebuild/")
    ]
    assert len(of_aws) >= 4
    for build in of_aws:
        assert spec(build)["phases"]["install"] == {"runtime-versions": {"python": packaging.RUNTIME}}, str(build)


def test_build_that_takes_the_source_may_clone_it(assembly: Assembly) -> None:
    """Source: CodePipeline's page on CODEBUILD_CLONE_REF: the build clones, by its own role."""
    taking = [
        action["Configuration"]["ProjectName"].removeprefix("milequest-")
        for action in actions(pipeline_of(assembly, STAGING))
        if {"Name": "source"} in action.get("InputArtifacts", ())
    ]
    assert len(taking) >= 5
    for name in taking:
        may = {action for action, _ in allowed(assembly, project(assembly, name))}
        assert {"codeconnections:UseConnection", "codestar-connections:UseConnection"} <= may, name


@BOTH
def test_pipeline_may_use_the_artifacts_of_each_region_it_deploys_to(
    assembly: Assembly, environment: Environment
) -> None:
    """Source: aws-cdk#3131: for an action of another region CodePipeline copies its artifacts into the bucket there."""
    pipeline = pipeline_of(assembly, environment)
    objects = {resource for action, resource in allowed(assembly, pipeline, "RoleArn") if action == "s3:PutObject"}
    stores = {one["Region"]: one["ArtifactStore"]["Location"] for one in pipeline.properties["ArtifactStores"]}
    assert stores == {region.name: Names(environment, region).bucket("artifacts") for region in environment.regions}
    assert {f"arn:aws:s3:::{bucket}/*" for bucket in stores.values()} <= objects


def test_release_is_encrypted_by_a_key_that_both_accounts_let_staging_use(assembly: Assembly) -> None:
    """Source: KMS's page on other accounts: the key's policy and that of the role both have to allow it."""
    (bucket,) = (
        one
        for one in assembly.of("pipeline", "AWS::S3::Bucket")
        if one.properties["BucketName"] == Names(PRODUCTION, PRODUCTION.primary).bucket("artifacts")
    )
    (rule,) = bucket.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (id, _) = rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]["Fn::GetAtt"]
    policy = assembly.templates[bucket.stack]["Resources"][id]["Properties"]["KeyPolicy"]
    staging = {"AWS": f"arn:aws:iam::{STAGING.account}:root"}
    there = {
        action
        for statement in policy["Statement"]
        if statement["Principal"] == staging
        for action in listed(statement["Action"])
    }
    keys = f"arn:aws:kms:us-east-1:{PRODUCTION.account}:key/*"
    here = {action for action, resource in allowed(assembly, project(assembly, "staging-release")) if resource == keys}
    assert there == here == {"kms:GenerateDataKey", "kms:Decrypt"}  # Decrypt is for uploads in parts


def test_release_of_staging_starts_the_pipeline_of_production(assembly: Assembly) -> None:
    """Source: CodePipeline's page on S3 sources: one that is not polled is started by a rule of EventBridge."""
    released = variables(project(assembly, "staging-release"))["RELEASES"], "release.zip"
    assert "release.zip s3://$RELEASES/release.zip" in commands(project(assembly, "staging-release"))
    source, approval, *_ = actions(pipeline_of(assembly, PRODUCTION))
    assert (source["Configuration"]["S3Bucket"], source["Configuration"]["S3ObjectKey"]) == released
    assert approval["ActionTypeId"]["Category"] == "Approval"
    (rule,) = (
        one
        for one in assembly.of("pipeline", "AWS::Events::Rule")
        if one.properties["EventPattern"]["source"] == ["aws.s3"]
    )
    bucket, key = released
    assert rule.properties["EventPattern"]["detail"] == {"bucket": {"name": [bucket]}, "object": {"key": [key]}}
    (target,) = rule.properties["Targets"]
    assert target["Arn"] == f"arn:aws:codepipeline:us-east-1:{PRODUCTION.account}:milequest-production-pipeline"
    role = Resource(rule.stack, rule.id, rule.type, {"Properties": {"RoleArn": target["RoleArn"]}})
    assert ("codepipeline:StartPipelineExecution", target["Arn"]) in allowed(assembly, role, "RoleArn")
    (told,) = (
        one.properties["NotificationConfiguration"]
        for one in assembly.of("pipeline", "AWS::S3::Bucket")
        if one.properties["BucketName"] == bucket
    )
    assert told == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


@BOTH
@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        ("CodePipeline Pipeline Execution State Change", {"state": ["FAILED"]}),
        ("CodePipeline Action Execution State Change", {"state": ["STARTED"], "type": {"category": ["Approval"]}}),
    ],
)
def test_failure_and_a_waiting_approval_are_told_by_mail_and_chat(
    assembly: Assembly, environment: Environment, kind: str, detail: dict[str, Any]
) -> None:
    """Source: CodePipeline's page on its events, and the schema of custom notifications of Q Developer in chat."""
    (rule,) = (
        one
        for one in assembly.of("pipeline", "AWS::Events::Rule")
        if one.environment == environment.name and one.properties["EventPattern"]["detail-type"] == [kind]
    )
    name = f"milequest-{environment.name}-pipeline"
    assert rule.properties["EventPattern"]["detail"] == {"pipeline": [name], **detail}
    (target,) = rule.properties["Targets"]
    assert target["Arn"].endswith(f":milequest-{environment.name}-ticket")
    given = target["InputTransformer"]
    text = given["InputTemplate"]
    assert set(re.findall(r"<([\w-]+)>", text)) == set(given["InputPathsMap"])
    message = json.loads(text)
    assert (message["version"], message["source"]) == ("1.0", "custom")
    assert message["content"]["description"].startswith("<pipeline> ")


def test_suite_drives_staging_at_the_addresses_that_its_edge_serves(assembly: Assembly) -> None:
    names = [action["Name"] for action in actions(pipeline_of(assembly, STAGING))]
    assert names.index("milequest-staging-watch-us-east-1") < names.index("Drive") < names.index("Release")
    (edge,) = (one for one in assembly.of("edge", "AWS::CloudFront::Distribution") if one.environment == "staging")
    served = edge.properties["DistributionConfig"]
    drive = project(assembly, "staging-end-to-end")
    given = variables(drive)
    api = httpx.URL(given["MQ_END_TO_END_URL"])
    assert (api.scheme, api.path, api.host in served["Aliases"]) == ("https", "/", True)
    sockets = [httpx.URL(address) for address in given["MQ_END_TO_END_SOCKETS"].split()]
    assert {(one.scheme, one.host in served["Aliases"]) for one in sockets} == {("wss", True)}
    behaviors = {one["PathPattern"] for one in served["CacheBehaviors"]} - {"/avatars/*"}
    assert {one.path for one in sockets} == behaviors, "each gateway is driven"
    assert commands(drive).endswith(f"make test FOLDER={SUITE}")
    assert list((PROJECT / SUITE).glob("test_*.py"))


def test_suite_signs_in_as_a_user_whose_password_no_one_keeps(assembly: Assembly) -> None:
    drive = project(assembly, "staging-end-to-end")
    may = {action for action, _ in allowed(assembly, drive) if action.startswith("cognito-idp:")}
    assert may == {"cognito-idp:AdminCreateUser", "cognito-idp:AdminSetUserPassword"}
    assert "MQ_END_TO_END_PASSWORD" not in variables(drive)
    assert "export MQ_END_TO_END_PASSWORD=Aa1-$(openssl rand" in commands(drive)


@BOTH
def test_pipeline_may_see_which_resource_of_a_stack_failed(assembly: Assembly, environment: Environment) -> None:
    """Source: CodePipeline's page on its CloudFormation action: without DescribeStackEvents the message is generic."""
    pipeline = pipeline_of(assembly, environment)
    may = allowed(assembly, pipeline, "RoleArn")
    seen = {resource for action, resource in may if action == "cloudformation:DescribeStackEvents"}
    assert seen == {resource for action, resource in may if action == "cloudformation:UpdateStack"} != set()
