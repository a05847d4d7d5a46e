"""Rules of CloudFormation and the services at a deployment: none is broken, and each is seen where it would be."""

import copy
from collections.abc import Callable, Iterator

import pytest

from infra.rules import (
    RULES,
    Rule,
    account_rules,
    alarm_rules,
    backup_rules,
    creation_rules,
    findings,
    message_rules,
    network_rules,
    privacy_rules,
)
from infra.rules.synthesized import Body, Resource, Templates
from tests.infra.assembly import Assembly

CANARY = "CodeDeployDefault.LambdaCanary10Percent"
Break = Callable[[Templates], object]


def all_of(type: str, *, stack: str = "") -> Callable[[Templates], Iterator[Resource]]:
    """Return a function that yields the resources of a type, of one stack if it is given."""
    return lambda templates: (one for one in templates.resources(type) if stack in one.stack)


def without(type: str, name: str, *, stack: str = "") -> Break:
    """Return a fault: no resource of the type has the property."""
    return lambda templates: [one.properties.pop(name, None) for one in all_of(type, stack=stack)(templates)]


def given(type: str, name: str, value: object, *, stack: str = "") -> Break:
    """Return a fault: each resource of the type has a wrong value."""
    return lambda templates: [one.properties.update({name: value}) for one in all_of(type, stack=stack)(templates)]


def unordered(type: str) -> Break:
    """Return a fault: no resource of the type waits for another."""
    return lambda templates: [one.body.pop("DependsOn", None) for one in all_of(type)(templates)]


def cut(type: str, text: str = "") -> Break:
    """Return a fault: there is no resource of the type with the text."""

    def fault(templates: Templates) -> None:
        for one in list(templates.resources(type)):
            if text in one.text + one.id:
                del templates.templates[one.stack]["Resources"][one.id]

    return fault


def kept_for_ever(templates: Templates) -> None:
    """Keep tables also when their creation failed."""
    for one in templates.resources("AWS::DynamoDB::GlobalTable"):
        one.body["DeletionPolicy"] = "Retain"


def written_to(templates: Templates) -> None:
    """Let each path of CloudFront take writes."""
    for one in templates.resources("AWS::CloudFront::Distribution"):
        for behavior in one.properties["DistributionConfig"].get("CacheBehaviors", ()):
            behavior["AllowedMethods"] = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]


def grouped_with_itself(templates: Templates) -> None:
    """Let the second origin of each group be the first one again."""
    for one in templates.resources("AWS::CloudFront::Distribution"):
        for group in one.properties["DistributionConfig"].get("OriginGroups", {"Items": []})["Items"]:
            first, second = group["Members"]["Items"]
            second["OriginId"] = first["OriginId"]


def asked_for_a_writer(templates: Templates) -> None:
    """Share the writer's endpoint of each cluster."""
    for one in list(templates.resources("AWS::RDS::DBCluster")):
        value = {"Fn::GetAtt": [one.id, "Endpoint.Address"]}
        parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}
        templates.templates[one.stack]["Resources"]["Writer"] = parameter


def made(stack: str, type: str, properties: Body) -> Break:
    """Return a fault: production's stack has one more resource."""
    name = f"milequest-production-{stack}-us-east-1"
    one = {"Type": type, "Properties": properties}
    return lambda templates: templates.templates[name]["Resources"].update({"Made": one})


def kept_for(days: int | None, *, copies: bool = True, sources: bool = True) -> Break:
    """Return a fault: backups, their copies, or both are kept for another number of days, or for ever."""

    def fault(templates: Templates) -> None:
        for plan in templates.resources("AWS::Backup::BackupPlan"):
            for rule in plan.properties["BackupPlan"]["BackupPlanRule"]:
                for one in (*([rule] if sources else []), *(rule["CopyActions"] if copies else [])):
                    one["Lifecycle"] = {} if days is None else {"DeleteAfterDays": days}

    return fault


def planned(**changes: object) -> Break:
    """Return a fault: each rule of each plan for backups has a wrong value."""
    return lambda templates: [
        rule.update(changes)
        for plan in templates.resources("AWS::Backup::BackupPlan")
        for rule in plan.properties["BackupPlan"]["BackupPlanRule"]
    ]


def unhooked(templates: Templates) -> None:
    """Shift to new versions that nobody has tried."""
    for one in templates.resources("AWS::Lambda::Alias"):
        one.body.get("UpdatePolicy", {}).get("CodeDeployLambdaAliasUpdate", {}).pop("BeforeAllowTrafficHook", None)


