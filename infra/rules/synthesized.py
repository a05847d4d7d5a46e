"""Synthesized templates, read as plain JSON, so that rules and tests need nothing of the CDK."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

Body: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Resource:
    """A resource of a stack, whose name is `milequest-<environment>-<stack>-<region>`."""

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
    def region(self) -> str:
        """The region of its stack."""
        return self.stack.split("-", 3)[3]

    @property
    def text(self) -> str:
        """The whole resource as text."""
        return json.dumps(self.body)

    @property
    def waits_for(self) -> set[str]:
        """Ids of the resources that it waits for, directly."""
        given = self.body.get("DependsOn", [])
        return {given} if isinstance(given, str) else set(given)

    def __str__(self) -> str:
        return f"{self.stack}: {self.id}"


class Templates:
    """Templates by stack: `milequest-staging-state-us-east-1`."""

    def __init__(self, templates: Mapping[str, Body]) -> None:
        self.templates = templates

    def resources(self, *types: str) -> Iterator[Resource]:
        """Yield the resources of one of the types, or all."""
        for stack, template in self.templates.items():
            for id, body in template["Resources"].items():
                if not types or body["Type"] in types:
                    yield Resource(stack, id, body["Type"], body)

    def of(self, stack: str, type: str) -> list[Resource]:
        """Return the resources of a type in a stack of every environment and region."""
        return [resource for resource in self.resources(type) if resource.stack.split("-")[2] == stack]

    def beside(self, one: Resource, type: str) -> list[Resource]:
        """Return the resources of a type in the same stack."""
        return [resource for resource in self.resources(type) if resource.stack == one.stack]


def read_templates(folder: Path) -> dict[str, Body]:
    """Return the templates of a folder, by stack."""
    files = sorted(folder.glob("*.template.json"))
    return {file.name.removesuffix(".template.json"): json.loads(file.read_text()) for file in files}
