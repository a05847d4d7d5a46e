"""The order in which the deploy command makes stacks: each finds what it reads, and none is forgotten."""

import pytest

from infra.config import ENVIRONMENTS, Environment
from infra.deploy.cloud_assembly import CloudAssembly
from infra.deploy.deployment_plan import (
    OPTIONAL,
    CallStep,
    CarryStep,
    DelegationStep,
    MailStep,
    OwnValuesStep,
    ReadyStep,
    StackStep,
    Step,
    plan,
    waiting,
)
from infra.names import BY_HAND, Names
from tests.infra.assembly import Assembly

ENVIRONMENT = pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment.name)


def steps_of(assembly: Assembly, environment: Environment) -> list[Step]:
    """Return the whole plan."""
    return plan(environment, CloudAssembly(assembly.folder, environment.name).known())


@ENVIRONMENT
def test_plan_has_every_synthesized_stack_once(assembly: Assembly, environment: Environment) -> None:
    known = CloudAssembly(assembly.folder, environment.name).known()
    made = [(step.region, step.name) for step in steps_of(assembly, environment) if isinstance(step, StackStep)]
    assert len(made) == len(set(made))
    assert set(made) == set(known)


@ENVIRONMENT
def test_plan_makes_a_stack_once_its_parameters_are_there(assembly: Assembly, environment: Environment) -> None:
    there = {region.name: set(BY_HAND) for region in environment.regions}
    for step in steps_of(assembly, environment):
        match step:
            case CarryStep(source, target, names):
                assert set(names.values()) <= there[source], step
                there[target] |= set(names)
            case StackStep(region, name):
                template = assembly.templates[f"milequest-{environment.name}-{name}-{region}"]
                root = Names(environment, environment.primary).parameter("")
                defaults = [one.get("Default", "") for one in template.get("Parameters", {}).values()]
                read = {name.removeprefix(root) for name in defaults if name.startswith(root)}
                assert read <= there[region], step
                there[region] |= {
                    one["Properties"]["Name"].removeprefix(root)
                    for one in template["Resources"].values()
                    if one["Type"] == "AWS::SSM::Parameter"
                }
            case CallStep(region, function, _, stack):
                template = assembly.templates[f"milequest-{environment.name}-{stack}-{region}"]
                name = Names(environment, environment.primary).of(function)
                assert any(
                    one["Properties"].get("FunctionName") == name
                    for one in template["Resources"].values()
                    if one["Type"] == "AWS::Lambda::Function"
                )
            case OwnValuesStep() | MailStep() | ReadyStep():
                pass  # they read no parameter
            case DelegationStep(region):
                assert "global/zone" in there[region]


@ENVIRONMENT
def test_migrations_run_before_the_code_that_needs_them(assembly: Assembly, environment: Environment) -> None:
    steps = steps_of(assembly, environment)
    roles, called = [number for number, step in enumerate(steps) if isinstance(step, CallStep)]
    made = {step.name: number for number, step in reversed(list(enumerate(steps))) if isinstance(step, StackStep)}
    assert (
        made["data"]
        < roles
        < made["migrations"]
        < called
        < min(made[name] for name in ("api", "live", "jobs", "fleet"))
    )


@ENVIRONMENT
def test_stacks_wait_for_parameters_that_are_set_by_hand(environment: Environment) -> None:
    nothing: dict[str, set[str]] = {region.name: set() for region in environment.regions}
    everything = {region.name: set(BY_HAND) for region in environment.regions}
    assert {step.name for step in waiting(environment, nothing)} == set(OPTIONAL)
    assert waiting(environment, everything) == {}
    assert {name for names in OPTIONAL.values() for name in names} == set(BY_HAND)


@ENVIRONMENT
def test_pool_is_made_once_its_domain_may_send_mail(assembly: Assembly, environment: Environment) -> None:
    steps = steps_of(assembly, environment)
    place = {type(step): number for number, step in enumerate(steps)}
    made = {step.name: number for number, step in reversed(list(enumerate(steps))) if isinstance(step, StackStep)}
    assert made["global"] < place[DelegationStep] < place[MailStep] < made["identity"]
    assert place[ReadyStep] == len(steps) - 1
