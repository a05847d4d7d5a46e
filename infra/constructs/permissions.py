"""Permissions: one helper for grants, and one for the findings of cdk-nag and checkov that are accepted."""

from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct


def allow(role: iam.IRole, actions: str, *resources: str, because: str = "") -> None:
    """Let a role do `actions` ("dynamodb:GetItem dynamodb:PutItem") with `resources`.

    The library's own grants add wildcards of their own. A resource with a `*` needs its reason.
    """
    names = actions.split()
    assert not [name for name in names if "*" in name], f"say which actions: {actions}"
    wild = [resource for resource in resources if "*" in resource]
    assert because or not wild, f"say why {wild} have a wildcard"
    role.add_to_principal_policy(iam.PolicyStatement(actions=names, resources=list(resources)))
    for resource in wild:
        acknowledge(role, f"AwsSolutions-IAM5[Resource::{_plain(cdk.Stack.of(role).resolve(resource))}]", because)


def _plain(value: Any) -> str:
    """Return a resolved value as cdk-nag writes it: values known only at deployment in angle brackets."""
    if isinstance(value, str):
        return value.replace("${", "<").replace("}", ">")
    if "Ref" in value:
        return f"<{value['Ref']}>"
    if "Fn::GetAtt" in value:
        return f"<{'.'.join(value['Fn::GetAtt'])}>"
    return "".join(_plain(part) for part in value["Fn::Join"][1])


def acknowledge(construct: IConstruct, rule: str, because: str) -> None:
    """Acknowledge a finding of cdk-nag about a construct, or its children, with the reason.

    One of checkov (`CKV_…`), which reads templates, is about the construct's own resource.
    """
    if rule.startswith("CKV_"):
        resource = cast(cdk.CfnResource, construct.node.default_child or construct)
        others = (resource.get_metadata("checkov") or {"skip": []})["skip"]
        resource.add_metadata("checkov", {"skip": [*others, {"id": rule, "comment": because}]})
        return
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=rule, reason=because))


def service_role(scope: Construct, id: str, service: str) -> iam.Role:
    """Return a role of an AWS service, without permissions yet."""
    return iam.Role(scope, id, assumed_by=iam.ServicePrincipal(f"{service}.amazonaws.com"))
