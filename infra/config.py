"""The environments: what differs between staging and production, as values that are checked when they are made."""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from infra.environments_file import ConfigError, own_values, with_own

Born: TypeAlias = Literal["primary", "secondary"]
SOCKETS_PER_TASK = 4_000  # of the servers on Fargate; they could hold more
STANDBY_ACU = 0.5  # least capacity of a cluster that follows another one
TASK_CPU, TASK_MEMORY = 1_024, 2_048  # in 1,024ths of a core, and MB
GROUPS = frozenset({"CommonRuleSet", "KnownBadInputsRuleSet", "SQLiRuleSet"})  # of AWS's rules, in the firewall
LACKING = frozenset({"use1-az3"})  # by the pages of API Gateway on VPC links, and of CloudFront on VPC origins
SMALL = "starter"  # name of the environment for a club or a firm: infra/starter_environment.py
RUNBOOK = "https://github.com/mile-quest/mile-quest/blob/main/docs/runbook.md"
EDGE_REGION = "us-east-1"  # CloudFront, its certificates and its WAF, budgets and bills exist only here


def must(holds: bool, what: str) -> None:
    """Raise ConfigError unless a condition holds."""
    if not holds:
        raise ConfigError(what)


def must_be_page(runbook: str) -> None:
    """Raise ConfigError unless a text is the address of a page, which alarms end with."""
    must(bool(re.fullmatch(r"https://[\w./-]{1,200}", runbook)), f"{runbook!r} is no address of the runbook's page")


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A region. `born` is its role at creation and never changes: templates do not know which region is active."""

    name: str
    born: Born
    cidr: str
    zones: tuple[str, ...]  # by their ids: which zone `us-east-1a` is differs from account to account
    edge_prefixes: str  # id of AWS's own list com.amazonaws.global.cloudfront.origin-facing in this region

    def __post_init__(self) -> None:
        must(bool(re.fullmatch(r"[a-z]{2}-[a-z]+-\d", self.name)), f"{self.name!r} is no region")
        must(ipaddress.ip_network(self.cidr).prefixlen == 16, f"{self.cidr} must be a /16, which is cut into /20")
        must(2 <= len(self.zones) <= 4, f"{self.name} needs two to four availability zones")
        must(all(re.fullmatch(r"[a-z]{3,4}\d-az\d", zone) for zone in self.zones), f"{self.zones} are no ids of zones")
        must(not LACKING & {*self.zones}, f"{sorted(LACKING)} have no VPC links, VPC origins or proxies")
        must(bool(re.fullmatch(r"pl-[0-9a-f]+", self.edge_prefixes)), f"{self.edge_prefixes!r} is no prefix list")

    @property
    def primary(self) -> bool:
        """True if the database's writer was created here."""
        return self.born == "primary"

    @property
    def short(self) -> str:
        """The short name, as in host names: use1, usw2."""
        area, side, number = self.name.split("-")
        return f"{area}{side[0]}{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Capacity of each part."""

    acu_min: float  # of Aurora; one is 2 GB
    acu_max: float
    readers: int
    cache_gb: int  # at most
    cache_ecpu: int  # at most, in thousands a second
    api_memory: int  # MB; at 1,769 a function has one whole CPU
    job_memory: int
    tasks_min: int  # of the servers on Fargate
    tasks_max: int
    log_days: int

    def __post_init__(self) -> None:
        must(0.5 <= self.acu_min <= self.acu_max <= 256, "Aurora has 0.5 to 256 capacity units")
        must(0 <= self.readers <= 15, "Aurora has at most 15 readers")
        must(1 <= self.cache_gb <= 5_000, "the cache has 1 to 5,000 GB")
        must(1 <= self.cache_ecpu <= 15_000, "the cache has 1,000 to 15,000,000 ECPU a second")
        must(all(128 <= size <= 10_240 for size in (self.api_memory, self.job_memory)), "128 to 10,240 MB")
        must(2 <= self.tasks_min <= self.tasks_max, "fewer than two servers are none while one is replaced")
        must(self.log_days in {7, 14, 30, 60, 90, 180, 365}, "CloudWatch knows only some numbers of days")


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLimits:
    """Limits on incoming traffic. A reserved concurrency of 0 reserves none: a new account may have ten in all."""

    api_rate: int  # requests a second of the REST API
    api_burst: int
    socket_rate: int  # messages a second of the WebSocket API
    requests_per_address: int  # in five minutes
    blocked_countries: tuple[str, ...]
    blocking: tuple[str, ...] = ("KnownBadInputsRuleSet",)  # groups of AWS's rules that block; the others count
    reserved: dict[str, int] = field(default_factory=dict)  # by function

    def __post_init__(self) -> None:
        must(1 <= self.api_rate <= 10_000 and 1 <= self.socket_rate <= 10_000, "an account has 10,000 a second")
        must(self.api_rate <= self.api_burst * 10, "a burst that is too small refuses what the rate allows")
        must(100 <= self.requests_per_address <= 2_000_000_000, "WAF counts from 100 on")
        must(bool(self.blocked_countries), "the firewall's rule about countries needs one")
        must(all(re.fullmatch("[A-Z]{2}", code) for code in self.blocked_countries), "countries have two letters")
        must(not {*self.blocking} - GROUPS, f"{self.blocking} are not all of {sorted(GROUPS)}")
        must(all(number >= 0 for number in self.reserved.values()), "concurrency is not negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """Recipients of alarms. PagerDuty's address and the ids of Slack and QuickSight are parameters set by hand."""

    email: str
    budget: int  # US dollars a month

    def __post_init__(self) -> None:
        must("@" in self.email, f"{self.email!r} is no address")
        must(self.budget > 0, "a budget is positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """Optional features of an environment."""

    proxy: bool  # of RDS: it holds connections, so Aurora never pauses behind it
    fargate: bool
    dr: bool
    nat_per_zone: bool  # so that the loss of a zone leaves the others their way out


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """Destination of traces, and the share that is traced: CloudWatch, or a collector that asks for no credentials.

    A collector gets metrics too.
    """

    endpoint: str = ""  # of OTLP by HTTP, at port 443 where it is outside of the private subnets; empty: CloudWatch's
    share: float = 0.01  # of all operations

    def __post_init__(self) -> None:
        address = re.fullmatch(r"(https?://[a-z0-9.-]+(:\d+)?(/[\w./-]*)?)?", self.endpoint)
        must(bool(address), f"{self.endpoint!r} is no address of a collector")
        must(0 < self.share <= 1, "a share is more than 0 and at most 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One of the environments, with an account of its own."""

    name: str
    account: str
    domain: str
    branch: str
    regions: tuple[Region, ...]
    sizes: Sizes
    limits: StageLimits
    alerts: Alerts
    features: Features
    runbook: str = RUNBOOK  # alarms end with it
    telemetry: Telemetry | None = None  # not sent anywhere
    origin_value: Literal["first", "second"] = "first"  # which value of the origin's secret CloudFront sends
    repository: str = ""  # of the pages, as https://github.com/…: without one there are none on Amplify
    authorizer: str = ""  # name of the operator's own function, in each region, that decides about other tokens

    def __post_init__(self) -> None:
        must(bool(re.fullmatch(r"[a-z]{3,12}", self.name)), f"{self.name!r} is no name of an environment")
        must(bool(re.fullmatch(r"\d{12}", self.account)), f"{self.account!r} is no account")
        must(bool(re.fullmatch(r"[\w-]{0,64}", self.authorizer)), f"{self.authorizer!r} is no name of a function")
        address = re.fullmatch(r"(https://github\.com/[\w.-]+/[\w.-]+)?", self.repository)
        must(bool(address), f"{self.repository!r} is no repository on GitHub")
        must_be_page(self.runbook)
        must([region.born for region in self.regions].count("primary") == 1, "one region is born primary")
        must(self.regions[0].primary, "the primary stands first")
        must(self.primary.name == EDGE_REGION, f"what is global lives in {EDGE_REGION}, and so does the primary")
        must(self.features.dr == (len(self.regions) == 2), "disaster recovery is a second region")
        networks = [ipaddress.ip_network(region.cidr) for region in self.regions]
        must(len(networks) < 2 or not networks[0].overlaps(networks[1]), "the regions' networks overlap")

    @property
    def primary(self) -> Region:
        """The region that was created as the primary."""
        return self.regions[0]

    @property
    def production(self) -> bool:
        """True if people use it."""
        return self.name == "production"

    @property
    def log_days(self) -> int:
        """Days that logs are kept."""
        return self.sizes.log_days


VIRGINIA = Region(
    name="us-east-1", born="primary", cidr="10.20.0.0/16", zones=("use1-az1", "use1-az2"), edge_prefixes="pl-3b927c52"
)
OREGON = Region(
    name="us-west-2", born="secondary", cidr="10.40.0.0/16", zones=("usw2-az1", "usw2-az2"), edge_prefixes="pl-82a045eb"
)

STAGING = Environment(
    name="staging",
    account="111111111111",
    domain="staging.mile-quest.com",
    branch="staging",
    regions=(VIRGINIA,),
    sizes=Sizes(
        acu_min=0.5,
        acu_max=4,
        readers=1,
        cache_gb=1,
        cache_ecpu=5,
        api_memory=1_769,
        job_memory=1_024,
        tasks_min=2,
        tasks_max=4,
        log_days=14,
    ),
    limits=StageLimits(
        api_rate=200, api_burst=400, socket_rate=500, requests_per_address=2_000, blocked_countries=("KP",)
    ),
    alerts=Alerts(email="staging-alerts@mile-quest.com", budget=600),
    features=Features(proxy=False, fargate=True, dr=False, nat_per_zone=False),
)

PRODUCTION = Environment(
    name="production",
    account="222222222222",
    domain="mile-quest.com",
    branch="main",
    regions=(
        Region(
            name="us-east-1",
            born="primary",
            cidr="10.10.0.0/16",
            zones=("use1-az1", "use1-az2", "use1-az4"),
            edge_prefixes="pl-3b927c52",
        ),
        OREGON,
    ),
    sizes=Sizes(
        acu_min=1,
        acu_max=32,
        readers=1,
        cache_gb=10,
        cache_ecpu=100,
        api_memory=1_769,
        job_memory=1_769,
        tasks_min=2,
        tasks_max=20,
        log_days=90,
    ),
    limits=StageLimits(
        api_rate=2_000,
        api_burst=4_000,
        socket_rate=3_000,
        requests_per_address=3_000,
        blocked_countries=("KP",),
        reserved={"poster": 100, "planner": 100, "relay": 20},
    ),
    alerts=Alerts(email="alerts@mile-quest.com", budget=2_000),
    features=Features(proxy=True, fargate=True, dr=True, nat_per_zone=True),
)


def _own_environments(*environments: Environment) -> tuple[Environment, ...]:
    """Return the environments with the operator's own values."""
    given = own_values()
    names = [*(one.name for one in environments), SMALL]
    for name in given:
        must(name in names, f"{name!r} is no environment: there are {', '.join(names)}")
    return tuple(with_own(one, given.get(one.name, {}), one.name) for one in environments)


ENVIRONMENTS = STAGING, PRODUCTION = _own_environments(STAGING, PRODUCTION)
