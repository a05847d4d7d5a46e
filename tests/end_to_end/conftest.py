"""The environment that is driven: the one that variables name, else this run's own server."""

import os

import pytest

from tests.end_to_end.environment import Environment
from tests.service import PASSWORD, Service


@pytest.fixture(scope="session")
def environment(request: pytest.FixtureRequest) -> Environment:
    """Return the environment at MQ_END_TO_END_URL, or the service that this worker serves."""
    url = os.environ.get("MQ_END_TO_END_URL")
    if url:
        sockets = tuple(os.environ["MQ_END_TO_END_SOCKETS"].split())
        return Environment(url, sockets, os.environ["MQ_END_TO_END_EMAIL"], os.environ["MQ_END_TO_END_PASSWORD"])
    service: Service = request.getfixturevalue("service")
    service.sign_up("tester")
    return Environment(service.origin, (service.socket_url,), "tester@example.org", PASSWORD)


@pytest.fixture(scope="session")
def token(environment: Environment) -> str:
    """Return an access token of the user, who signs in once."""
    return environment.sign_in()


@pytest.fixture(scope="session")
def team(environment: Environment, token: str) -> str:
    """Return the id of the user's team, which is kept from run to run: ten may be founded in a day."""
    return environment.own_team(token)
