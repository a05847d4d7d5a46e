"""The order in which the deploy command makes stacks: each finds what it reads, and none is forgotten."""

from collections.abc import Sequence

import pytest

from infra.config import ENVIRONMENTS, PRODUCTION, Environment
from infra.deploy.cloud_assembly import CloudAssembly
from infra.deploy.deployment_plan import (
    OPTIONAL,
    CallStep,
    CarryStep,
    DelegationStep,
    MailStep,
    OwnValuesStep,
    ReadyStep,
    ServedStep,
    StackStep,
    Step,
    left_out,
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
    twice = [(region.name, "state") for region in environment.regions[1:]]  # its pictures are copied back
    assert sorted(made) == sorted([*known, *twice])


@ENVIRONMENT
def test_other_regions_pictures_are_copied_back_once_the_first_region_has_a_bucket(
    assembly: Assembly, environment: Environment
) -> None:
    steps = steps_of(assembly, environment)
    made = {
        number: step.region for number, step in enumerate(steps) if isinstance(step, StackStep) and step.name == "state"
    }
    carried = [
        (number, step.otherwise)
        for number, step in enumerate(steps)
        if isinstance(step, CarryStep) and "carried/pictures" in step.names
    ]
    if len(environment.regions) == 1:
        assert (len(made), carried) == (1, [])
        return
    there, here, again = made
    assert list(made.values()) == ["us-west-2", "us-east-1", "us-west-2"]
    assert [value for _, value in carried] == ["none", None]
    assert carried[0][0] < there < here < carried[1][0] < again


@ENVIRONMENT
def test_plan_makes_a_stack_once_its_parameters_are_there(assembly: Assembly, environment: Environment) -> None:
    there = {region.name: set(BY_HAND) for region in environment.regions}
    follow(assembly, environment, steps_of(assembly, environment), there)


@ENVIRONMENT
@pytest.mark.parametrize("given", [(), BY_HAND[:-1], ("pipeline/server-image",)], ids=["none", "no-image", "image"])
def test_what_is_left_out_for_want_of_a_parameter_is_read_by_nothing_that_is_made(
    assembly: Assembly, environment: Environment, given: tuple[str, ...]
) -> None:
    """A first deployment has no image of the servers yet, nor has it what leads to them."""
    there = {region.name: set(given) for region in environment.regions}
    without = left_out(environment, there)
    steps = [step for step in steps_of(assembly, environment) if step not in without]
    follow(assembly, environment, steps, there)
    is_served = "pipeline/server-image" in given or not environment.features.fargate
    assert [type(step) for step in steps if isinstance(step, ReadyStep | ServedStep)] == [
        ReadyStep,
        ServedStep,
    ] * is_served


def test_servers_of_one_region_alone_lead_nowhere() -> None:
    there = {"us-east-1": set(BY_HAND), "us-west-2": set(BY_HAND) - {"pipeline/server-image"}}
    without = {str(step) for step in left_out(PRODUCTION, there)}
    assert {"stack fleet in us-west-2", "stack edge in us-east-1", "stack recovery in us-east-1"} <= without
    assert "stack fleet in us-east-1" not in without


def follow(assembly: Assembly, environment: Environment, steps: Sequence[Step], there: dict[str, set[str]]) -> None:
    """Go through steps, with the parameters that are there by region; fail at one that reads another."""
    for step in steps:
        match step:
            case CarryStep(source, target, names, otherwise):
                assert otherwise or set(names.values()) <= there[source], step
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
                _has(assembly, environment, stack, region, function)
            case OwnValuesStep() | MailStep() | ReadyStep():
                pass  # they read no parameter
            case ServedStep(region, function):
                _has(assembly, environment, "jobs", region, function)
            case DelegationStep(region):
                assert "global/zone" in there[region]


def _has(assembly: Assembly, environment: Environment, stack: str, region: str, function: str) -> None:
    """Fail unless a stack has a function."""
    template = assembly.templates[f"milequest-{environment.name}-{stack}-{region}"]
    name = Names(environment, environment.primary).of(function)
    assert any(
        one["Properties"].get("FunctionName") == name
        for one in template["Resources"].values()
        if one["Type"] == "AWS::Lambda::Function"
    )


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
    assert (place[ReadyStep], place[ServedStep]) == (len(steps) - 2, len(steps) - 1)
