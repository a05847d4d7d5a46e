"""The environment for a club or a firm: one stack, one server, a small database."""

import re
from dataclasses import dataclass
from typing import Final

from infra.config import RUNBOOK, SMALL, Alerts, Region, must, must_be_page
from infra.environments_file import own_values, with_own

MEMORY: Final = {
    256: range(512, 2_049),
    512: range(1_024, 4_097),
    1_024: range(2_048, 8_193),
}  # MB, by 1,024ths of a core


@dataclass(frozen=True, slots=True, kw_only=True)
class StarterEnvironment:
    """An environment that is one stack in one region."""

    account: str
    domain: str
    region: Region
    alerts: Alerts
    database_class: str = "db.t4g.micro"
    storage_gb: int = 20
    backup_days: int = 7  # any moment of these days can be restored
    cpu: int = 512  # of the task, in 1,024ths of a core
    memory: int = 1_024  # MB
    log_days: int = 30
    blocked_countries: tuple[str, ...] = ("KP",)  # by the edge, which takes no money for it
    runbook: str = RUNBOOK  # alarms end with it
    name: str = SMALL

    @property
    def regions(self) -> tuple[Region, ...]:
        """Its regions: one."""
        return (self.region,)

    @property
    def primary(self) -> Region:
        """The region of everything."""
        return self.region

    def __post_init__(self) -> None:
        must(self.name == SMALL, f"its name is {SMALL}")
        must(bool(re.fullmatch(r"\d{12}", self.account)), f"{self.account!r} is no account")
        must_be_page(self.runbook)
        must(bool(self.blocked_countries), "the edge's rule about countries needs one")
        must(self.region.primary, "its only region is born primary")
        must(bool(re.fullmatch(r"db\.t4g\.(micro|small|medium)", self.database_class)), "db.t4g.micro, small or medium")
        must(20 <= self.storage_gb <= 1_000, "the database has 20 to 1,000 GB")
        must(7 <= self.backup_days <= 35, "RDS keeps 7 to 35 days for a restore")
        must(
            self.memory in MEMORY.get(self.cpu, ()),
            "Fargate has 0.5 to 2 GB with 256, 1 to 4 with 512, 2 to 8 with 1,024",
        )
        must(self.log_days in {7, 14, 30, 60, 90, 180, 365}, "CloudWatch knows only some numbers of days")


STARTER: Final = with_own(
    StarterEnvironment(
        account="444444444444",
        domain="club.mile-quest.com",
        region=Region(
            name="us-east-1",
            born="primary",
            cidr="10.60.0.0/16",
            zones=("use1-az1", "use1-az2"),
            edge_prefixes="pl-3b927c52",
        ),
        alerts=Alerts(email="club-alerts@mile-quest.com", budget=80),
    ),
    own_values().get(SMALL, {}),
    SMALL,
)
