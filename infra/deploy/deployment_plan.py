"""The steps of a deployment in their order, worked out from an environment alone."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from infra.config import SMALL, Environment, Region
from infra.names import CARRIED_BACK, IMPORTED_PARAMETERS, NOT_YET, Names
from infra.starter_environment import StarterEnvironment

MINUTES: Final = {
    "starter": 25,
    "data": 20,
    "edge": 6,
    "fleet": 6,
    "identity": 2,
    "recovery": 4,
    "network": 4,
    "web": 3,
    "lake": 3,
}
MINUTES_OF_OTHERS: Final = 2
OPTIONAL: Final[Mapping[str, tuple[str, ...]]] = {  # by stack: parameters by hand without which it is left out
    "chat": ("by-hand/slack-workspace", "by-hand/slack-channel"),
    "insight": ("by-hand/quicksight-owner",),
    "fleet": ("pipeline/server-image",),
    "watch": ("by-hand/pagerduty",),
    "money": ("by-hand/anomaly-monitor",),
}
BEHIND_SERVERS: Final = frozenset(("recovery", "edge", "web"))  # which lead to them, each from the one before
EARLY: Final = frozenset(("global/data-key", "global/zone"))
PICTURES: Final = frozenset(("state/user-data-bucket",))
LATE: Final = frozenset(IMPORTED_PARAMETERS.values()) - EARLY - PICTURES  # known once Identity is there


@dataclass(frozen=True, slots=True)
class StackStep:
    """Create or update a stack."""

    region: str
    name: str

    @property
    def minutes(self) -> int:
        """Estimate of how long its creation takes."""
        return MINUTES.get(self.name, MINUTES_OF_OTHERS)

    def __str__(self) -> str:
        return f"stack {self.name} in {self.region}"


@dataclass(frozen=True, slots=True)
class CarryStep:
    """Copy parameters from one region to another: `names` has those there by those here.

    `otherwise` is the value of those that are not there yet, which is a fault without one.
    """

    source: str
    target: str
    names: Mapping[str, str] = field(hash=False)
    otherwise: str | None = None
    minutes: int = 0

    def __str__(self) -> str:
        return f"parameters {', '.join(self.names)} from {self.source} to {self.target}"


@dataclass(frozen=True, slots=True)
class DelegationStep:
    """Wait until the domain's registrar names the zone's servers: certificates are validated by it."""

    region: str
    domain: str
    minutes: int = 0

    def __str__(self) -> str:
        return f"delegation of {self.domain}"


@dataclass(frozen=True, slots=True)
class CallStep:
    """Call a function once, such as the migrations."""

    region: str
    function: str
    event: str = "{}"
    stack: str = "migrations"  # which has it
    minutes: int = 1

    def __str__(self) -> str:
        return f"function {self.function} in {self.region}"


@dataclass(frozen=True, slots=True)
class MailStep:
    """Wait until SES has verified the domain: a user pool cannot send by an identity before."""

    region: str
    domain: str
    minutes: int = 5

    def __str__(self) -> str:
        return f"verification of {self.domain} for mail in {self.region}"


@dataclass(frozen=True, slots=True)
class ReadyStep:
    """Wait until the service is ready at its public address: through CloudFront, with its database and cache."""

    url: str
    minutes: int = 1

    def __str__(self) -> str:
        return f"readiness of {self.url}"


@dataclass(frozen=True, slots=True)
class ServedStep:
    """Have the client of our own sign in, ask, walk, and hear of it on each socket at the public address."""

    region: str
    function: str = "probe"
    minutes: int = 1

    def __str__(self) -> str:
        return "a client of ours, who is served"


@dataclass(frozen=True, slots=True)
class OwnValuesStep:
    """Hand the operator's own values of the environments to the pipeline, which synthesizes with them."""

    region: str
    minutes: int = 0

    def __str__(self) -> str:
        return f"own values of the environments in {self.region}"


@dataclass(frozen=True, slots=True)
class ZoneStep:
    """Find the domain's zone, or make it: a stack with a certificate in it cannot wait for its delegation."""

    region: str
    domain: str
    minutes: int = 0

    def __str__(self) -> str:
        return f"zone of {self.domain}"


@dataclass(frozen=True, slots=True)
class ImageStep:
    """Build the server's image on this machine and push it, unless that of these files is there."""

    region: str
    minutes: int = 8

    def __str__(self) -> str:
        return "image of the server"


Step: TypeAlias = (
    ZoneStep
    | ImageStep
    | StackStep
    | CarryStep
    | DelegationStep
    | CallStep
    | MailStep
    | OwnValuesStep
    | ReadyStep
    | ServedStep
)


