"""Staging's templates, to be compared with those that a field of its configuration changes."""

from collections import Counter
from typing import Any

from tests.infra.assembly import Assembly, Resource
from tests.infra.roles_of import roles


def lines(assembly: Assembly) -> Counter[tuple[str, str, str]]:
    """Return each role's permissions, by stack and role."""
    found: Counter[tuple[str, str, str]] = Counter()
    for stack, template in assembly.templates.items():
        role = ""
        for line in roles(template).splitlines() if "-staging-" in stack else ():
            role = role if line.startswith(" ") else line
            found[stack.split("-")[2], role.partition(" for ")[0], line.strip()] += 1
    return found


def types(assembly: Assembly) -> Counter[tuple[str, str]]:
    """Return how many resources of each type each stack has."""
    return Counter((one.stack, one.type) for one in assembly.resources() if one.environment == "staging")


def functions(assembly: Assembly) -> list[Resource]:
    """Return the functions."""
    return [one for one in assembly.resources("AWS::Lambda::Function") if one.environment == "staging"]


def name(function: Resource) -> str:
    """Return a function's short name."""
    return str(function.properties["FunctionName"]).removeprefix("milequest-staging-")


def variables(function: Resource) -> dict[str, Any]:
    """Return a function's variables."""
    given: dict[str, Any] = function.properties.get("Environment", {}).get("Variables", {})
    return given
