"""The gateways that the behaviour suite runs on."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.aws.deployment import Deployment
from tests.aws.gate import deployed_for, kicked_by
from tests.aws.made import packages, templates
from tests.event_streams import follow
from tests.fakes.aws import local_aws
from tests.listening import Connection, dial
from tests.service import Service
from tests.subscriptions.gateway_of_aws import Gateway, gateway_of_aws
from tests.subscriptions.team import Team, gather

__all__ = ["packages", "templates"]  # fixtures of the deployment's own tests too


class Dial(Protocol):
    """Connects: `async with dial(token) as connection`."""

    def __call__(self, token: str | None) -> AbstractAsyncContextManager[Connection]:
        """Return a connection that was acknowledged."""


@pytest.fixture(scope="session")
def local_aws_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield a local AWS for all tests of this worker."""
    with local_aws(tmp_path_factory.mktemp("aws")) as url:
        yield url


@pytest.fixture(scope="session")
def gate(service: Service, local_aws_url: str) -> Iterator[Gateway]:
    """Yield the gateway on API Gateway, on the service's loop and of its runtime."""
    stack = AsyncExitStack()
    yield service.call(stack.enter_async_context(gateway_of_aws(service.runtime, local_aws_url)))
    service.call(stack.aclose())


@pytest.fixture(scope="session")
def deployed(service: Service, templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Yield the gateway on API Gateway as it is deployed: real functions, queues and tables."""
    with deployed_for(service, templates, tmp_path_factory.mktemp("deployed")) as deployment:
        yield deployment


@pytest.fixture
def rushed(service: Service, deployed: Deployment) -> Iterator[Deployment]:
    """Yield the same, with short minutes."""
    with kicked_by(service, deployed):
        yield deployed


@pytest.fixture(params=["asgi", "sse", "apigateway", "deployed"])
def connected(service: Service, request: pytest.FixtureRequest) -> Dial:
    """Return a function that connects to a gateway."""
    if request.param == "deployed":
        deployment: Deployment = request.getfixturevalue("rushed")
        return lambda token: dial(deployment.socket_url, token)
    if request.param == "apigateway":
        gate: Gateway = request.getfixturevalue("gate")
        return lambda token: dial(gate.api.url, token)
    if request.param == "sse":
        return lambda token: follow(service, token)
    return lambda token: dial(service.socket_url, token)


@pytest.fixture
def soon(request: pytest.FixtureRequest) -> float:
    """Return the seconds within which the gateway reports an end."""
    return 30.0 if request.node.callspec.params["connected"] == "deployed" else 10.0


@pytest.fixture
async def team(service: Service) -> Team:
    """Return a private team."""
    return await gather(service)


@pytest.fixture
async def public_team(service: Service) -> Team:
    """Return a public team."""
    return await gather(service, is_public=True)
