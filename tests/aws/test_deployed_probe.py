"""The operator's own client at the deployed service: it makes its user in the pool, and is served there."""

import asyncio
from dataclasses import replace

import pytest

from app import synthetic_client
from app.aws.probe import probed
from milequest.store.aws.client import open_aws
from tests.aws.deployment import PATIENCE, Deployment, local_settings


def test_deployed_service_serves_the_probe_who_makes_its_user(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The function itself knows the public addresses alone, so its code is run here, with the deployed secret."""
    monkeypatch.setattr(synthetic_client, "PATIENCE", PATIENCE)
    settings = replace(
        local_settings(deployment.endpoint, deployment.names),
        probe_url=deployment.url,
        probe_sockets=(deployment.socket_url,),
        probe_email="probe@staging.mile-quest.com",
        probe_secret=deployment.names.of("probe"),
        probe_pool=deployment.told["identity/pool"],
        metrics_namespace="MileQuest",
    )

    async def twice() -> list[dict[str, str]]:
        async with open_aws(settings) as aws:
            return [await probed(aws, settings) for _ in range(2)]

    assert asyncio.run(twice()) == [{}, {}]
    assert capsys.readouterr().out.count('"ProbeWorked":1') == 2
    begun = deployment.invoke("probe", {})
    assert begun == {"failed": "ready: ClientConnectorDNSError"}, "no such host is there, and the function runs"
