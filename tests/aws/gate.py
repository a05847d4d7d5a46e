"""The deployed WebSocket API in the place of another gateway: for a service of the tests, its data and its tokens."""

import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from app.environment import tools
from infra.local import aws
from milequest.providers.identity.builtin import CLIENT_ID
from milequest.rules.credentials import ISSUER
from milequest.store.aws.client import open_aws
from milequest.store.aws.sqs import Queue
from tests.aws.deployment import ACCOUNT, Deployment, fronted
from tests.fakes.aws import LOCK
from tests.service import Service

KEYS = "/.well-known/jwks.json"
WITHOUT = ("identity", "lake")
ROUND_SECONDS = 3.0  # a minute at AWS
FUNCTIONS = (
    "authorizer",
    "connect",
    "disconnect",
    "message",
    "planner",
    "poster",
    "later",
    "relay",
    "interest",
    "sweep",
)


def handed_over(database_url: str, redis_url: str, keys: str) -> dict[str, str]:
    """Return the values Data and Identity would share. `keys` is the address of the service's own provider's keys."""
    return {
        "data/writer-url": database_url,
        "data/reader-url": database_url,
        "data/cache-url": redis_url,
        "identity/keys": keys,
        "identity/issuer": ISSUER,
        "identity/clients": CLIENT_ID,
        "identity/pool": "none",
        "identity/pool-arn": f"arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/none",
    }


@contextmanager
def deployed_for(service: Service, templates: Path, folder: Path) -> Iterator[Deployment]:
    """Deploy the stacks without Identity, which the service's own provider replaces, and without Lake."""
    settings, server = service.runtime.settings, tools("aws", LOCK)
    values = handed_over(settings.database_url, settings.redis_url, f"{service.origin}{KEYS}")
    with aws.running(server, folder) as local:
        told = aws.deployed(server, local.endpoint, templates, values, folder, WITHOUT)
        with fronted(local.endpoint, told) as edge:
            deployment = Deployment(local.endpoint, edge, told, settings.database_url, folder / "aws.log")
            deployment.warm_up(FUNCTIONS)
            yield deployment


@contextmanager
def kicked_by(service: Service, deployment: Deployment) -> Iterator[None]:
    """Have the service's commits notify the deployed relay, and the minutes pass quickly."""
    settings = replace(
        service.runtime.settings,
        aws_endpoint_url=deployment.endpoint,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="test",
    )
    stack, bus = AsyncExitStack(), service.runtime.bus
    client = service.call(stack.enter_async_context(open_aws(settings)))
    before, bus.commit_queue = (
        bus.commit_queue,
        Queue(client, f"{deployment.endpoint}/{ACCOUNT}/milequest-staging-kicks"),
    )
    ended = threading.Event()

    def rounds() -> None:
        while not ended.wait(ROUND_SECONDS):
            deployment.invoke("sweep", {})

    thread = threading.Thread(target=rounds)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        bus.commit_queue = before
        service.call(stack.aclose())
