"""Staging with an operator's own authorizer: exactly the additions to staging's templates."""

from collections import Counter
from pathlib import Path

import pytest

from tests.aws.made import AUTHORIZER
from tests.infra.assembly import Assembly
from tests.infra.staging import functions, lines, name, types, variables

ARN = f"arn:aws:lambda:us-east-1:111111111111:function:{AUTHORIZER}"
PARAMETER = "arn:aws:ssm:us-east-1:111111111111:parameter/milequest/staging/fleet/authorizer"
ASK = {"api": ("api", "auth", "team", "activity", "map"), "live": ("connect", "message")}  # clients send them tokens
VARIABLE = "MILEQUEST_AUTHORIZER"


@pytest.fixture(scope="module")
def authorized(variants: Path) -> Assembly:
    """Return the templates."""
    return Assembly(variants / "authorized")


def test_authorizer_adds_its_invoke_permission_to_client_facing_roles_and_changes_no_other(
    assembly: Assembly, authorized: Assembly
) -> None:
    before, after = lines(assembly), lines(authorized)
    assert before - after == Counter()
    asking = {("fleet", "ServersRole"), *((stack, f"{name}Role") for stack, names in ASK.items() for name in names)}
    assert after - before == Counter(
        {
            **{(*role, f"allow lambda:InvokeFunction on {ARN}"): 1 for role in asking},
            ("fleet", "ServersStarter", f"allow ssm:GetParameters on {PARAMETER}"): 1,
        }
    )


def test_functions_that_look_at_tokens_know_its_name(authorized: Assembly) -> None:
    told = {name(one): variables(one)[VARIABLE] for one in functions(authorized) if VARIABLE in variables(one)}
    assert {*ASK["api"], *ASK["live"], "authorizer"} <= set(told), "the gateway's own lets pass whom it does not know"
    assert set(told.values()) == {ARN}


def test_servers_get_the_authorizers_name_from_a_parameter(authorized: Assembly) -> None:
    (task,) = authorized.of("fleet", "AWS::ECS::TaskDefinition")
    (container,) = task.properties["ContainerDefinitions"]
    assert VARIABLE in {secret["Name"] for secret in container["Secrets"]}
    values = [one.properties["Value"] for one in authorized.of("fleet", "AWS::SSM::Parameter")]
    assert ARN in values


def test_functions_without_an_authorizer_have_no_variable_for_it(assembly: Assembly) -> None:
    assert not [name(one) for one in functions(assembly) if VARIABLE in variables(one)]


def test_authorizer_adds_one_parameter_and_no_other_resource(assembly: Assembly, authorized: Assembly) -> None:
    more = types(authorized)
    more.subtract(types(assembly))
    assert {kind: number for kind, number in more.items() if number} == {
        ("milequest-staging-fleet-us-east-1", "AWS::SSM::Parameter"): 1
    }
    assert authorized.findings() == []
