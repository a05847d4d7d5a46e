"""Two regions as the failover command sees them: RDS's global database, functions, servers, by AWS's own models.

Requests are checked by botocore's models, and refusals are those of RDS's pages on FailoverGlobalCluster and
SwitchoverGlobalCluster. A test may end the process before or after any call, and take a region away.
"""

import io
import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import botocore.session
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.model import ServiceModel
from botocore.validate import validate_parameters

from infra.config import Environment, Region
from infra.names import Names


class Killed(BaseException):
    """The process was ended."""


@cache
def model(service: str) -> ServiceModel:
    """Return the model of a service's API."""
    return botocore.session.get_session().get_service_model(service)


@dataclass
class Place:
    """A region: concurrency by function, servers that are to run, instances, and capacity."""

    region: Region
    concurrency: dict[str, int] = field(default_factory=dict)
    desired: int = 2
    members: list[str] = field(default_factory=lambda: ["database-0"])
    capacity: dict[str, float] = field(default_factory=lambda: {"MinCapacity": 0.5, "MaxCapacity": 32})
    is_away: bool = False


@dataclass
class TwoRegions:
    """The account. `kill_at` is the number of the call at which the process ends, after it if `after`."""

    environment: Environment
    writer: str
    functions: Mapping[str, frozenset[str]]  # names by region, as the templates have them
    epoch: int = 1
    moving: tuple[str, int] | None = None  # where to, and how many more questions it takes
    calls: list[str] = field(default_factory=list)
    kill_at: int | None = None
    after: bool = False

    def __post_init__(self) -> None:
        self.places = {region.name: Place(region) for region in self.environment.regions}
        for name, place in self.places.items():
            reserved = self.environment.limits.reserved
            place.concurrency = {Names(self.environment, place.region).of(one): n for one, n in reserved.items()}
            if name == self.writer:
                place.members.append("database-1")
                place.capacity["MinCapacity"] = self.environment.sizes.acu_min

    def clients(self, service: str, region: str) -> "Client":
        """Make a client."""
        return Client(self, service, self.places[region])

    def answer(self, url: str) -> str:
        """Answer as `/readyz` of a region: ready where the database is writable and functions may run."""
        (place,) = [one for one in self.places.values() if f"{one.region.short}-api" in url]
        is_open = 0 not in place.concurrency.values()
        return "200" if place.region.name == self.writer and self.moving is None and is_open else "503"

    def state(self) -> Any:
        """Return everything that a failover changes, but the epoch, which may be raised more than once."""
        return deepcopy({"writer": self.writer, "moving": self.moving, "places": self.places})


