"""Roles of the templates, in a form to be read and compared."""

import json
import re
from collections.abc import Iterator
from typing import Any


def roles(template: dict[str, Any]) -> str:
    """Return the roles of a template with their principals and policies, one statement a line."""
    resources = template["Resources"]
    lines: list[str] = []
    for id, body in sorted(resources.items()):
        if body["Type"] == "AWS::IAM::Role":
            trust = body["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            lines.append(f"{_name(id)} for {', '.join(sorted(_plain(statement['Principal']) for statement in trust))}")
            lines += sorted(f"    {line}" for line in _statements(id, resources))
    return "\n".join(lines) + "\n" if lines else ""


def _statements(role: str, resources: dict[str, Any]) -> Iterator[str]:
    own = resources[role]["Properties"]
    documents = [policy["PolicyDocument"] for policy in own.get("Policies", [])]
    assert "ManagedPolicyArns" not in own, f"{role} has policies that AWS changes"
    documents += [
        body["Properties"]["PolicyDocument"]
        for body in resources.values()
        if body["Type"] == "AWS::IAM::Policy" and {"Ref": role} in body["Properties"].get("Roles", [])
    ]
    for document in documents:
        for statement in document["Statement"]:
            condition = f" if {json.dumps(statement['Condition'])}" if "Condition" in statement else ""
            for resource in _listed(statement["Resource"]):
                actions = " ".join(sorted(_listed(statement["Action"])))
                yield f"{statement['Effect'].lower()} {actions} on {_plain(resource)}{condition}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _plain(value: Any) -> str:
    """Return a value in a readable form, without the hashes of logical ids."""
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return f"<{_name(value['Ref'])}>"
    if "Fn::GetAtt" in value:
        return f"<{_name(value['Fn::GetAtt'][0])}.{value['Fn::GetAtt'][1]}>"
    if "Fn::Join" in value:
        return "".join(_plain(part) for part in value["Fn::Join"][1])
    return " ".join(f"{key}:{_plain(part)}" for key, part in value.items())


def _name(id: str) -> str:
    parameter = re.sub(r"C96584B6F00A464EAD1953AFF4B05118Parameter$", "", id)
    return parameter if parameter != id else re.sub(r"[0-9A-F]{8}$", "", id)
