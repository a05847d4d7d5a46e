"""Each role's permissions as text that a reviewer reads. `ACCEPT_ROLES=1` in the environment rewrites it."""

import os

import pytest

from milequest.settings import PROJECT
from tests.infra.assembly import Assembly
from tests.infra.roles_of import _listed, roles

FOLDER = PROJECT / "tests" / "infra" / "roles"
STACKS = ("staging", "production", "starter")


@pytest.mark.parametrize("environment", STACKS)
def test_roles_are_what_was_read(assembly: Assembly, environment: str) -> None:
    found = {}
    for stack, template in assembly.templates.items():
        if stack.startswith(f"milequest-{environment}-") and (text := roles(template)):
            found[stack.removeprefix("milequest-")] = text
    if os.environ.get("ACCEPT_ROLES"):
        FOLDER.mkdir(exist_ok=True)
        for stack, text in found.items():
            (FOLDER / f"{stack}.txt").write_text(text)
    known = {path.stem: path.read_text() for path in FOLDER.glob(f"{environment}-*.txt")}
    assert found == known, "read what changed, then write it anew with ACCEPT_ROLES=1"


def test_a_wildcard_stands_for_what_has_no_name(assembly: Assembly) -> None:
    """`*` alone is allowed for actions without resources, and nothing else."""
    nameless = {
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
        "ecr:GetAuthorizationToken",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData",
        "cloudwatch:GetMetricStatistics",
        "cloudwatch:ListMetrics",
    }
    for policy in assembly.resources("AWS::IAM::Policy"):
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            actions = set(_listed(statement["Action"]))
            assert not [action for action in actions if "*" in action], f"{policy}: {actions}"
            if "*" in _listed(statement["Resource"]):
                assert actions <= nameless, f"{policy}: {actions - nameless}"