@dataclass
class Client:
    """A client of a service in a region."""

    account: TwoRegions
    service: str
    place: Place

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**given: Any) -> Any:
            operation = "".join(word.title() for word in name.split("_")).replace("Db", "DB")
            shape = model(self.service).operation_model(operation).input_shape
            validate_parameters(given, shape)
            number = len(self.account.calls)
            self.account.calls.append(f"{self.place.region.name} {operation}")
            if self.account.kill_at == number and not self.account.after:
                raise Killed
            if self.place.is_away:
                raise EndpointConnectionError(endpoint_url=f"https://{self.service}.{self.place.region.name}")
            answer = getattr(self, f"_{name}")(given)
            if self.account.kill_at == number:
                raise Killed
            return answer

        return call

    def _refuse(self, code: str, operation: str) -> ClientError:
        return ClientError({"Error": {"Code": code, "Message": code}}, operation)

    def _function(self, name: str) -> str:
        if name.partition(":")[0] not in self.account.functions[self.place.region.name]:
            raise self._refuse("ResourceNotFoundException", self.service)
        return name

    def _get_function_concurrency(self, given: dict[str, Any]) -> Any:
        count = self.place.concurrency.get(self._function(given["FunctionName"]))
        return {} if count is None else {"ReservedConcurrentExecutions": count}

    def _put_function_concurrency(self, given: dict[str, Any]) -> Any:
        self.place.concurrency[self._function(given["FunctionName"])] = given["ReservedConcurrentExecutions"]
        return {"ReservedConcurrentExecutions": given["ReservedConcurrentExecutions"]}

    def _delete_function_concurrency(self, given: dict[str, Any]) -> Any:
        self.place.concurrency.pop(self._function(given["FunctionName"]), None)
        return {}

    def _invoke(self, given: dict[str, Any]) -> Any:
        assert self._function(given["FunctionName"]).endswith("-migrations:live")
        assert json.loads(given["Payload"]) == {"epoch": "raise"}
        if self.account.writer != self.place.region.name:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorType": "NotPromotedError"}')}
        self.account.epoch += 1
        return {"Payload": io.BytesIO(json.dumps({"epoch": self.account.epoch}).encode())}

    def _describe_services(self, given: dict[str, Any]) -> Any:
        return {"services": [{"serviceName": given["services"][0], "desiredCount": self.place.desired}]}

    def _update_service(self, given: dict[str, Any]) -> Any:
        self.place.desired = given["desiredCount"]
        return {}

    def _get_metric_statistics(self, given: dict[str, Any]) -> Any:
        return {"Datapoints": [{"Timestamp": given["EndTime"], "Maximum": 812.0}]}

    def _arn(self, region: str) -> str:
        return f"arn:aws:rds:{region}:{self.account.environment.account}:cluster:milequest-production-database"

    def _describe_global_clusters(self, given: dict[str, Any]) -> Any:
        if self.account.moving:
            to, left = self.account.moving
            self.account.moving = (to, left - 1) if left else None
            self.account.writer = self.account.writer if left else to
        members = [
            {"DBClusterArn": self._arn(name), "IsWriter": name == self.account.writer} for name in self.account.places
        ]
        found = {"GlobalClusterIdentifier": given["GlobalClusterIdentifier"], "GlobalClusterMembers": members}
        if self.account.moving:
            moving = {"Status": "failing-over", "ToDbClusterArn": self._arn(self.account.moving[0])}
            return {"GlobalClusters": [found | {"Status": "failing-over", "FailoverState": moving}]}
        return {"GlobalClusters": [found | {"Status": "available"}]}

    def _failover_global_cluster(self, given: dict[str, Any]) -> Any:
        assert given["AllowDataLoss"]
        return self._move(given["TargetDbClusterIdentifier"], "FailoverGlobalCluster")

    def _switchover_global_cluster(self, given: dict[str, Any]) -> Any:
        if any(place.is_away for place in self.account.places.values()):
            raise self._refuse("InvalidGlobalClusterStateFault", "SwitchoverGlobalCluster")
        if self.place.region.name != self.account.writer:
            raise self._refuse("InvalidDBClusterStateFault", "SwitchoverGlobalCluster")
        return self._move(given["TargetDbClusterIdentifier"], "SwitchoverGlobalCluster")

    def _move(self, target: str, operation: str) -> Any:
        to = target.split(":")[3]
        if self.account.moving or to == self.account.writer:
            raise self._refuse("InvalidGlobalClusterStateFault", operation)
        self.account.moving = (to, 2)
        return {}

    def _describe_db_clusters(self, given: dict[str, Any]) -> Any:
        members = [{"DBInstanceIdentifier": f"{self._prefix}{one}"} for one in self.place.members]
        return {"DBClusters": [{"ServerlessV2ScalingConfiguration": self.place.capacity, "DBClusterMembers": members}]}

    def _modify_db_cluster(self, given: dict[str, Any]) -> Any:
        self.place.capacity = given["ServerlessV2ScalingConfiguration"]
        return {}

    @property
    def _prefix(self) -> str:
        return f"milequest-{self.account.environment.name}-"

    def _delete_db_instance(self, given: dict[str, Any]) -> Any:
        short = given["DBInstanceIdentifier"].removeprefix(self._prefix)
        assert given["SkipFinalSnapshot"], "an instance of a cluster has no snapshot of its own"
        if short not in self.place.members:
            raise self._refuse("DBInstanceNotFound", "DeleteDBInstance")
        if len(self.place.members) == 1 or self.place.region.name == self.account.writer:
            raise self._refuse("InvalidDBClusterStateFault", "DeleteDBInstance")
        self.place.members.remove(short)
        return {}

    def _create_db_instance(self, given: dict[str, Any]) -> Any:
        short = given["DBInstanceIdentifier"].split("-", 2)[2]
        if short in self.place.members:
            raise self._refuse("DBInstanceAlreadyExists", "CreateDBInstance")
        self.place.members.append(short)
        return {}
