"""A secret of AWS Secrets Manager, with the versions it has during a rotation."""

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from milequest.store.aws.client import Aws
from milequest.store.aws.retries import AwsError

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"  # the stages of versions


class Secret:
    """The secret `id`, whose value is a JSON object. Every call raises AwsError or Away."""

    def __init__(self, aws: Aws, id: str) -> None:
        self._aws = aws
        self._id = id
        self._signer = aws.signer("secretsmanager")
        self._origin = aws.origin("secretsmanager")

    async def value(self, stage: str, version: str | None = None) -> dict[str, Any] | None:
        """Return the value at a stage, if it is that version's; None if there is none.

        It is read by our own call, as an authorizer has to begin quickly.
        """
        given = {"SecretId": self._id, "VersionStage": stage, **({"VersionId": version} if version else {})}
        try:
            answer = await self._aws.call(self._signer, self._origin, "secretsmanager.GetSecretValue", "1.1", given)
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise
        value: dict[str, Any] = orjson.loads(answer["SecretString"])
        return value

    async def propose(self, version: str, value: Mapping[str, Any]) -> None:
        """Store a value as pending."""
        text = orjson.dumps(value).decode()
        await self._call("put_secret_value", ClientRequestToken=version, SecretString=text, VersionStages=[PENDING])

    async def stages(self) -> Mapping[str, Collection[str]]:
        """Return the stages of each version."""
        stages: Mapping[str, Collection[str]] = (await self._call("describe_secret"))["VersionIdsToStages"]
        return stages

    async def make_current(self, version: str, instead_of: str) -> None:
        """Make this version the current one for all readers."""
        await self._call(
            "update_secret_version_stage", VersionStage=CURRENT, MoveToVersionId=version, RemoveFromVersionId=instead_of
        )

    async def _call(self, operation: str, **given: Any) -> Any:
        return await self._aws.sdk.call("secretsmanager", operation, SecretId=self._id, **given)
