"""Rules of CloudFormation and the services at a deployment, which neither linters nor a local AWS enforce."""

import json
from collections.abc import Iterator
from typing import Any

from tests.infra.assembly import Assembly, Resource

DIMENSIONS = {
    ("AWS/ApiGateway", "5XXError"): {"ApiName"},
    ("AWS/ApiGateway", "Count"): {"ApiName"},
    ("AWS/ApiGateway", "Latency"): {"ApiName"},
    ("AWS/DynamoDB", "ReadThrottleEvents"): {"TableName"},  # but ThrottledRequests by Operation too
    ("AWS/DynamoDB", "WriteThrottleEvents"): {"TableName"},
    ("AWS/ElastiCache", "ThrottledCmds"): {"clusterId"},
    ("AWS/Lambda", "ConcurrentExecutions"): set[str](),
    ("AWS/Lambda", "Errors"): {"FunctionName"},
    ("AWS/Lambda", "Invocations"): {"FunctionName"},
    ("AWS/Lambda", "IteratorAge"): {"FunctionName"},
    ("AWS/Lambda", "Throttles"): {"FunctionName"},
    ("AWS/RDS", "ACUUtilization"): {"DBClusterIdentifier"},
    ("AWS/RDS", "AuroraGlobalDBRPOLag"): {"DBClusterIdentifier"},
    ("AWS/Route53", "HealthCheckStatus"): {"HealthCheckId"},
    ("AWS/S3", "OperationsPendingReplication"): {"SourceBucket", "DestinationBucket", "RuleId"},
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): {"QueueName"},
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): {"QueueName"},
}
"""Dimensions by which a service publishes a metric, by the page on its metrics: by others there are never data."""


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


def test_retained_resource_is_deleted_when_its_creation_fails(assembly: Assembly) -> None:
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


def test_queue_feeds_a_function_at_no_more_places_than_are_reserved(assembly: Assembly) -> None:
    """Source: AWS Knowledge Center, lambda-sqs-scaling: mappings don't count reserved concurrency; throttled receives
    count as tries, and messages land among the dead ones.
    """
    reserved = {
        (one.stack, one.id): one.properties["ReservedConcurrentExecutions"]
        for one in assembly.resources("AWS::Lambda::Function")
        if "ReservedConcurrentExecutions" in one.properties
    }
    fed = [
        (mapping, most)
        for mapping in assembly.resources("AWS::Lambda::EventSourceMapping")
        if ":sqs:" in json.dumps(mapping.properties["EventSourceArn"])
        for (stack, function), most in reserved.items()
        if stack == mapping.stack and function.startswith(mapping.id.partition("Feed")[0])
    ]
    assert len(fed) >= 3
    for mapping, most in fed:
        assert 2 <= mapping.properties["ScalingConfig"]["MaximumConcurrency"] <= most, str(mapping)


def test_release_does_not_set_how_many_tasks_scaling_has_chosen(assembly: Assembly) -> None:
    """Source: aws/containers-roadmap#187: an update of the service sets DesiredCount again, whatever the load."""
    scaled = {one.stack for one in assembly.resources("AWS::ApplicationAutoScaling::ScalableTarget")}
    services = [one for one in assembly.resources("AWS::ECS::Service") if one.stack in scaled]
    assert services
    assert [str(one) for one in services if "DesiredCount" in one.properties] == []


def watched(alarm: Resource) -> Iterator[dict[str, Any]]:
    """Yield the metrics of an alarm, or of its expression."""
    if "MetricName" in alarm.properties:
        yield alarm.properties
    for one in alarm.properties.get("Metrics", ()):
        if "MetricStat" in one:
            yield one["MetricStat"]["Metric"]


def test_alarm_watches_metrics_by_the_dimensions_that_they_are_published_with(assembly: Assembly) -> None:
    seen = set()
    for alarm in assembly.resources("AWS::CloudWatch::Alarm"):
        for metric in watched(alarm):
            name = metric["Namespace"], metric["MetricName"]
            if metric["Namespace"].startswith("AWS/"):
                assert {one["Name"] for one in metric.get("Dimensions", ())} == DIMENSIONS[name], str(alarm)
                seen.add(name)
    assert seen == DIMENSIONS.keys()


def test_alarm_on_a_clusters_lag_ends_when_the_cluster_is_promoted(assembly: Assembly) -> None:
    """A promoted cluster publishes no lag; missing data that breach would page for ever."""
    lags = [one for one in assembly.resources("AWS::CloudWatch::Alarm") if "AuroraGlobalDBRPOLag" in one.text]
    assert [one.properties["TreatMissingData"] for one in lags] == ["ignore"]


def test_link_to_the_balancer_may_send_to_it(assembly: Assembly) -> None:
    """Source: aws-cdk#998, #987: a group with one rule for what goes out lets nothing else out."""
    for link in assembly.of("fleet", "AWS::ApiGatewayV2::VpcLink"):
        (group,) = link.properties["SecurityGroupIds"]
        assert "networklinkgroup" in json.dumps(group), str(link)
    rules = [one for one in assembly.of("network", "AWS::EC2::SecurityGroupEgress") if "Tierslink" in one.id]
    networks = {one.stack for one in assembly.of("network", "AWS::EC2::VPC")}
    assert {one.stack for one in rules} == networks
    for one in rules:
        assert (one.properties["FromPort"], one.properties["ToPort"]) == (443, 443)
        assert "Tiersbalancer" in json.dumps(one.properties["DestinationSecurityGroupId"])


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
