"""docs/runbook.md has one row for each alarm text of the templates, and the manual steps."""

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

import pytest

from infra.names import BY_HAND, CARRIED_BACK, IMPORTED_PARAMETERS
from milequest.settings import PROJECT
from tests.infra.assembly import Assembly

DOCUMENT = (PROJECT / "docs" / "runbook.md").read_text()


@dataclass(frozen=True)
class Row:
    """The alarm's text, `*` for a name, with its urgency and the advice."""

    says: str
    urgency: str
    look: str
    do: str


def rows() -> list[Row]:
    """Return the table of alarms."""
    section = DOCUMENT.partition("\n## Alarms\n")[2].partition("\n## ")[0]
    cells = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return [Row(says.strip().strip("`"), *(cell.strip() for cell in others)) for says, *others in cells]


def row_of(says: str) -> Row:
    """Return the row for an alarm's text: its own, or that of a family."""
    found = [row for row in rows() if row.says == says] or [row for row in rows() if fnmatchcase(says, row.says)]
    assert len(found) == 1, f"{len(found)} rows for {says!r}"
    return found[0]


def alarms(assembly: Assembly) -> dict[str, set[str]]:
    """Return the alarms' texts, with their topics."""
    found: dict[str, set[str]] = {}
    for alarm in assembly.resources("AWS::CloudWatch::Alarm"):
        (topic,) = re.findall(r"-(page|ticket)\b", json.dumps(alarm.properties["AlarmActions"]))
        found.setdefault(str(alarm.properties["AlarmDescription"]), set()).add(topic)
    return found


def test_every_alarm_has_its_row_with_its_urgency(assembly: Assembly) -> None:
    found = alarms(assembly)
    assert len(found) > 60
    for says, urgencies in found.items():
        assert urgencies == {row_of(says).urgency}, says


def test_every_row_is_of_an_alarm_and_says_what_to_do(assembly: Assembly) -> None:
    used = {row_of(says).says for says in alarms(assembly)}
    assert {row.says for row in rows()} - used == set()
    assert all(row.look and row.do for row in rows())


def test_an_alarm_without_a_row_is_found() -> None:
    with pytest.raises(AssertionError, match="0 rows"):
        row_of("The moon is full")


def test_no_alarm_watches_a_metric_that_nobody_writes(assembly: Assembly) -> None:
    """By a filter of logs, or by our code; such an alarm would never fire."""
    code = "".join(
        path.read_text()
        for folder in ("app", "milequest", "subscriptions")
        for path in (PROJECT / folder).rglob("*.py")
    )
    filters = "".join(one.text for one in assembly.resources("AWS::Logs::MetricFilter"))
    watched = {
        str(alarm.properties["MetricName"])
        for alarm in assembly.resources("AWS::CloudWatch::Alarm")
        if alarm.properties.get("Namespace") == "MileQuest"
    }
    assert len(watched) >= 4
    assert {name for name in watched if name not in code + filters} == set()


def test_runbook_names_every_parameter_carried_or_set_by_hand() -> None:
    names = (*IMPORTED_PARAMETERS, *CARRIED_BACK, *BY_HAND)
    assert [name for name in names if f"`{name}`" not in DOCUMENT] == []


def test_every_stack_is_deployed_in_some_step(assembly: Assembly) -> None:
    steps = DOCUMENT.partition("### From two accounts")[2].partition("\n**Carrying**")[0].lower()
    stacks = {stack.split("-")[2] for stack in assembly.templates}
    assert {stack for stack in stacks if not re.search(rf"\b{stack}\b", steps)} == set()


def test_stack_is_deployed_after_those_that_tell_it_parameters(assembly: Assembly) -> None:
    """A parameter that is not there yet fails a deployment."""
    steps = "".join(re.findall(r"^ +\| \d+ \| ([^|]+\|)", DOCUMENT, re.M))
    order = [word.lower() for word in re.findall(r"\b[A-Z]\w+", steps)]
    told = {
        (one.environment, str(one.properties["Name"])): one.stack.split("-")[2]
        for one in assembly.resources("AWS::SSM::Parameter")
    }
    read = {
        (stack.split("-")[2], told[name])
        for stack, template in assembly.templates.items()
        for parameter in template.get("Parameters", {}).values()
        if (name := (stack.split("-")[1], str(parameter.get("Default")))) in told
    }
    assert len(read) > 20
    early = {(reader, teller) for reader, teller in read if reader in order[: order.index(teller)]}
    assert early == set()


def test_the_resources_in_commands_are_there(assembly: Assembly) -> None:
    """Clusters, services and functions are named as the templates name them."""
    texts = "".join(resource.text for resource in assembly.resources())
    named = set(re.findall(r"`?(milequest-production-[a-z]+(?:-[a-z]+)?)\b", DOCUMENT.replace("$fn", "")))
    stacks = {stack for stack in named if stack.split("-")[2] in {name.split("-")[2] for name in assembly.templates}}
    dashboards = {"milequest-production-overview"}
    assert {name for name in named - stacks - dashboards if f"{name}" not in texts} == set()
    fenced = DOCUMENT.partition("for fn in ")[2].partition(";")[0].split()
    functions = {str(one.properties["FunctionName"]) for one in assembly.resources("AWS::Lambda::Function")}
    assert {f"milequest-production-{name}" for name in fenced} <= functions


def test_the_fence_is_around_every_function_that_may_write(assembly: Assembly) -> None:
    only_read = {"connect", "disconnect", "pre-token-generation", "usage"}
    by_hand = {"migrations"}  # a deployment calls it
    connect = {
        role["Ref"].partition("Role")[0]
        for policy in assembly.resources("AWS::IAM::Policy")
        for role in policy.properties["Roles"]
        if "rds-db:connect" in json.dumps(policy.properties["PolicyDocument"])
    }
    names = {
        str(function.properties["FunctionName"]).removeprefix("milequest-production-")
        for function in assembly.resources("AWS::Lambda::Function")
        if "production" in function.stack and "FunctionName" in function.properties
    }
    (fence,) = re.findall(r"for fn in ([\w -]+); do", DOCUMENT)
    assert set(fence.split()) == {name for name in names if name.replace("-", "") in connect} - only_read - by_hand
