"""Staging with a collector of traces and metrics: exactly the additions to staging's templates."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra import packaging
from infra.config import PRODUCTION, STAGING, Environment, Telemetry
from milequest.settings import load
from tests.aws.made import COLLECTOR
from tests.infra.assembly import Assembly
from tests.infra.staging import functions, lines, name, types, variables

GIVEN = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": COLLECTOR,
    "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=staging",
    "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
    "OTEL_TRACES_SAMPLER_ARG": "0.05",
}
PARAMETERS = [f"/milequest/staging/fleet/{variable.lower().replace('_', '-')}" for variable in GIVEN]
WITH_TELEMETRY = "--build-arg PACKAGES=telemetry"


@pytest.fixture(scope="module")
def traced(variants: Path) -> Assembly:
    """Return the templates."""
    return Assembly(variants / "traced")


def otel(given: dict[str, Any]) -> dict[str, Any]:
    """Return OpenTelemetry's of some variables."""
    return {variable: value for variable, value in given.items() if variable.startswith("OTEL_")}


def image_commands(assembly: Assembly) -> str:
    """Return the commands that build the servers' image."""
    (project,) = (
        one
        for one in assembly.of("pipeline", "AWS::CodeBuild::Project")
        if one.properties["Name"] == "milequest-staging-image"
    )
    return str(project.properties["Source"]["BuildSpec"])


def test_functions_in_the_network_get_the_collector_and_no_others(traced: Assembly) -> None:
    inside = [function for function in functions(traced) if "VpcConfig" in function.properties]
    assert {name(function) for function in inside if otel(variables(function)) == GIVEN} == set(map(name, inside))
    assert {name(function) for function in functions(traced) if otel(variables(function))} == set(map(name, inside))
    assert load(GIVEN).otel_exporter_otlp_endpoint == COLLECTOR


def test_servers_get_the_collector_from_parameters(traced: Assembly) -> None:
    (task,) = traced.of("fleet", "AWS::ECS::TaskDefinition")
    (container,) = task.properties["ContainerDefinitions"]
    told = {secret["Name"]: secret["ValueFrom"].rpartition(":parameter")[2] for secret in container["Secrets"]}
    values = {one.properties["Name"]: one.properties["Value"] for one in traced.of("fleet", "AWS::SSM::Parameter")}
    assert {variable: values[parameter] for variable, parameter in otel(told).items()} == GIVEN


def test_servers_image_is_built_with_the_packages_for_it(assembly: Assembly, traced: Assembly) -> None:
    plain = image_commands(assembly)
    assert image_commands(traced) == plain.replace("docker build ", f"docker build {WITH_TELEMETRY} ", 1) != plain
    assert "ARG PACKAGES=runtime\n" in (packaging.PROJECT / "Dockerfile").read_text()


@pytest.mark.parametrize("environment", [STAGING, PRODUCTION])
def test_functions_packages_trace_where_an_environment_has_a_collector(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert packaging.lock_of(telemetry=False) == packaging.LOCK
    assert packaging.lock_of(telemetry=True) == packaging.TELEMETRY_LOCK
    others = [each for each in (STAGING, PRODUCTION) if each is not environment]
    traced = replace(environment, telemetry=Telemetry(endpoint=COLLECTOR))
    monkeypatch.setattr(packaging, "ENVIRONMENTS", (*others, traced))
    assert packaging.lock_of(telemetry=False) == packaging.TELEMETRY_LOCK


def test_collector_adds_its_parameters_and_no_other_resource_or_permission(
    assembly: Assembly, traced: Assembly
) -> None:
    before, after = lines(assembly), lines(traced)
    assert before - after == Counter()
    arn = "arn:aws:ssm:us-east-1:111111111111:parameter"
    assert after - before == Counter(
        {("fleet", "ServersStarter", f"allow ssm:GetParameters on {arn}{one}"): 1 for one in PARAMETERS}
    )
    more = types(traced)
    more.subtract(types(assembly))
    assert {kind: number for kind, number in more.items() if number} == {
        ("milequest-staging-fleet-us-east-1", "AWS::SSM::Parameter"): len(GIVEN)
    }
    assert traced.findings() == []


@pytest.fixture(scope="module")
def watched(variants: Path) -> Assembly:
    """Return the templates of staging whose traces go to CloudWatch itself."""
    return Assembly(variants / "watched")


def test_every_function_signs_its_traces_for_cloudwatch_and_may_send_them(watched: Assembly) -> None:
    given = {**GIVEN, "OTEL_EXPORTER_OTLP_ENDPOINT": "https://xray.us-east-1.amazonaws.com"}
    for function in functions(watched):
        assert otel(variables(function)) == given, name(function)
        assert variables(function)["MILEQUEST_OTEL_SIGNED"] == "yes"
    assert load({**given, "MILEQUEST_OTEL_SIGNED": "yes"}).otel_signed
    usual = [one for one in watched.resources("AWS::IAM::Policy") if "xray:PutTraceSegments" in one.text]
    assert len(usual) == len(functions(watched))
    assert [str(one) for one in usual if "xray:PutSpans" not in one.text] == []


def test_servers_sign_their_traces_for_cloudwatch_and_may_send_them(watched: Assembly) -> None:
    values = {one.properties["Name"]: one.properties["Value"] for one in watched.of("fleet", "AWS::SSM::Parameter")}
    assert values["/milequest/staging/fleet/otel-signed"] == "yes"
    assert [one.id for one in watched.of("fleet", "AWS::IAM::Policy") if "xray:PutSpans" in one.text] != []
    assert watched.findings() == []


def test_account_switches_transaction_search_on_once_xray_may_write_spans(watched: Assembly, traced: Assembly) -> None:
    (search,) = watched.of("account", "AWS::XRay::TransactionSearchConfig")
    (policy,) = watched.of("account", "AWS::Logs::ResourcePolicy")
    assert search.properties == {"IndexingPercentage": 1}
    assert search.body["DependsOn"] == [policy.id]
    (statement,) = json.loads(policy.properties["PolicyDocument"])["Statement"]
    assert (statement["Principal"], statement["Action"]) == ({"Service": "xray.amazonaws.com"}, "logs:PutLogEvents")
    assert "arn:aws:logs:us-east-1:111111111111:log-group:aws/spans:*" in statement["Resource"]
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "111111111111"}
    assert list(traced.of("account", "AWS::XRay::TransactionSearchConfig")) == [], "a collector of one's own has them"


def test_environments_without_a_collector_have_nothing_of_it(assembly: Assembly) -> None:
    text = json.dumps(assembly.templates)
    assert "OTEL_" not in text
    assert WITH_TELEMETRY not in text
