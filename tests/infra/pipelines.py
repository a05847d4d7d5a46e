"""The pipelines of the templates, read: their actions, their builds, and what each may do."""

import json
from collections.abc import Iterator
from typing import Any

from infra.config import Environment
from tests.infra.assembly import Assembly, Resource


def pipeline_of(assembly: Assembly, environment: Environment) -> Resource:
    """Return the pipeline of an environment."""
    (found,) = (
        one for one in assembly.of("pipeline", "AWS::CodePipeline::Pipeline") if one.environment == environment.name
    )
    return found


def actions(pipeline: Resource) -> Iterator[dict[str, Any]]:
    """Yield the actions of a pipeline, each with its stage's name, in order."""
    for stage in pipeline.properties["Stages"]:
        for action in sorted(stage["Actions"], key=lambda one: int(one["RunOrder"])):
            yield {"Stage": stage["Name"], **action}


def project(assembly: Assembly, name: str) -> Resource:
    """Return a project of CodeBuild by its name: `staging-image`."""
    (found,) = (
        one
        for one in assembly.of("pipeline", "AWS::CodeBuild::Project")
        if one.properties["Name"] == f"milequest-{name}"
    )
    return found


def spec(build: Resource) -> dict[str, Any]:
    """Return a project's buildspec."""
    text = build.properties["Source"]["BuildSpec"]
    parts = text if isinstance(text, str) else "".join(map(_word, text["Fn::Join"][1]))
    read: dict[str, Any] = json.loads(parts)
    return read


def _word(part: Any) -> str:
    return part if isinstance(part, str) else "referred-to"


def commands(build: Resource) -> str:
    """Return the commands of a build, a line each."""
    return "\n".join(spec(build)["phases"]["build"]["commands"])


def variables(build: Resource) -> dict[str, Any]:
    """Return the variables of a build."""
    return {one["Name"]: one["Value"] for one in build.properties["Environment"].get("EnvironmentVariables", ())}


def allowed(assembly: Assembly, user: Resource, role: str = "ServiceRole") -> set[tuple[str, str]]:
    """Return what a project or pipeline may do, as pairs of action and resource; references as JSON."""
    (id, _) = user.properties[role]["Fn::GetAtt"]
    return {
        (action, resource if isinstance(resource, str) else json.dumps(resource))
        for policy in assembly.resources("AWS::IAM::Policy")
        if policy.stack == user.stack and {"Ref": id} in policy.properties["Roles"]
        for statement in policy.properties["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }


def listed(value: Any) -> list[Any]:
    """Return a list as it is, and anything else as the only one of a list."""
    return value if isinstance(value, list) else [value]
