"""Claims about templates, of which the rows of docs/aws.md are made; each says which parts of them it rests on.

A claim is a list of links, and each link the places that make it, of which one is enough. It holds if no link is
without a place. So a test can cut a link out of the templates and see that the claim holds no more.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from infra.rules.synthesized import Resource
from tests.infra.references import Key, Place, References, own_name, values

Link: TypeAlias = frozenset[Place]
Claim: TypeAlias = Callable[[References], list[Link]]
ANYTHING = object()
"""A value that a property may have: whatever it is."""


@dataclass(frozen=True)
class Those:
    """Resources of a type in a stack, in a region of an environment; `name` is a pattern of their name or id."""

    construct: str
    name: str = ""
    environment: str = "production"
    region: str = "us-east-1"

    def there(self) -> "Those":
        """Return the same of the second region."""
        return replace(self, region="us-west-2")

    def on_staging(self) -> "Those":
        """Return the same of staging."""
        return replace(self, environment="staging")

    def found(self, references: References) -> list[Resource]:
        """Return them."""
        stack, type = self.construct.split(" ")
        place = f"milequest-{self.environment}-{stack}-{self.region}"
        resources = references.templates.templates.get(place, {}).get("Resources", {})
        ones = (Resource(place, id, body["Type"], body) for id, body in resources.items() if body["Type"] == type)
        return [one for one in ones if re.search(self.name, own_name(one) or one.id)]


def holds(links: Sequence[Link]) -> bool:
    """Return whether a claim with these links holds."""
    return bool(links) and all(links)


def box(those: Those, **given: Any) -> Claim:
    """Claim that there is such a resource, with values at paths: `Rules__Priority` is Rules.Priority, `ANY` is `*`."""

    wanted = {path.replace("__", ".").replace("ANY", "*"): value for path, value in given.items()}

    def claim(references: References) -> list[Link]:
        ones = [one for one in those.found(references) if _has_all(one, wanted)]
        return [_whole(ones), *(_at(ones, path, _is(value)) for path, value in wanted.items())]

    return claim


def joined(those: Those, ways: Mapping[str, Those], **given: Any) -> Claim:
    """Claim that one such resource refers to others: by the value at each path to one of those."""

    def claim(references: References) -> list[Link]:
        targets = {path: _keys(target.found(references)) for path, target in ways.items()}
        alike = [one for one in those.found(references) if _has_all(one, given)]
        reached: dict[Key, dict[str, set[Key]]] = {}
        for one in alike:
            there = {path: _refers(references, one, path) & targets[path] for path in ways}
            if all(there.values()):
                reached[one.stack, one.id] = there
        ones = [one for one in alike if (one.stack, one.id) in reached]
        links = [_whole(ones)]
        for path in ways:
            met = set().union(*(there[path] for there in reached.values()))
            links.append(frozenset((*key, ()) for key in met))
            links.append(_at(ones, path, _is_of(references, targets[path])))
        links += [_at(ones, path, _is(value)) for path, value in given.items()]
        return links

    return claim


def told(those: Those, setting: str, target: Those) -> Claim:
    """Claim that each of those functions is told by a setting where such a resource is."""

    def claim(references: References) -> list[Link]:
        ones, targets = those.found(references), target.found(references)
        path, meant = f"Environment.Variables.MILEQUEST_{setting}", _is_of(references, _keys(targets))
        return [_whole(ones), _whole(targets), *(_at([one], path, meant) for one in ones)]

    return claim


def may(those: Those, actions: str, target: Those | None = None) -> Claim:
    """Claim that the role of each of those functions or tasks may do all the actions to such a resource, or to all."""

    def claim(references: References) -> list[Link]:
        ones = those.found(references)
        links = [_whole(ones)]
        if target:
            links.append(_whole(target.found(references)))
        wanted = _keys(target.found(references)) if target else set()
        for one in ones:
            roles = references.of(one.stack, [one.properties.get("Role"), one.properties.get("TaskRoleArn")])
            links += [_statements(references, one.stack, roles, action, wanted) for action in actions.split()]
        return links

    return claim


def _statements(references: References, stack: str, roles: set[Key], action: str, wanted: set[Key]) -> Link:
    """Return the statements that let one of the roles do the action to what is wanted, or to all if nothing is."""
    found: set[Place] = set()
    for policy in references.templates.resources("AWS::IAM::Policy"):
        if policy.stack == stack and references.of(stack, policy.properties["Roles"]) & roles:
            for path, statement in values(policy.body, "Properties.PolicyDocument.Statement.*"):
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                about = references.of(stack, statement["Resource"]) & wanted or (
                    not wanted and statement["Resource"] == "*"
                )
                if statement["Effect"] == "Allow" and action in actions and about:
                    found.add((stack, policy.id, path))
    return frozenset(found)


def reaches(those: Those, target: Those, port: int) -> Claim:
    """Claim that security groups let each of those connect to each such resource at a port."""

    def claim(references: References) -> list[Link]:
        ends = [_groups(references, one) for one in (*those.found(references), *target.found(references))]
        links = [_whole(those.found(references)), _whole(target.found(references))]
        links += [frozenset((*key, ()) for key in groups) for groups in ends]
        for one in those.found(references):
            for other in target.found(references):
                own, peer = _groups(references, one), _groups(references, other)
                links.append(_rules(references, "Egress", own, peer, port))
                links.append(_rules(references, "Ingress", peer, own, port))
        return links

    return claim


def _groups(references: References, one: Resource) -> set[Key]:
    """Return the security groups of a resource."""
    found: set[Key] = set()
    for name in ("SecurityGroupIds", "SecurityGroups", "VpcSecurityGroupIds"):
        for way in (name, f"VpcConfig.{name}", f"NetworkConfiguration.AwsvpcConfiguration.{name}"):
            found |= {key for _, value in values(one.properties, way) for key in references.of(one.stack, value)}
    return {key for key in found if references.resources[key].type == "AWS::EC2::SecurityGroup"}


def _rules(references: References, kind: str, own: set[Key], peer: set[Key], port: int) -> Link:
    """Return the rules of groups of our own that let them speak to, or be called by, the groups of a peer."""
    side = {"Egress": "DestinationSecurityGroupId", "Ingress": "SourceSecurityGroupId"}[kind]
    found: set[Place] = set()
    for stack, id in own:
        for path, rule in values(references.resources[stack, id].body, f"Properties.SecurityGroup{kind}.*"):
            if rule.get("CidrIp") == "0.0.0.0/0" and rule["IpProtocol"] == "-1":
                found.add((stack, id, path))
    for rule in references.templates.resources(f"AWS::EC2::SecurityGroup{kind}"):
        given = rule.properties
        between = (
            references.of(rule.stack, given["GroupId"]) & own and references.of(rule.stack, given.get(side)) & peer
        )
        if between and given["FromPort"] <= port <= given["ToPort"]:
            found.add((rule.stack, rule.id, ()))
    return frozenset(found)


def follows(pipeline: Those, *stages: str) -> Claim:
    """Claim that a pipeline has these stages, in this order."""

    def claim(references: References) -> list[Link]:
        found = pipeline.found(references)
        if not found:
            return []
        (one,) = found
        names = [stage["Name"] for stage in one.properties["Stages"]]
        at = [names.index(stage) for stage in stages if stage in names]
        if len(at) < len(stages) or at != sorted(at):
            return []
        return [frozenset({(one.stack, one.id, ("Properties", "Stages", index))}) for index in at]

    return claim


def _whole(ones: Sequence[Resource]) -> Link:
    return frozenset((one.stack, one.id, ()) for one in ones)


def _keys(ones: Sequence[Resource]) -> set[Key]:
    return {(one.stack, one.id) for one in ones}


def _path(path: str) -> str:
    """Return a path from the resource's body: all but an update policy are properties."""
    return path if path.startswith("UpdatePolicy") else f"Properties.{path}"


def _at(ones: Sequence[Resource], path: str, is_meant: Callable[[Resource, Any], bool]) -> Link:
    """Return the places at a path whose values are meant."""
    found = ((one, at, value) for one in ones for at, value in values(one.body, _path(path)))
    return frozenset((one.stack, one.id, at) for one, at, value in found if is_meant(one, value))


def _is(wanted: Any) -> Callable[[Resource, Any], bool]:
    """Return a test of a value."""
    return lambda _, value: wanted is ANYTHING or value == wanted


def _is_of(references: References, keys: set[Key]) -> Callable[[Resource, Any], bool]:
    """Return a test of a value: whether it refers to one of these."""
    return lambda one, value: bool(references.of(one.stack, value) & keys)


def _has_all(one: Resource, wanted: Mapping[str, Any]) -> bool:
    """Return whether a resource has the wanted values at their paths."""
    return all(_at([one], path, _is(value)) for path, value in wanted.items())


def _refers(references: References, one: Resource, path: str) -> set[Key]:
    """Return what the values at a path refer to."""
    return references.of(one.stack, [value for _, value in values(one.body, _path(path))])
