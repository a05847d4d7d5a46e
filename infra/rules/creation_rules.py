"""Rules about the order in which resources are created, and what remains of a failed creation."""

import json
from collections.abc import Iterator

from infra.rules.synthesized import Resource, Templates

SHIFTING = (
    "cloudwatch:DescribeAlarms",
    "lambda:GetAlias",
    "lambda:GetProvisionedConcurrencyConfig",
    "lambda:InvokeFunction",
    "lambda:UpdateAlias",
)
INTERFACE = '"ec2:CreateNetworkInterface"'


def target_of_a_proxy_waits_for_the_instances(templates: Templates) -> Iterator[str]:
    """Yield proxies' targets that are created while no instance may be available, and fail.

    Source: aws-cdk#11311, #31304.
    """
    for target in templates.resources("AWS::RDS::DBProxyTargetGroup"):
        instances = {one.id for one in templates.beside(target, "AWS::RDS::DBInstance")}
        if not instances or instances - target.waits_for:
            yield f"{target} does not wait for {sorted(instances - target.waits_for)}"


def function_in_the_network_may_make_its_interface(templates: Templates) -> Iterator[str]:
    """Yield functions in a VPC that are created before their role may make a network interface.

    Source: aws-cdk#11604, #7998: Lambda makes the interface while the function is created.
    """
    for function in templates.resources("AWS::Lambda::Function"):
        if "VpcConfig" in function.properties:
            allowing = set(_policies_with_interfaces(templates, function))
            if not allowing or allowing - function.waits_for:
                yield f"{function} does not wait for the policy with {INTERFACE}"


def _policies_with_interfaces(templates: Templates, function: Resource) -> Iterator[str]:
    role = json.dumps(function.properties["Role"])
    for policy in templates.beside(function, "AWS::IAM::Policy"):
        if INTERFACE in policy.text and any(f'"{one["Ref"]}"' in role for one in policy.properties["Roles"]):
            yield policy.id


def kept_resource_goes_when_its_creation_fails(templates: Templates) -> Iterator[str]:
    """Yield resources whose fixed name is taken after a failed creation, so that no other follows.

    Source: CloudFormation's page on the attribute DeletionPolicy.
    """
    for one in templates.resources():
        policy = one.body.get("DeletionPolicy")
        if policy in (None, "Delete", "Snapshot"):
            continue
        if policy != "RetainExceptOnCreate" or one.body.get("UpdateReplacePolicy") != "Retain":
            yield f"{one} has {policy}"


def secondary_cluster_is_not_asked_for_a_writer(templates: Templates) -> Iterator[str]:
    """Yield global secondaries that are asked for a writer's endpoint, which they have once they are promoted.

    Source: terraform-provider-aws#14219.
    """
    for cluster in templates.resources("AWS::RDS::DBCluster"):
        if "GlobalClusterIdentifier" not in cluster.properties or "MasterUsername" in cluster.properties:
            continue
        whole = json.dumps(templates.templates[cluster.stack])
        if json.dumps({"Fn::GetAtt": [cluster.id, "Endpoint.Address"]}) in whole:
            yield f"{cluster} has no Endpoint.Address"


def scaled_service_says_no_count(templates: Templates) -> Iterator[str]:
    """Yield services that each release sets back to a count, whatever scaling has chosen.

    Source: aws/containers-roadmap#187.
    """
    for service in templates.resources("AWS::ECS::Service"):
        scaled = templates.beside(service, "AWS::ApplicationAutoScaling::ScalableTarget")
        if scaled and "DesiredCount" in service.properties:
            yield f"{service} has a DesiredCount"


def shifter_may_do_what_a_shift_takes(templates: Templates) -> Iterator[str]:
    """Yield deployment groups whose role lacks something that CodeDeploy does for it.

    Source: AWS's own policy for it, AWSCodeDeployRoleForLambdaLimited.
    """
    for group in templates.resources("AWS::CodeDeploy::DeploymentGroup"):
        role = json.dumps(group.properties["ServiceRoleArn"])
        granted = "".join(
            policy.text
            for policy in templates.beside(group, "AWS::IAM::Policy")
            if any(f'"{one["Ref"]}"' in role for one in policy.properties["Roles"])
        )
        lacking = [action for action in SHIFTING if f'"{action}"' not in granted]
        if lacking:
            yield f"{group} may not do {lacking}"
