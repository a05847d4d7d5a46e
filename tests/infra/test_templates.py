"""Rules for every resource of every environment."""

import json

import pytest

from infra.config import ENVIRONMENTS
from tests.infra.assembly import Assembly, Resource, run_tool

STATEFUL = {
    "AWS::DynamoDB::GlobalTable",
    "AWS::S3::Bucket",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::RDS::GlobalCluster",
    "AWS::ElastiCache::ServerlessCache",
    "AWS::Cognito::UserPool",
    "AWS::KMS::Key",
    "AWS::KMS::ReplicaKey",
    "AWS::SecretsManager::Secret",
    "AWS::Route53::HostedZone",
    "AWS::ECR::Repository",
    "AWS::Backup::BackupVault",
}
MOST_RESOURCES = 400
MOST_RULES = 23  # whose findings may be acknowledged; seven are of the starter environment alone, which saves
LINT = "from cfnlint.runner import main; main()"
REDUNDANT = "W3005"  # the library waits for what a reference waits for already
PUBLIC = ("0.0.0.0/0", "::/0")


def test_every_stack_of_every_environment_is_there(assembly: Assembly) -> None:
    for environment in ENVIRONMENTS:
        for region in environment.regions:
            stacks = [name for name in assembly.templates if name.endswith(region.name) and environment.name in name]
            assert len(stacks) >= (17 if region.primary else 10), stacks


def test_templates_have_no_unacknowledged_findings(assembly: Assembly) -> None:
    assert assembly.findings() == []


def test_few_rules_are_acknowledged_and_each_has_a_reason(assembly: Assembly) -> None:
    packs = ("AwsSolutions-", "Serverless-")  # the library acknowledges a rule of CloudFormation's by itself
    acknowledged = {rule: reasons for rule, reasons in assembly.acknowledged().items() if rule.startswith(packs)}
    assert len(acknowledged) < MOST_RULES, sorted(acknowledged)
    assert [rule for rule, reasons in acknowledged.items() if any(len(reason) < 20 for reason in reasons)] == []


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2"])
def test_cfn_lint_finds_nothing(assembly: Assembly, region: str) -> None:
    files = sorted(assembly.folder.glob(f"*-{region}.template.json"))
    ran = run_tool("-c", LINT, "--regions", region, "--ignore-checks", REDUNDANT, "--", *files)
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr


def test_no_stack_is_near_the_limit(assembly: Assembly) -> None:
    large = {stack for stack, body in assembly.templates.items() if len(body["Resources"]) >= MOST_RESOURCES}
    assert large == set()


def test_every_queue_has_a_dead_letter_queue_or_is_one(assembly: Assembly) -> None:
    queues = list(assembly.resources("AWS::SQS::Queue"))
    dead = {
        (queue.stack, queue.properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0])
        for queue in queues
        if "RedrivePolicy" in queue.properties
    }
    alone = [str(queue) for queue in queues if "RedrivePolicy" not in queue.properties and not _holds_failures(queue)]
    assert alone == []
    assert len(dead) >= 12


def _holds_failures(queue: Resource) -> bool:
    name = queue.properties["QueueName"].removesuffix(".fifo")
    return bool(name.endswith(("-dead", "-failed", "-undelivered")))


def test_dead_letter_queues_have_an_alarm_that_pages(assembly: Assembly) -> None:
    watched = {
        (alarm.stack, dimension["Value"]["Fn::GetAtt"][0])
        for alarm in assembly.resources("AWS::CloudWatch::Alarm")
        for dimension in alarm.properties.get("Dimensions", [])
        if dimension["Name"] == "QueueName" and "page" in json.dumps(alarm.properties["AlarmActions"])
    }
    queues = [queue for queue in assembly.resources("AWS::SQS::Queue") if _holds_failures(queue)]
    assert [str(queue) for queue in queues if (queue.stack, queue.id) not in watched] == []


