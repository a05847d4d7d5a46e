"""Secrets Manager by its documentation: versions with stages, and a pending one without a value at first."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import orjson

Answer: TypeAlias = tuple[int, bytes]
Given: TypeAlias = dict[str, Any]


class SecretsManager(Iterator[Answer]):
    """One secret, as the answers of a stub; `asked` is the stub's requests."""

    def __init__(self, value: dict[str, str]) -> None:
        self.values: dict[str, str] = {"first": orjson.dumps(value).decode()}
        self.stages: dict[str, set[str]] = {"first": {"AWSCURRENT"}}
        self.asked: list[str] = []

    def begin(self, version: str) -> None:
        """Begin a rotation: the version exists, and has no value yet."""
        for stages in self.stages.values():
            stages.discard("AWSPENDING")
        self.stages[version] = {"AWSPENDING"}

    def value(self, stage: str) -> dict[str, str]:
        """Return the value at a stage."""
        (version,) = (version for version, stages in self.stages.items() if stage in stages)
        value: dict[str, str] = orjson.loads(self.values[version])
        return value

    def __next__(self) -> Answer:
        head, _, body = self.asked[-1].partition("\r\n\r\n")
        operation = head.lower().partition("x-amz-target: secretsmanager.")[2].partition("\r\n")[0]
        given = orjson.loads(body)
        assert given["SecretId"] == "arn:secret"
        operations = {
            "getsecretvalue": self._get,
            "putsecretvalue": self._put,
            "describesecret": self._describe,
            "updatesecretversionstage": self._update,
        }
        return operations[operation](given)

    def _get(self, given: Given) -> Answer:
        for version, stages in self.stages.items():
            wanted = given.get("VersionId", version) == version and given["VersionStage"] in stages
            if wanted and version in self.values:
                return 200, orjson.dumps({"VersionId": version, "SecretString": self.values[version]})
        return 400, b'{"__type": "ResourceNotFoundException"}'

    def _put(self, given: Given) -> Answer:
        version, value = given["ClientRequestToken"], given["SecretString"]
        if self.values.setdefault(version, value) != value:
            return 400, b'{"__type": "ResourceExistsException"}'
        self._move(given["VersionStages"], version)
        return 200, b"{}"

    def _describe(self, given: Given) -> Answer:
        stages = {version: sorted(names) for version, names in self.stages.items() if names}
        return 200, orjson.dumps({"VersionIdsToStages": stages})

    def _update(self, given: Given) -> Answer:
        stage, version, before = given["VersionStage"], given["MoveToVersionId"], given["RemoveFromVersionId"]
        if stage not in self.stages[before]:
            return 400, b'{"__type": "InvalidParameterException"}'
        self._move([stage], version)
        if stage == "AWSCURRENT":
            self._move(["AWSPREVIOUS"], before)
        return 200, b"{}"

    def _move(self, names: list[str], version: str) -> None:
        for stages in self.stages.values():
            stages.difference_update(names)
        self.stages.setdefault(version, set()).update(names)
