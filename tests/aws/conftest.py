"""The service as it runs on AWS: staging's own templates deployed to a local AWS, with real PostgreSQL and Valkey."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from redis import Redis

from app.environment import tools
from infra.local import aws
from tests.aws.deployment import Deployment, fronted
from tests.aws.made import packages, templates
from tests.fakes.aws import LOCK

__all__ = ["packages", "templates"]


@pytest.fixture(scope="session")
def deployment(
    templates: Path,
    tmp_path_factory: pytest.TempPathFactory,
    new_database: Callable[[], AbstractContextManager[str]],
    _valkey: Redis,
) -> Iterator[Deployment]:
    """Yield the stacks, for all tests of the one worker that drives them."""
    folder, server = tmp_path_factory.mktemp("deployment"), tools("aws", LOCK)
    cache = f"unix://{_valkey.get_connection_kwargs()['path']}"
    with new_database() as url, aws.running(server, folder) as local:
        values = {"data/writer-url": url, "data/reader-url": url, "data/cache-url": cache}
        told = aws.deployed(server, local.endpoint, templates, values, folder)
        with fronted(local.endpoint, told) as edge:
            deployment = Deployment(local.endpoint, edge, told, url, folder / "aws.log")
            deployment.warm_up()
            yield deployment


@pytest.fixture(scope="session")
def ann(deployment: Deployment) -> str:
    """Return a user's token, the same for all: five may sign up within a quarter of an hour."""
    return deployment.sign_up("ann")


@pytest.fixture(scope="session")
def lea(deployment: Deployment) -> str:
    """Return the token of a user whose walks no other test counts."""
    return deployment.sign_up("lea")
