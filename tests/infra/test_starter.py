"""The environment for a club or a firm: its price, its ways in, what its task starts with, and its own numbers."""

import json
from dataclasses import replace
from typing import Any

import pytest

from infra.analysis.cost.cost_report import floor, taken
from infra.analysis.cost.prices import total
from infra.analysis.cost.usage_profile import Usage
from infra.environments_file import ConfigError
from infra.starter_environment import STARTER
from milequest.settings import load
from tests.infra.assembly import Assembly, Resource

MOST = 60  # dollars a month
KEPT = ("AWS::RDS::DBInstance", "AWS::EFS::FileSystem", "AWS::SecretsManager::Secret")


def of(assembly: Assembly, *types: str) -> list[Resource]:
    """Return the resources of the starter environment."""
    return [one for one in assembly.resources(*types) if one.environment == "starter"]


def containers(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """Return the containers of the task, by name."""
    (task,) = of(assembly, "AWS::ECS::TaskDefinition")
    return {one["Name"]: one for one in task.properties["ContainerDefinitions"]}


def variables(container: dict[str, Any]) -> dict[str, str]:
    """Return the variables of a container that are no secret; what AWS fills in is `AWS`."""
    given: dict[str, str] = {}
    for one in container["Environment"]:
        value = one["Value"]
        if not isinstance(value, str):
            value = "".join(part if isinstance(part, str) else "AWS" for part in value["Fn::Join"][1])
        given[one["Name"]] = value
    return given


def test_starter_is_one_stack_that_cannot_be_deleted_by_mistake(assembly: Assembly) -> None:
    assert [name for name in assembly.templates if name.startswith("milequest-starter-")] == [
        "milequest-starter-starter-us-east-1"
    ]
    manifest = json.loads((assembly.folder / "manifest.json").read_text())["artifacts"]
    assert manifest["milequest-starter-starter-us-east-1"]["properties"]["terminationProtection"]


def test_starter_costs_less_than_sixty_dollars_without_anybody_and_with_a_club(assembly: Assembly) -> None:
    assert 30 < floor(assembly.folder, "starter") < MOST
    assert total(taken(assembly.folder, Usage(300), "starter")) < MOST


def test_starter_keeps_its_data_when_its_stack_goes(assembly: Assembly) -> None:
    kept = of(assembly, *KEPT)
    assert {one.type for one in kept} == set(KEPT)
    assert [str(one) for one in kept if one.body["DeletionPolicy"] != "RetainExceptOnCreate"] == []


def test_starter_database_is_encrypted_protected_and_restorable_for_a_week(assembly: Assembly) -> None:
    (one,) = of(assembly, "AWS::RDS::DBInstance")
    assert one.properties["StorageEncrypted"] is True
    assert one.properties["DeletionProtection"] is True
    assert one.properties["PubliclyAccessible"] is False
    assert one.properties["BackupRetentionPeriod"] >= 7


def test_each_tier_of_the_starter_admits_the_tier_before_it_alone(assembly: Assembly) -> None:
    admitted: dict[str, list[str]] = {}
    for rule in of(assembly, "AWS::EC2::SecurityGroupIngress"):
        given = rule.properties
        source = given.get("SourcePrefixListId") or json.dumps(given.get("SourceSecurityGroupId"))
        admitted.setdefault(_tier(json.dumps(given["GroupId"])), []).append(_tier(source))
    for group in of(assembly, "AWS::EC2::SecurityGroup"):
        for rule in group.properties.get("SecurityGroupIngress", ()):
            admitted.setdefault(_tier(group.id), []).append(rule["CidrIp"])
    assert {tier: sorted(sources) for tier, sources in admitted.items()} == {
        "balancer": sorted([STARTER.region.cidr, STARTER.region.edge_prefixes]),
        "server": ["balancer"],
        "database": ["server"],
        "files": ["server"],
    }
    (balancer,) = of(assembly, "AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert balancer.properties["Scheme"] == "internal"


def _tier(text: str) -> str:
    names = [name for name in ("balancer", "server", "database", "files") if f"Tiers{name}" in text]
    return names[0] if names else text


def test_server_of_the_starter_refuses_what_did_not_come_through_the_edge(assembly: Assembly) -> None:
    (secret,) = [one for one in of(assembly, "AWS::SecretsManager::Secret") if "origin" in str(one.properties["Name"])]
    (distribution,) = of(assembly, "AWS::CloudFront::Distribution")
    (origin,) = distribution.properties["DistributionConfig"]["Origins"]
    (header,) = origin["OriginCustomHeaders"]
    assert (header["HeaderName"], secret.id in json.dumps(header["HeaderValue"])) == ("x-origin-secret", True)
    assert variables(containers(assembly)["server"])["MILEQUEST_EDGE_SECRET"] == secret.properties["Name"]
    assert "VpcOriginConfig" in origin


def test_settings_of_each_container_of_the_starter_are_taken_by_the_server(assembly: Assembly) -> None:
    found = containers(assembly)
    settings = load(
        variables(found["server"]) | {"MILEQUEST_KEY_SECRET": "0123456789abcdefghijklmnopqrstuvABCDEFGHIJKL"}
    )
    assert settings.ses_configuration_set == "milequest-starter-mail"
    assert settings.public_url == f"https://api.{STARTER.domain}"
    assert {one["Name"] for one in found["server"]["Secrets"]} == {"MILEQUEST_KEY_SECRET"}
    assert load(variables(found["migrate"])).database_url == settings.database_url
    (keys,) = [one for one in of(assembly, "AWS::SecretsManager::Secret") if "keys" in str(one.properties["Name"])]
    made = keys.properties["GenerateSecretString"]
    assert (made["PasswordLength"], made["ExcludePunctuation"]) == (44, True)


def test_server_of_the_starter_starts_once_its_role_and_schema_are_there(assembly: Assembly) -> None:
    found = containers(assembly)
    waits = {
        name: {one["ContainerName"]: one["Condition"] for one in container.get("DependsOn", ())}
        for name, container in found.items()
    }
    assert waits == {
        "role": {},
        "migrate": {"role": "SUCCESS"},
        "valkey": {},
        "server": {"migrate": "SUCCESS", "valkey": "HEALTHY"},
    }
    assert [name for name, one in found.items() if one["Essential"]] == ["valkey", "server"]
    assert found["role"]["Command"] == ["bin/milequest", "role", "milequest"]
    assert found["migrate"]["Command"] == ["bin/milequest", "migrate"]
    assert [name for name, one in found.items() if "MasterUrl" in json.dumps(one)] == ["role"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"database_class": "db.r8g.large"}, "micro, small or medium"),
        ({"storage_gb": 5}, "20 to 1,000"),
        ({"backup_days": 1}, "7 to 35"),
        ({"cpu": 256, "memory": 8_192}, "0.5 to 2 GB"),
        ({"account": "12"}, "no account"),
        ({"log_days": 3}, "numbers of days"),
        ({"name": "club"}, "its name is"),
    ],
)
def test_starter_value_that_cannot_be_deployed_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        replace(STARTER, **change)
