"""The steps of a failover: what each does, whether it is done, and how it is done a second time without harm."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from infra.config import STANDBY_ACU, Environment, Region
from infra.deploy.cloudformation import POLL_SECONDS, DeploymentError
from infra.deploy.deploy_steps import Clients
from infra.names import Names

FENCED: Final = (
    *("api", "auth", "team", "activity", "map", "post-confirmation", "message", "relay", "planner", "pictures"),
    *("finalize", "prune", "sweep"),
)
"""Functions that write to the database."""
OF_THE_POOL: Final = frozenset(("post-confirmation",))  # which stands in the primary region alone
MOVING: Final = frozenset(("pending", "failing-over", "switching-over"))  # of a FailoverState, but cancelling
PROMOTION_SECONDS: Final = 1_800.0
READY_SECONDS: Final = 600.0
SECOND: Final = "database-1"  # a reader that the region which stands by does without


@dataclass(frozen=True)
class FailoverStep:
    """A step: `does` says what it will do; `is_done` asks AWS; `run` may be repeated, and raises DeploymentError."""

    does: str
    is_done: Callable[[], bool]
    run: Callable[[], None]


@dataclass(frozen=True)
class Failover:
    """A failover from the region `old` to `new`. A planned one loses nothing, and needs both.

    `tell` prints a line; `answer` returns the status of an address, or why there is none.
    """

    environment: Environment
    old: Region
    new: Region
    planned: bool
    clients: Clients
    tell: Callable[[str], None]
    answer: Callable[[str], str]
    poll: float = POLL_SECONDS

    def steps(self) -> Iterator[FailoverStep]:
        """Yield the steps in their order."""
        old, new = self.old.name, self.new.name
        yield FailoverStep(
            f"fence {old}: no function of it writes any more, and it has no servers", self._is_fenced, self._fence
        )
        how = "by a switchover, which loses nothing" if self.planned else "and lose what has not arrived there"
        yield FailoverStep(f"promote the database in {new}, {how}", self._is_promoted, self._promote)
        if not self.planned:
            does = "raise the epoch of the log: clients that are ahead of it begin again (twice does no harm)"
            yield FailoverStep(does, lambda: False, self._raise_epoch)
        does = f"give functions and servers of {new} their numbers"
        yield FailoverStep(does, lambda: self._is_open(self.new), lambda: self._open(self.new))
        yield FailoverStep(f"make room in {new}: capacity, and a reader", self._has_room, self._make_room)
        if self.planned:
            does = f"take the fence off {old}, which follows now: its sockets wait for its sweep"
            yield FailoverStep(does, lambda: self._is_open(self.old), lambda: self._open(self.old))
        yield FailoverStep(f"wait until {self.ready_url} answers", self._is_ready, self._await_ready)
        if self.new.primary:
            does = f"give up the room in {old}, which stands by again: a reader that was added, and capacity"
            yield FailoverStep(does, self._is_small, self._give_up_room)

    @property
    def ready_url(self) -> str:
        """Address that is ready where the database is writable."""
        return f"https://{Names(self.environment, self.new).host(f'{self.new.short}-api')}/readyz"

    def lag(self) -> str:
        """Return in words how much would be lost now."""
        rds = {"Name": "DBClusterIdentifier", "Value": self._names(self.new).of("database")}
        now = datetime.now(UTC)
        points = self.clients("cloudwatch", self.new.name).get_metric_statistics(
            Namespace="AWS/RDS",
            MetricName="AuroraGlobalDBRPOLag",
            Dimensions=[rds],
            StartTime=now - timedelta(minutes=15),
            EndTime=now,
            Period=60,
            Statistics=["Maximum"],
        )["Datapoints"]
        if not points:
            return f"{self.new.name} has not said for a quarter of an hour how far it is behind"
        newest = max(points, key=lambda point: point["Timestamp"])
        return f"{self.new.name} was {newest['Maximum']:.0f} ms behind at {newest['Timestamp']:%H:%M}"

    def _names(self, region: Region) -> Names:
        return Names(self.environment, region)

    def _is_fenced(self) -> bool:
        if self.planned and self._is_promoted():
            return True  # it follows, and may have been opened again
        with suppress(BotoCoreError, ClientError):
            return set(self._concurrencies(self.old).values()) == {0} and self._desired(self.old) in (0, None)
        return False

    def _fence(self) -> None:
        """Fence it as far as it answers; where nothing may be lost, it has to."""
        try:
            functions = self.clients("lambda", self.old.name)
            for name in self._fenced(self.old):
                functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
            self._set_desired(self.old, 0)
        except (BotoCoreError, ClientError) as error:
            if self.planned:
                raise DeploymentError(f"{self.old.name} is not fenced: {error}") from None
            self.tell(f"    not all of it answers, so run this again once it does: {error}")

    def _fenced(self, region: Region) -> dict[str, int | None]:
        """Return by name the functions of a region that write, with what is reserved for each when it is open."""
        there = [name for name in FENCED if region.primary or name not in OF_THE_POOL]
        return {self._names(region).of(name): self.environment.limits.reserved.get(name) for name in there}

    def _concurrencies(self, region: Region) -> dict[str, int | None]:
        functions = self.clients("lambda", region.name)
        return {
            name: functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
            for name in self._fenced(region)
        }

    def _desired(self, region: Region) -> int | None:
        """Return the number of servers that are to run; None without any service."""
        if not self.environment.features.fargate:
            return None
        cluster, service = self._names(region).of("fleet"), self._names(region).of("servers")
        found = self.clients("ecs", region.name).describe_services(cluster=cluster, services=[service])["services"]
        return int(found[0]["desiredCount"]) if found else None

    def _set_desired(self, region: Region, count: int) -> None:
        if self._desired(region) is not None:
            names = self._names(region)
            self.clients("ecs", region.name).update_service(
                cluster=names.of("fleet"), service=names.of("servers"), desiredCount=count
            )

    def _global(self) -> Any:
        name = self._names(self.new).of("global")
        (found,) = self.clients("rds", self.new.name).describe_global_clusters(GlobalClusterIdentifier=name)[
            "GlobalClusters"
        ]
        return found

    def _cluster_arn(self) -> str:
        names = self._names(self.new)
        return f"arn:aws:rds:{self.new.name}:{self.environment.account}:cluster:{names.of('database')}"

    def _writes(self, found: Any) -> bool:
        """Return whether the new region's cluster is the one that is written to."""
        writers = [member["DBClusterArn"] for member in found["GlobalClusterMembers"] if member["IsWriter"]]
        return writers == [self._cluster_arn()]

    def _is_promoted(self) -> bool:
        found = self._global()
        return found["Status"] == "available" and self._writes(found)

    def _promote(self) -> None:
        """Promote it, unless that is under way or was just done, and wait. Asks a region that is there."""
        found = self._global()
        is_moving = found.get("FailoverState", {}).get("Status") in MOVING
        if not is_moving and not self._writes(found):
            asked = {
                "GlobalClusterIdentifier": found["GlobalClusterIdentifier"],
                "TargetDbClusterIdentifier": self._cluster_arn(),
            }
            if self.planned:
                self.clients("rds", self.old.name).switchover_global_cluster(**asked)
            else:
                self.clients("rds", self.new.name).failover_global_cluster(**asked, AllowDataLoss=True)
        self._await(self._is_promoted, PROMOTION_SECONDS, f"the database in {self.new.name} is still not promoted")

    def _raise_epoch(self) -> None:
        function = f"{self._names(self.new).of('migrations')}:live"
        answer = self.clients("lambda", self.new.name).invoke(FunctionName=function, Payload=b'{"epoch": "raise"}')
        body = answer["Payload"].read().decode()
        if "FunctionError" in answer:
            raise DeploymentError(f"{function} failed: {body}")
        self.tell(f"    the log is in epoch {json.loads(body)['epoch']}")

    def _is_open(self, region: Region) -> bool:
        desired = self._desired(region)
        is_served = desired is None or desired >= self.environment.sizes.tasks_min
        return is_served and self._concurrencies(region) == self._fenced(region)

    def _open(self, region: Region) -> None:
        functions = self.clients("lambda", region.name)
        for name, count in self._fenced(region).items():
            if count:
                functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=count)
            else:
                functions.delete_function_concurrency(FunctionName=name)
        if (self._desired(region) or 0) < self.environment.sizes.tasks_min:
            self._set_desired(region, self.environment.sizes.tasks_min)

    def _cluster(self, region: Region) -> Any:
        name = self._names(region).of("database")
        (found,) = self.clients("rds", region.name).describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
        return found

    def _has_room(self) -> bool:
        found, sizes = self._cluster(self.new), self.environment.sizes
        capacity = found["ServerlessV2ScalingConfiguration"]
        enough = capacity["MinCapacity"] >= sizes.acu_min and capacity["MaxCapacity"] >= sizes.acu_max
        return enough and len(found["DBClusterMembers"]) >= 1 + min(1, sizes.readers)

    def _make_room(self) -> None:
        rds, names, sizes = self.clients("rds", self.new.name), self._names(self.new), self.environment.sizes
        self._scale(self.new, sizes.acu_min)
        if len(self._cluster(self.new)["DBClusterMembers"]) < 1 + min(1, sizes.readers):
            rds.create_db_instance(
                DBInstanceIdentifier=names.of(SECOND),
                DBClusterIdentifier=names.of("database"),
                DBInstanceClass="db.serverless",
                Engine="aurora-postgresql",
                PromotionTier=1,
            )

    def _is_small(self) -> bool:
        found = self._cluster(self.old)
        return found["ServerlessV2ScalingConfiguration"]["MinCapacity"] <= STANDBY_ACU and not self._has_second(found)

    def _has_second(self, found: Any) -> bool:
        """Return whether the old region has the reader that a failover added to what its templates say."""
        ids = {member["DBInstanceIdentifier"] for member in found["DBClusterMembers"]}
        return self._names(self.old).of(SECOND) in ids

    def _is_alone(self) -> bool:
        return not self._has_second(self._cluster(self.old))

    def _give_up_room(self) -> None:
        if not self._is_alone():
            rds = self.clients("rds", self.old.name)
            rds.delete_db_instance(DBInstanceIdentifier=self._names(self.old).of(SECOND), SkipFinalSnapshot=True)
            self._await(self._is_alone, PROMOTION_SECONDS, f"the second reader in {self.old.name} is still there")
        self._scale(self.old, STANDBY_ACU)

    def _scale(self, region: Region, least: float) -> None:
        self.clients("rds", region.name).modify_db_cluster(
            DBClusterIdentifier=self._names(region).of("database"),
            ServerlessV2ScalingConfiguration={"MinCapacity": least, "MaxCapacity": self.environment.sizes.acu_max},
            ApplyImmediately=True,
        )

    def _is_ready(self) -> bool:
        return self.answer(self.ready_url) == "200"

    def _await_ready(self) -> None:
        self._await(self._is_ready, READY_SECONDS, f"{self.ready_url} is not ready: {self.answer(self.ready_url)}")

    def _await(self, is_done: Callable[[], bool], seconds: float, otherwise: str) -> None:
        end = time.monotonic() + seconds
        while not is_done():
            if time.monotonic() > end:
                raise DeploymentError(otherwise)
            time.sleep(self.poll)
