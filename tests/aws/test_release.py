"""Rehearsal of a release, with the deployed functions."""

from app.aws.rehearsal import PLAYS, played
from milequest.store.aws.client import Aws
from tests.aws.deployment import ACCOUNT, Deployment


def test_rehearsal_of_the_deployed_functions_finds_no_fault(deployment: Deployment) -> None:
    region = deployment.names.region.name
    arns = [f"arn:aws:lambda:{region}:{ACCOUNT}:function:{deployment.names.of(name)}:live" for name in PLAYS]

    async def faults(aws: Aws) -> list[str]:
        return [fault for arn in arns for fault in await played(aws, arn)]

    assert deployment.on_aws(faults) == []
