"""What any environment has, large or small."""

from typing import Protocol

from infra.config import Alerts, Region


class Home(Protocol):
    """Properties that any environment has, large or small: what its names and stacks are made of."""

    @property
    def name(self) -> str:
        """The name, a part of those of all its resources."""

    @property
    def account(self) -> str:
        """The number of its account."""

    @property
    def domain(self) -> str:
        """The domain, whose zone is its own."""

    @property
    def alerts(self) -> Alerts:
        """Recipients of alarms."""

    @property
    def log_days(self) -> int:
        """Days that logs are kept."""

    @property
    def regions(self) -> tuple[Region, ...]:
        """Its regions, the primary first."""

    @property
    def runbook(self) -> str:
        """The address of the page that alarms end with."""
