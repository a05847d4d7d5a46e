"""Resources that the values of templates refer to: by id, by a parameter that another stack shares, by a fixed name."""

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final, TypeAlias

from infra.analysis.drawing import DRAWN
from infra.names import CARRIED_BACK, IMPORTED_PARAMETERS
from infra.rules.synthesized import Body, Resource, Templates

Key: TypeAlias = tuple[str, str]
"""A resource: its stack and its logical id."""
Place: TypeAlias = tuple[str, str, tuple[str | int, ...]]
"""A part of a template: a resource's stack and id, and the path within it; () is the whole resource."""
NAMED: Final = DRAWN | {
    "AWS::ApiGateway::DomainName": "DomainName",
    "AWS::ApiGatewayV2::DomainName": "DomainName",
    "AWS::Athena::WorkGroup": "Name",
    "AWS::CodeBuild::Project": "Name",
    "AWS::CodePipeline::Pipeline": "Name",
    "AWS::CUR::ReportDefinition": "ReportName",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::Glue::Database": "DatabaseInput.Name",
    "AWS::Glue::Table": "TableInput.Name",
    "AWS::Logs::MetricFilter": "MetricTransformations.0.MetricName",
    "AWS::RDS::GlobalCluster": "GlobalClusterIdentifier",
    "AWS::Route53::HostedZone": "Name",
    "AWS::Route53::RecordSet": "Name",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::XRay::Group": "GroupName",
}
"""Types that others name in plain text, by the property that has their name."""
ON_THE_WAY: Final = {"AWS::Lambda::Alias": "FunctionName", "AWS::Lambda::Version": "FunctionName"}
"""Types that stand for what another one of their properties names."""
ELSEWHERE: Final = IMPORTED_PARAMETERS | CARRIED_BACK


class References:
    """The templates of one environment, and what refers to what in them."""

    def __init__(self, templates: Templates) -> None:
        self.templates = templates
        self.resources = {(one.stack, one.id): one for one in templates.resources()}

    @cached_property
    def _names(self) -> Mapping[tuple[str, str], Mapping[str, list[Key]]]:
        """Resources by environment and region, then by their fixed name."""
        found: dict[tuple[str, str], dict[str, list[Key]]] = {}
        for key, one in self.resources.items():
            if name := own_name(one):
                found.setdefault((one.environment, one.region), {}).setdefault(name, []).append(key)
        return found

    @cached_property
    def _shared(self) -> Mapping[tuple[str, str], Key]:
        """Parameters that are shared, by their region and name."""
        shared = self.templates.resources("AWS::SSM::Parameter")
        return {(one.region, one.properties["Name"]): (one.stack, one.id) for one in shared}

    def of(self, stack: str, value: Any) -> set[Key]:
        """Return the resources that a value in a stack refers to."""
        found: set[Key] = set()
        for part in _parts(value):
            if isinstance(part, str):
                found |= self._of_text(stack, part)
            else:
                found |= self._of_id(stack, part["Ref"] if "Ref" in part else part["Fn::GetAtt"][0])
        return found

    def _of_id(self, stack: str, id: str) -> set[Key]:
        """Return what an id refers to: a resource, or what a parameter shares."""
        if (stack, id) not in self.resources:
            name = self.templates.templates[stack].get("Parameters", {}).get(id, {}).get("Default")
            return self._of_parameter(stack, name) if isinstance(name, str) else set()
        one = self.resources[stack, id]
        onwards = ON_THE_WAY.get(one.type)
        return {(stack, id)} | (self.of(stack, one.properties[onwards]) if onwards else set())

    def _of_parameter(self, stack: str, name: str) -> set[Key]:
        """Return what the parameter's value refers to, in its own stack; one that is carried came from elsewhere."""
        region = stack.split("-", 3)[3]
        key = self._shared.get((region, name))
        if key is None:
            start, _, own = name.partition(f"/{stack.split('-')[1]}/")
            came = f"{start}/{stack.split('-')[1]}/{ELSEWHERE.get(own, own)}"
            others = ((told, there) for (place, told), there in self._shared.items() if place != region)
            key = next((there for told, there in others if told == came), None)
        return {key} | self.of(key[0], self.resources[key].properties["Value"]) if key else set()

    def _of_text(self, stack: str, text: str) -> set[Key]:
        """Return what is named in a text. An ARN names resources of its own service."""
        environment, region = stack.split("-")[1], stack.split("-", 3)[3]
        places = [self._names.get((environment, region), {})]
        places += [names for (home, _), names in self._names.items() if home == environment]
        service = text.split(":")[2].replace("-", "") if text.count(":") > 4 and text.startswith("arn:") else ""
        found: set[Key] = set()
        for word in re.findall(r"[\w.-]+", text):
            for each in {word.strip("-."), word.rpartition(".")[2]}:  # also a table of a database: `lake.events`
                named = next((names[each] for names in places if each in names), [])
                found |= {key for key in named if service in self.resources[key].type.lower()}
        return found


def own_name(one: Resource) -> str:
    """Return a resource's fixed name, or nothing."""
    given = [value for _, value in values(one.properties, NAMED.get(one.type, "-"))]
    return given[0].strip(".") if given and isinstance(given[0], str) else ""


def values(value: Any, path: str) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield the values at a path, `Rules.*.Statement`, each with its own path."""
    first, _, rest = path.partition(".")
    if not path:
        yield (), value
    elif isinstance(value, dict):
        keys: list[Any] = list(value) if first == "*" else [first] if first in value else []
        for key in keys:
            yield from (((key, *onwards), found) for onwards, found in values(value[key], rest))
    elif isinstance(value, list):
        for index in range(len(value)) if first == "*" else [int(first)] if first.isdigit() else []:
            yield from (((index, *onwards), found) for onwards, found in values(value[index], rest))


def without(templates: Templates, places: Iterable[Place]) -> Templates:
    """Return the templates without some of their parts; the given ones stay as they are."""
    left: dict[str, Body] = dict(templates.templates)
    for stack, id, path in sorted(
        places, key=lambda place: [str(step).rjust(4, "0") for step in place[2]], reverse=True
    ):
        resources = dict(left[stack]["Resources"])
        if id in resources and not path:
            del resources[id]
        elif id in resources:
            resources[id] = copy.deepcopy(resources[id])
            _cut(resources[id], path)
        left[stack] = {**left[stack], "Resources": resources}
    return Templates(left)


def _cut(body: Any, path: tuple[str | int, ...]) -> None:
    """Take the value at a path out, if it is there."""
    *way, last = path
    for step in way:
        body = body[step]
    del body[last]


def _parts(value: Any) -> Iterator[Any]:
    """Yield the texts and the references in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _parts(part)
    elif isinstance(value, dict):
        if "Ref" in value or "Fn::GetAtt" in value:
            yield value
        else:
            for part in value.values():
                yield from _parts(part)