def starter_plan(environment: StarterEnvironment) -> list[Step]:
    """Return all steps of the environment that is one stack: what it has to find comes before it."""
    region, names = environment.region, Names(environment, environment.region)
    return [
        ZoneStep(region.name, environment.domain),
        DelegationStep(region.name, environment.domain),
        ImageStep(region.name),
        StackStep(region.name, SMALL),
        MailStep(region.name, environment.domain),
        ReadyStep(f"https://{names.host('api')}/readyz"),
    ]


def plan(environment: Environment, known: Collection[tuple[str, str]]) -> list[Step]:
    """Return all steps. `known` are the stacks that were synthesized, by region and name."""

    def is_known(step: Step) -> bool:
        return not isinstance(step, StackStep) or (step.region, step.name) in known

    return list(filter(is_known, _steps(environment)))


def waiting(environment: Environment, given: Mapping[str, Collection[str]]) -> dict[StackStep, tuple[str, ...]]:
    """Return the stacks that wait for parameters by hand, with those missing. `given` are those set, by region."""
    lacking = {
        StackStep(region.name, stack): tuple(name for name in names if name not in given[region.name])
        for region in environment.regions
        for stack, names in OPTIONAL.items()
    }
    return {step: names for step, names in lacking.items() if names}


def left_out(environment: Environment, given: Mapping[str, Collection[str]]) -> Collection[Step]:
    """Return the steps that cannot be done yet: of stacks that wait for parameters by hand, and what needs those.

    `given` are the parameters by hand that are set, by region.
    """
    lacking = waiting(environment, given)
    found: list[Step] = list(lacking)
    if environment.features.fargate and any(step.name == "fleet" for step in lacking):
        found += [step for step in _steps(environment) if _leads_to_servers(step)]
    return found


def _leads_to_servers(step: Step) -> bool:
    match step:
        case StackStep(name=name):
            return name in BEHIND_SERVERS
        case CarryStep(names=names):
            return names == CARRIED_BACK
        case _:
            return isinstance(step, ReadyStep | ServedStep)


def _imported(first: Region, other: Region, which: Collection[str], otherwise: str | None = None) -> CarryStep:
    """Return the step that copies some of the parameters to a second region."""
    names = {key: at for key, at in IMPORTED_PARAMETERS.items() if at in which}
    return CarryStep(first.name, other.name, names, otherwise)


def _steps(environment: Environment) -> Iterator[Step]:
    regions = environment.regions
    first, others = regions[0], regions[1:]
    yield from _everywhere(regions, "account", "network")
    yield StackStep(first.name, "global")
    yield DelegationStep(first.name, environment.domain)
    for other in others:
        yield _imported(first, other, EARLY)
        yield StackStep(other.name, "global")
    yield from _everywhere(regions, "data")
    master = Names(environment, first).of("database-master")
    yield CallStep(first.name, "database-roles", json.dumps({"secret": master}), stack="data")
    for other in others:  # pictures are copied to a bucket that is there: there, and then back
        yield _imported(first, other, PICTURES, NOT_YET)
    yield from _everywhere(tuple(reversed(regions)), "state")
    for other in others:
        yield _imported(first, other, PICTURES)
        yield StackStep(other.name, "state")
    yield from _everywhere(regions, "events")
    yield from _everywhere(tuple(reversed(regions)), "backup")  # copies go to a vault that is there
    yield MailStep(first.name, environment.domain)
    yield StackStep(first.name, "identity")
    for other in others:
        yield _imported(first, other, LATE)
    yield from _everywhere(regions, "migrations")
    yield CallStep(first.name, "migrations")
    yield from _everywhere(regions, "api")
    yield from _everywhere(regions, "live")
    yield from _everywhere(regions, "jobs")
    yield OwnValuesStep(first.name)
    yield from _everywhere(tuple(reversed(regions)), "pipeline")  # the first one's uses buckets of the others
    yield StackStep(first.name, "lake")
    yield from _everywhere(regions, "fleet")
    if environment.features.fargate:
        for other in others:
            yield CarryStep(other.name, first.name, CARRIED_BACK)
    yield from _everywhere(regions, "recovery")
    yield from (StackStep(first.name, name) for name in ("edge", "web", "money"))
    yield from _everywhere(regions, "watch")
    yield from (StackStep(first.name, name) for name in ("chat", "insight"))
    yield ReadyStep(f"https://{Names(environment, first).host('api')}/readyz")
    yield ServedStep(first.name)


def _everywhere(regions: tuple[Region, ...], *stacks: str) -> Iterator[StackStep]:
    for stack in stacks:
        for region in regions:
            yield StackStep(region.name, stack)
