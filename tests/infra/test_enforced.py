"""What CloudFormation and the services enforce at a deployment, and neither linters nor a local AWS do."""

import json
from collections.abc import Iterator

from tests.infra.assembly import Assembly, Resource


def depends_on(one: Resource) -> set[str]:
    """Return the ids of the resources that one waits for, directly."""
    given = one.body.get("DependsOn", [])
    return {given} if isinstance(given, str) else set(given)


def grants(assembly: Assembly, stack: str, action: str) -> Iterator[Resource]:
    """Yield the policies of a stack that grant an action."""
    for policy in assembly.resources("AWS::IAM::Policy"):
        if policy.stack == stack and f'"{action}"' in policy.text:
            yield policy


def test_target_of_a_proxy_waits_for_the_instances(assembly: Assembly) -> None:
    """Source: aws-cdk#11311, #31304: CREATE_FAILED while no instance is AVAILABLE."""
    targets = list(assembly.resources("AWS::RDS::DBProxyTargetGroup"))
    assert targets
    for target in targets:
        instances = {one.id for one in assembly.resources("AWS::RDS::DBInstance") if one.stack == target.stack}
        assert instances
        assert instances <= depends_on(target), str(target)


def test_function_in_the_network_waits_for_its_permission_to_make_interfaces(assembly: Assembly) -> None:
    """Source: aws-cdk#11604, #7998: Lambda makes the interface while the function is created."""
    inside = [one for one in assembly.resources("AWS::Lambda::Function") if "VpcConfig" in one.properties]
    assert len(inside) > 20
    for function in inside:
        role = json.dumps(function.properties["Role"])
        allowing = {
            policy.id
            for policy in grants(assembly, function.stack, "ec2:CreateNetworkInterface")
            if any(one["Ref"] in role for one in policy.properties["Roles"])
        }
        assert allowing, str(function)
        assert allowing <= depends_on(function), str(function)


def test_what_is_kept_goes_with_a_creation_that_failed(assembly: Assembly) -> None:
    """Source: CloudFormation's DeletionPolicy: what Retain leaves behind has its fixed name, so no creation follows."""
    kept = [one for one in assembly.resources() if one.body.get("DeletionPolicy") not in (None, "Delete", "Snapshot")]
    assert len(kept) > 40
    assert [str(one) for one in kept if one.body["DeletionPolicy"] != "RetainExceptOnCreate"] == []
    assert [str(one) for one in kept if one.body.get("UpdateReplacePolicy") != "Retain"] == []


def senders(assembly: Assembly) -> Iterator[tuple[str, Resource, str]]:
    """Yield services that send what they cannot deliver to a queue, with the resource that says so and its text."""
    for rule in assembly.resources("AWS::Events::Rule"):
        for target in rule.properties["Targets"]:
            if "DeadLetterConfig" in target:
                yield "events.amazonaws.com", rule, json.dumps(target["DeadLetterConfig"])
    for subscription in assembly.resources("AWS::SNS::Subscription"):
        if "RedrivePolicy" in subscription.properties:
            yield "sns.amazonaws.com", subscription, json.dumps(subscription.properties["RedrivePolicy"])


def test_queue_of_what_is_undelivered_takes_it_of_each_service_that_sends(assembly: Assembly) -> None:
    """Source: EventBridge's and SNS's pages on dead-letter queues: the queue's own policy has to allow the service."""
    queues = list(assembly.resources("AWS::SQS::Queue"))
    policies = list(assembly.resources("AWS::SQS::QueuePolicy"))
    sending = list(senders(assembly))
    assert len({service for service, _, _ in sending}) == 2
    for service, sender, text in sending:
        region = sender.stack.partition("-" + sender.stack.split("-")[2] + "-")[2]
        (queue,) = [
            one
            for one in queues
            if one.properties["QueueName"] in text and one.environment == sender.environment and region in one.stack
        ]
        allowed = [
            statement["Principal"].get("Service")
            for policy in policies
            if policy.stack == queue.stack and {"Ref": queue.id} in policy.properties["Queues"]
            for statement in policy.properties["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Allow" and statement["Action"] == "sqs:SendMessage"
        ]
        assert service in allowed, str(sender)


def test_alarm_tells_of_its_end_whom_it_told_of_its_beginning(assembly: Assembly) -> None:
    """Source: PagerDuty's integration with CloudWatch: an incident is resolved by the OK action alone."""
    told = [one for one in assembly.resources("AWS::CloudWatch::Alarm") if "AlarmActions" in one.properties]
    assert len(told) > 100
    assert [str(one) for one in told if one.properties.get("OKActions") != one.properties["AlarmActions"]] == []


def test_secondary_cluster_is_not_asked_for_a_writers_endpoint(assembly: Assembly) -> None:
    """Source: terraform-provider-aws#14219: a global secondary has no writer's endpoint until it is promoted."""
    clusters = [one for one in assembly.resources("AWS::RDS::DBCluster") if "GlobalClusterIdentifier" in one.properties]
    secondary = [one for one in clusters if "MasterUsername" not in one.properties]
    assert secondary
    for cluster in secondary:
        asked = {"Fn::GetAtt": [cluster.id, "Endpoint.Address"]}
        whole = json.dumps(assembly.templates[cluster.stack])
        assert json.dumps(asked) not in whole, str(cluster)
        assert '{"Fn::Split": ["cluster-ro-"' in whole
