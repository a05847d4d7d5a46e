"""Common parts of all stacks: their names, and values shared by SSM parameters."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm
from constructs import Construct, IConstruct

from infra.config import Environment, Region
from infra.home import Home
from infra.names import Names


class HomeStack(cdk.Stack):
    """A stack in a region of any environment. Stateful ones cannot be deleted by mistake."""

    def __init__(self, app: Construct, environment: Home, region: Region, *, stateful: bool = False) -> None:
        self.names = Names(environment, region)
        self.home: Home = environment
        self.where = region
        name = type(self).__name__
        super().__init__(
            app,
            f"{self.names.stack(name)}-{region.name}",
            stack_name=self.names.stack(name),
            env=cdk.Environment(account=environment.account, region=region.name),
            termination_protection=stateful,
            description=f"Mile Quest, {environment.name}: {(type(self).__doc__ or name).splitlines()[0]}",
            tags={"project": "milequest", "environment": environment.name},
        )

    def share(self, key: str, value: str) -> ssm.StringParameter:
        """Share a value with other stacks, by a descriptive key: `data/writer-host`."""
        name = self.names.parameter(key)
        return ssm.StringParameter(self, f"Share {key}", parameter_name=name, string_value=value)

    def shared(self, key: str) -> str:
        """Return a value another stack shares, read when this one is deployed."""
        return str(ssm.StringParameter.value_for_string_parameter(self, self.names.parameter(key)))

    def arn_of(self, service: str, resource: str) -> str:
        """Return the ARN of a resource with a fixed name, in this region: `arn_of("sqs", names.queue("jobs"))`."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


class Stack(HomeStack):
    """A stack of an environment that has many."""

    home: Environment

    def __init__(self, app: Construct, environment: Environment, region: Region, *, stateful: bool = False) -> None:
        super().__init__(app, environment, region, stateful=stateful)

    def private_subnets(self) -> list[str]:
        """Return the ids of the subnets of functions and servers, one in each zone."""
        return self._subnets("private")

    def data_subnets(self) -> list[str]:
        """Return the ids of the subnets of databases, one in each zone."""
        return self._subnets("data")

    def _subnets(self, kind: str) -> list[str]:
        return [self.shared(f"network/{kind}-subnet-{number}") for number, _ in enumerate(self.where.zones, 1)]


def stack_of(construct: IConstruct) -> Stack:
    """Return the stack of a construct."""
    return cast(Stack, cdk.Stack.of(construct))