FAULTS: dict[Rule, tuple[Break, ...]] = {
    creation_rules.target_of_a_proxy_waits_for_the_instances: (unordered("AWS::RDS::DBProxyTargetGroup"),),
    creation_rules.function_in_the_network_may_make_its_interface: (
        unordered("AWS::Lambda::Function"),
        cut("AWS::IAM::Policy", "ec2:CreateNetworkInterface"),
    ),
    creation_rules.kept_resource_goes_when_its_creation_fails: (kept_for_ever,),
    creation_rules.secondary_cluster_is_not_asked_for_a_writer: (asked_for_a_writer,),
    creation_rules.shifter_may_do_what_a_shift_takes: (
        cut("AWS::IAM::Policy", "lambda:UpdateAlias"),
        cut("AWS::IAM::Policy", "lambda:GetProvisionedConcurrencyConfig"),
    ),
    creation_rules.scaled_service_says_no_count: (given("AWS::ECS::Service", "DesiredCount", 2),),
    message_rules.queue_takes_the_undelivered_of_each_service: (
        cut("AWS::SQS::QueuePolicy"),
        lambda templates: [
            statement["Principal"].update(Service="sns.amazonaws.com")
            for policy in templates.resources("AWS::SQS::QueuePolicy")
            for statement in policy.properties["PolicyDocument"]["Statement"]
            if "Service" in statement["Principal"]
        ],
    ),
    message_rules.queue_feeds_no_more_places_than_are_reserved: (
        without("AWS::Lambda::EventSourceMapping", "ScalingConfig"),
        given("AWS::Lambda::EventSourceMapping", "ScalingConfig", {"MaximumConcurrency": 1_000}),
    ),
    alarm_rules.alarm_tells_of_its_end: (
        without("AWS::CloudWatch::Alarm", "OKActions"),
        without("AWS::CloudWatch::CompositeAlarm", "OKActions"),
    ),
    alarm_rules.alarm_tells_somebody: (
        without("AWS::CloudWatch::Alarm", "AlarmActions"),
        without("AWS::CloudWatch::CompositeAlarm", "AlarmActions"),
        cut("AWS::CloudWatch::CompositeAlarm"),
    ),
    alarm_rules.alarm_looks_no_further_back_than_it_may: (
        given("AWS::CloudWatch::Alarm", "EvaluationPeriods", 2_000),
        given("AWS::CloudWatch::Alarm", "EvaluationPeriods", 3, stack="watch"),
    ),
    alarm_rules.alarm_watches_what_is_published: (
        given("AWS::CloudWatch::Alarm", "Dimensions", [{"Name": "Nothing", "Value": "x"}]),
    ),
    alarm_rules.alarm_on_lag_ends_with_a_promotion: (given("AWS::CloudWatch::Alarm", "TreatMissingData", "breaching"),),
    alarm_rules.canary_can_end_a_release: (
        cut("AWS::CodeDeploy::DeploymentGroup"),
        cut("AWS::CloudWatch::Alarm", "ExecutedVersion"),
        unhooked,
        given("AWS::CodeDeploy::DeploymentGroup", "DeploymentConfigName", "CodeDeployDefault.LambdaAllAtOnce"),
        given("AWS::CodeDeploy::DeploymentGroup", "DeploymentConfigName", f"{CANARY}5Minutes"),
        given("AWS::CloudWatch::Alarm", "DatapointsToAlarm", 10),
    ),
    network_rules.link_is_used_by_a_health_check: (
        cut("AWS::Route53::HealthCheck", "servers/standbyz"),
        cut("AWS::ApiGateway::Resource", "standbyz"),
    ),
    network_rules.link_may_send_to_the_balancer: (
        cut("AWS::EC2::SecurityGroupEgress", "Tierslink"),
        given("AWS::ApiGatewayV2::VpcLink", "SecurityGroupIds", ["other"]),
    ),
    network_rules.edge_may_reach_the_balancer: (
        without("AWS::EC2::SecurityGroupIngress", "SourcePrefixListId"),
        without("AWS::EC2::SecurityGroupIngress", "SourcePrefixListId", stack="us-west-2"),
        without("AWS::EC2::SecurityGroupIngress", "SourcePrefixListId", stack="starter"),
        cut("AWS::CloudFront::VpcOrigin", "carriedbalancerthere"),
    ),
    network_rules.group_of_origins_is_only_read_from: (written_to, grouped_with_itself),
    network_rules.subnet_lies_in_a_zone_by_its_id: (
        without("AWS::EC2::Subnet", "AvailabilityZoneId"),
        given("AWS::EC2::Subnet", "AvailabilityZoneId", "use1-az3"),
        given("AWS::EC2::Subnet", "AvailabilityZoneId", "use1-az3", stack="starter"),
        given("AWS::EC2::Subnet", "AvailabilityZone", "us-east-1a"),
    ),
    network_rules.endpoint_is_for_our_roles: (
        without("AWS::EC2::VPCEndpoint", "PolicyDocument"),
        given("AWS::EC2::VPCEndpoint", "PolicyDocument", {"Statement": [{"Action": "*", "Resource": "*"}]}),
    ),
    privacy_rules.database_is_asked_who_it_is: (
        given("AWS::SSM::Parameter", "Value", "postgresql://milequest@host:5433/milequest?sslmode=require"),
        given(
            "AWS::Lambda::Function", "Environment", {"Variables": {"MILEQUEST_DATABASE_URL": "postgresql://host/any"}}
        ),
        given("AWS::ECS::TaskDefinition", "ContainerDefinitions", [{"Environment": [{"Value": "postgresql://h/x"}]}]),
        given("AWS::SecretsManager::Secret", "SecretString", "postgresql://master:password@host/any?sslmode=require"),
    ),
    privacy_rules.database_logs_no_values: (
        given("AWS::RDS::DBClusterParameterGroup", "Parameters", {}),
        given("AWS::RDS::DBParameterGroup", "Parameters", {}),
    ),
    privacy_rules.firewall_is_logged_without_tokens: (
        cut("AWS::WAFv2::LoggingConfiguration"),
        without("AWS::WAFv2::LoggingConfiguration", "RedactedFields"),
        given("AWS::WAFv2::LoggingConfiguration", "LogDestinationConfigs", ["arn:aws:logs:any:1:log-group:firewall"]),
    ),
    backup_rules.database_is_backed_up_apart: (
        cut("AWS::Backup::BackupSelection"),
        without("AWS::Backup::BackupVault", "LockConfiguration"),
        planned(CopyActions=[]),
    ),
    backup_rules.copy_is_kept_as_long_as_its_vault_takes: (
        cut("AWS::Backup::BackupVault", "locked"),
        kept_for(3),
        kept_for(400),
        kept_for(None),
        kept_for(8, sources=False),
        planned(EnableContinuousBackup=True),
    ),
    backup_rules.lock_can_be_taken_off_at_first: (
        given("AWS::Backup::BackupVault", "LockConfiguration", {"MinRetentionDays": 7}),
    ),
    account_rules.pool_sends_mail_by_an_identity_of_ours: (
        cut("AWS::SES::EmailIdentity"),
        cut("AWS::Route53::RecordSet", "DMARC1"),
        cut("AWS::Route53::RecordSet", "CNAME"),
        without("AWS::SES::EmailIdentity", "MailFromAttributes"),
        cut("AWS::SES::ConfigurationSetEventDestination"),
    ),
    account_rules.replica_is_of_a_pool_that_can_have_one: (
        made("identity", "AWS::Cognito::UserPoolReplica", {"RegionName": "us-west-2", "UserPoolId": "any"}),
    ),
    account_rules.monitor_of_services_is_left_to_the_account: (
        made("money", "AWS::CE::AnomalyMonitor", {"MonitorType": "DIMENSIONAL", "MonitorDimension": "SERVICE"}),
    ),
}
"""Faults by the rule that has to find them; they are made in the real templates."""


def test_templates_of_all_environments_break_no_rule(assembly: Assembly) -> None:
    assert list(findings(assembly)) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_finds_each_fault_that_is_made_in_the_templates(assembly: Assembly, rule: Rule) -> None:
    for fault in FAULTS[rule]:
        broken = Templates(copy.deepcopy(assembly.templates))
        fault(broken)
        assert list(rule(broken)) != []


def test_rules_name_their_source() -> None:
    assert [rule.__name__ for rule in RULES if "\n\n    Source: " not in (rule.__doc__ or "")] == []


def test_rule_of_dimensions_knows_no_metric_that_no_alarm_watches(assembly: Assembly) -> None:
    alarms = assembly.resources("AWS::CloudWatch::Alarm")
    seen = {(one["Namespace"], one["MetricName"]) for alarm in alarms for one in alarm_rules.watched(alarm)}
    assert alarm_rules.DIMENSIONS.keys() <= seen
