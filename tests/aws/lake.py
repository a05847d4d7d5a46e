"""Queries of the data lake."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.aws.athena import Athena
from tests.aws.deployment import ACCOUNT, Deployment

BUCKET = f"milequest-staging-lake-{ACCOUNT}-us-east-1"


@pytest.fixture(scope="module")
def athena(deployment: Deployment) -> Athena:
    """Return the lake's workgroup."""
    return Athena(deployment, "milequest-staging-lake")


def sql(deployment: Deployment, text: str, *given: str) -> list[Any]:
    """Return the rows of the database itself."""

    async def asked() -> list[Any]:
        connection = await asyncpg.connect(deployment.database_url)
        try:
            return await connection.fetch(text, *given)
        finally:
            await connection.close()

    return asyncio.run(asked())


def operation(deployment: Deployment, service: str, target: str, **given: Any) -> Any:
    """Call an operation of a service."""
    return deployment.on_aws(lambda aws: aws.call(aws.signer(service), aws.origin(service), target, "1.1", given))
