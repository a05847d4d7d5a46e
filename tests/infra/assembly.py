"""The CDK's output, read as plain JSON, so that tests need nothing of the CDK."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from app.environment import INFRA_LOCK, tools
from milequest.settings import PROJECT
from tests.tiers import needs

Body = dict[str, Any]


@dataclass(frozen=True)
class Resource:
    """A resource of a stack."""

    stack: str
    id: str
    type: str
    body: Body

    @property
    def properties(self) -> Body:
        """Its properties."""
        properties: Body = self.body.get("Properties", {})
        return properties

    @property
    def environment(self) -> str:
        """staging or production."""
        return self.stack.split("-")[1]

    @property
    def text(self) -> str:
        """The whole resource as text."""
        return json.dumps(self.body)

    def __str__(self) -> str:
        return f"{self.stack}: {self.id}"


class Assembly:
    """The folder of templates."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def templates(self) -> dict[str, Body]:
        """Templates by stack: `milequest-staging-state-us-east-1`."""
        files = sorted(self.folder.glob("*.template.json"))
        return {file.name.removesuffix(".template.json"): json.loads(file.read_text()) for file in files}

    def resources(self, *types: str) -> Iterator[Resource]:
        """Yield the resources of one of the types, or all."""
        for stack, template in self.templates.items():
            for id, body in template["Resources"].items():
                if not types or body["Type"] in types:
                    yield Resource(stack, id, body["Type"], body)

    def of(self, stack: str, type: str) -> list[Resource]:
        """Return the resources of a type in a stack of every environment and region."""
        return [resource for resource in self.resources(type) if resource.stack.split("-")[2] == stack]

    def findings(self) -> list[str]:
        """Return the findings of cdk-nag or CloudFormation's own rules that are not acknowledged."""
        report = json.loads((self.folder / "validation-report.json").read_text())
        return [
            f"{found['ruleName']} {construct['constructPath']}"
            for plugin in report["pluginReports"]
            for found in plugin["violations"]
            for construct in found["violatingConstructs"]
        ]

    def acknowledged(self) -> dict[str, set[str]]:
        """Return the reasons that are given for each rule."""
        reasons: dict[str, set[str]] = {}
        for file in self.folder.glob("*.metadata.json"):
            for entries in json.loads(file.read_text()).values():
                for entry in entries:
                    if entry["type"] == "aws:cdk:acknowledged-rules":
                        for rule, reason in entry["data"].items():
                            name = rule.removeprefix("Annotation::").partition("[")[0]
                            reasons.setdefault(name, set()).add(reason)
        return reasons


def run_tool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the Python that has the CDK."""
    needs("aws")
    return subprocess.run(
        [tools("infra", INFRA_LOCK), *arguments], cwd=PROJECT, text=True, capture_output=True, check=False
    )
