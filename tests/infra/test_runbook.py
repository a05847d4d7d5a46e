"""docs/runbook.md has a section for each alarm of the templates, which begins with a command, and the manual steps."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.config import PRODUCTION, STAGING
from infra.names import BY_HAND, CARRIED_BACK, IMPORTED_PARAMETERS
from infra.starter_environment import STARTER
from milequest.settings import PROJECT
from milequest.store.aws.metric_lines import Metric
from tests.infra.assembly import Assembly, Resource
from tests.infra.runbook_commands import calls, faults

DOCUMENT = (PROJECT / "docs" / "runbook.md").read_text()
KINDS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
BLOCK = re.compile(r"\s*```bash\n(.*?)\n```\n\n\*(Page|Ticket|Page or ticket)\.\* \S", re.DOTALL)
NAMED = re.compile(r"milequest-(?:production|starter)-[\w.-]+|/milequest/(?:production|starter)/[\w/-]+")


@dataclass(frozen=True)
class Section:
    """A section about alarms: its anchor, its first command, and whom they tell."""

    anchor: str
    command: str
    urgencies: frozenset[str]


def sections(document: str = DOCUMENT) -> dict[str, Section]:
    """Return the sections below Alarms by their anchors. Fails for one that does not begin as all do."""
    found = {}
    for text in document.partition("\n## Alarms\n")[2].partition("\n## ")[0].split("\n### ")[1:]:
        title, _, body = text.partition("\n")
        begin = BLOCK.match(body)
        assert begin, f"{title} does not begin with a command and its urgency"
        anchor = re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")  # as forges and Sphinx make it
        found[anchor] = Section(anchor, begin[1], frozenset(begin[2].lower().split(" or ")))
    return found


def alarms(assembly: Assembly) -> Iterator[Resource]:
    """Yield all alarms, those that are part of another one too."""
    for kind in KINDS:
        yield from assembly.resources(kind)


def linked(alarm: Resource) -> tuple[str, str]:
    """Return the address that an alarm's description ends with, without and with its section's anchor."""
    page, _, anchor = str(alarm.properties["AlarmDescription"]).rpartition(" ")[2].partition("#")
    return page, anchor


def test_every_alarm_ends_with_the_address_of_its_section_which_has_its_urgency(assembly: Assembly) -> None:
    told: defaultdict[str, set[str]] = defaultdict(set)
    known = sections()
    pages = {one.name: one.runbook for one in (STAGING, PRODUCTION, STARTER)}
    for alarm in alarms(assembly):
        page, anchor = linked(alarm)
        assert page == pages[alarm.environment], alarm
        assert anchor in known, alarm
        told[anchor] |= set(re.findall(r"-(page|ticket)\b", json.dumps(alarm.properties.get("AlarmActions", ()))))
    assert told == {anchor: set(section.urgencies) for anchor, section in known.items()}, "or a section of no alarm"


def test_every_alarm_says_what_is_broken_for_whom(assembly: Assembly) -> None:
    """First people, then the technical cause after a colon or comma; a name of AWS's does not come first."""
    whom = re.compile(
        r"(People|People's|Nobody|Members|Clients|Listeners|Some listeners|Somebody|Analysts|Operators|Soon|Something|"
        r"A release|A deployment)\b"
    )
    for alarm in alarms(assembly):
        says = str(alarm.properties["AlarmDescription"]).rpartition(" ")[0]
        assert whom.match(says), says
        assert re.search(r"[:,].+\.$", says) or says.startswith("Somebody"), says
        assert len(alarm.properties["AlarmDescription"]) <= 1_024


def test_commands_of_sections_are_aws_own_and_name_what_the_templates_make(assembly: Assembly, tmp_path: Path) -> None:
    names = {
        text
        for resource in assembly.resources()
        if resource.environment in ("production", "starter")
        for text in re.findall(r'"([^"\s]+)"', resource.text)
    }
    for section in sections().values():
        called = calls(section.command, tmp_path)
        assert called[0][0] in ("aws", "curl"), section.anchor
        for call in called:
            assert list(faults(call)) == [], section.anchor
            assert {name for word in call for name in NAMED.findall(word)} <= names, section.anchor


def test_commands_that_end_a_starter_are_aws_own_and_name_what_its_template_makes(
    assembly: Assembly, tmp_path: Path
) -> None:
    text = DOCUMENT.partition("\n### The end of a starter\n\n```bash\n")[2].partition("\n```")[0]
    called = calls(text, tmp_path)
    assert called
    assert [fault for call in called for fault in faults(call)] == []
    keys = {"AWS::RDS::DBInstance": "DBInstanceIdentifier", "AWS::ElasticLoadBalancingV2::LoadBalancer": "Name"}
    made = {one.properties[keys[one.type]] for one in assembly.resources(*keys) if one.environment == "starter"}
    names = {name for call in called for word in call for name in NAMED.findall(word)}
    assert names - made == {"milequest-starter-starter", "milequest-starter-last"}, "the stack, and what is made"
    assert len(names & made) == 2


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("aws sqs read-message", "sqs has no read-message"),
        ("aws sqs receive-message --queue x", "sqs receive-message takes no --queue"),
        ("aws logs tail x --begin 1h", "logs tail takes no --begin"),
    ],
)
def test_command_that_aws_does_not_know_is_found(command: str, fault: str, tmp_path: Path) -> None:
    (call,) = calls(command, tmp_path)
    assert list(faults(call)) == [fault]


def test_section_that_does_not_begin_with_a_command_is_found() -> None:
    with pytest.raises(AssertionError, match="The moon is full does not begin"):
        sections("\n## Alarms\n\n### The moon is full\n\nLook at it.\n\n```bash\naws\n```\n\n*Page.* Wait.\n")


def test_no_alarm_watches_a_metric_that_nobody_writes(assembly: Assembly) -> None:
    """By a filter of logs, or by our code; such an alarm would never fire."""
    code = "".join(
        path.read_text()
        for folder in ("app", "milequest", "schema", "subscriptions")
        for path in (PROJECT / folder).rglob("*.py")
    )
    written = {metric.value for metric in Metric if re.search(rf"\bMetric\.{metric.name}\b", code)}
    written |= set(
        re.findall(r'"MetricName": "(\w+)"', "".join(one.text for one in assembly.resources("AWS::Logs::MetricFilter")))
    )
    texts = [one.text for one in (*alarms(assembly), *assembly.of("watch", "AWS::CloudWatch::Dashboard"))]
    watched = {name for text in texts for name in re.findall(r'"MetricName": "(\w+)", "Namespace": "MileQuest"', text)}
    watched |= {name for text in texts for name in re.findall(r'\\"MileQuest\\",\\"(\w+)\\"', text)}
    assert len(watched) >= 8
    assert watched - written == set()


def test_runbook_names_every_parameter_carried_or_set_by_hand() -> None:
    names = (*IMPORTED_PARAMETERS, *CARRIED_BACK, *BY_HAND)
    assert [name for name in names if f"`{name}`" not in DOCUMENT] == []


def test_runbook_names_what_an_account_has_before() -> None:
    section = DOCUMENT.partition("### From two accounts with nothing in them")[2].partition("\n### ")[0]
    assert [name for name in ("CloudTrail", "GuardDuty", "make package", "SES", "Lambda") if name not in section] == []


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