def test_every_function_has_an_alarm_and_logs_that_end(assembly: Assembly) -> None:
    alarms: dict[str, str] = {}
    for alarm in assembly.resources("AWS::CloudWatch::Alarm"):
        alarms[alarm.stack] = alarms.get(alarm.stack, "") + json.dumps(alarm.properties)
    ended = {
        (group.stack, group.id)
        for group in assembly.resources("AWS::Logs::LogGroup")
        if "RetentionInDays" in group.properties
    }
    functions = list(assembly.resources("AWS::Lambda::Function"))
    assert functions
    for function in functions:
        assert f'"{function.id}"' in alarms.get(function.stack, ""), f"{function} has no alarm"
        group = function.properties["LoggingConfig"]["LogGroup"]["Ref"]
        assert (function.stack, group) in ended, f"{function} logs for ever"
        assert function.properties["TracingConfig"] == {"Mode": "Active"}, str(function)
        assert function.properties["Architectures"] == ["arm64"], str(function)


def test_no_log_group_is_kept_for_ever(assembly: Assembly) -> None:
    groups = assembly.resources("AWS::Logs::LogGroup")
    assert [str(group) for group in groups if "RetentionInDays" not in group.properties] == []


def test_no_bucket_is_public_or_unencrypted(assembly: Assembly) -> None:
    for bucket in assembly.resources("AWS::S3::Bucket"):
        assert set(bucket.properties["PublicAccessBlockConfiguration"].values()) == {True}, str(bucket)
        assert "BucketEncryption" in bucket.properties, str(bucket)
    for policy in assembly.resources("AWS::S3::BucketPolicy"):
        text = json.dumps(policy.properties["PolicyDocument"])
        assert "aws:SecureTransport" in text, str(policy)
        everyone = [
            statement
            for statement in policy.properties["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Allow" and statement["Principal"] in ("*", {"AWS": "*"})
        ]
        assert everyone == [], str(policy)


def test_no_security_group_lets_the_world_in(assembly: Assembly) -> None:
    rules = [rule.properties | {"at": str(rule)} for rule in assembly.resources("AWS::EC2::SecurityGroupIngress")]
    for group in assembly.resources("AWS::EC2::SecurityGroup"):
        rules += [rule | {"at": str(group)} for rule in group.properties.get("SecurityGroupIngress", [])]
    assert rules
    assert [rule["at"] for rule in rules if rule.get("CidrIp", rule.get("CidrIpv6")) in PUBLIC] == []


def test_resources_with_data_are_retained_when_their_stack_is_deleted(assembly: Assembly) -> None:
    stateful = list(assembly.resources(*STATEFUL))
    kinds = {resource.type for resource in stateful}
    assert kinds == STATEFUL
    lost = [str(one) for one in stateful if one.body.get("DeletionPolicy") not in ("Retain", "RetainExceptOnCreate")]
    assert lost == []


def test_stacks_with_data_cannot_be_deleted_by_mistake(assembly: Assembly) -> None:
    manifest = json.loads((assembly.folder / "manifest.json").read_text())["artifacts"]
    only_logs = ("edge", "fleet")  # whose buckets hold logs alone, and stay
    for resource in assembly.resources(*STATEFUL - {"AWS::KMS::Key"}):
        if resource.stack.split("-")[2] not in only_logs:
            assert manifest[resource.stack]["properties"].get("terminationProtection"), str(resource)


def test_every_handler_of_the_templates_is_importable(assembly: Assembly) -> None:
    """Handlers are `module.function`."""
    from importlib import import_module
    from importlib.util import find_spec

    missing = set()
    for function in assembly.resources("AWS::Lambda::Function"):
        module, _, name = function.properties["Handler"].rpartition(".")
        if find_spec(module) is None:
            missing.add(module)
        else:
            assert callable(getattr(import_module(module), name, None)), function.properties["Handler"]
    assert missing == set()
