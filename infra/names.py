"""Names that one stack gives and another uses. They are promises: renaming one replaces its resource."""

from dataclasses import dataclass
from typing import Final

from infra.config import Region
from infra.home import Home

STAGE: Final = "live"  # of every API

COMING: Final = "uploads"  # folders of the bucket of pictures, as in milequest/rules/avatars.py
SHOWN: Final = "avatars"

IMPORTED_PARAMETERS: Final = {
    "carried/data-key": "global/data-key",
    "carried/zone": "global/zone",
    "carried/pictures": "state/user-data-bucket",
    "identity/issuer": "identity/issuer",
    "identity/keys": "identity/keys",
    "identity/pool": "identity/pool",
    "identity/pool-arn": "identity/pool-arn",
    "identity/clients": "identity/clients",
}
"""Parameters that a second region has of the first one: the pipeline copies them, as no stack can reach so far."""
CARRIED_BACK: Final = {"carried/balancer-there": "fleet/balancer"}
"""Parameters that the first region has of the second."""
NOT_YET: Final = "none"  # value of `carried/pictures` before the first region has its bucket

REPOSITORY_TOKEN: Final = "milequest-github-token"  # a secret, put there by hand where there are pages
BY_HAND: Final = (
    "by-hand/pagerduty",
    "by-hand/slack-workspace",
    "by-hand/slack-channel",
    "by-hand/quicksight-owner",
    "by-hand/anomaly-monitor",
    "pipeline/server-image",
)
"""Parameters that no stack tells: they are set by hand, or by a build of the pipeline."""


OWN_VALUES: Final = "pipeline/environments"
"""The parameter with the operator's own values, set by the deploy command for the pipeline that synthesizes."""


SERVER_IMAGE: Final = "pipeline/server-image"
"""The parameter with the image of the servers, its digest in its address."""


REPLICATION = "all"  # id of the rule by which pictures go to the other region, in each


@dataclass(frozen=True, slots=True)
class Names:
    """The names in a region of an environment."""

    environment: Home
    region: Region

    def stack(self, name: str) -> str:
        """Return the name of a stack."""
        return f"milequest-{self.environment.name}-{name.lower()}"

    def of(self, name: str) -> str:
        """Return a name that is unique within a region: a table, a bus, a topic, a function."""
        return f"milequest-{self.environment.name}-{name}"

    def queue(self, name: str, *, fifo: bool = False) -> str:
        """Return the name of a queue."""
        return self.of(f"{name}.fifo" if fifo else name)

    def bucket(self, name: str) -> str:
        """Return the name of a bucket, unique in the world."""
        return f"milequest-{self.environment.name}-{name}-{self.environment.account}-{self.region.name}"

    def parameter(self, key: str) -> str:
        """Return the name of an SSM parameter: `network/vpc` is /milequest/staging/network/vpc."""
        return f"/milequest/{self.environment.name}/{key}"

    def host(self, name: str) -> str:
        """Return a host below the environment's domain."""
        return f"{name}.{self.environment.domain}"

    @property
    def bootstrap_images(self) -> str:
        """The name of the repository of images that `cdk bootstrap` makes."""
        return f"cdk-hnb659fds-container-assets-{self.environment.account}-{self.region.name}"
