"""docs/aws.md lists for every box and arrow of the user's diagrams its construct and its proof."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import pytest

from infra.analysis.drawing import markdown
from infra.rules import RULES
from milequest.settings import PROJECT
from tests.infra.assembly import Assembly
from tests.infra.claims import Claim, holds
from tests.infra.diagrams import drawn
from tests.infra.drawn_data import FLOW, SECURITY
from tests.infra.drawn_delivery import CHANGES, FRONT_END
from tests.infra.drawn_operations import PAID, RECOVERY, WATCHED
from tests.infra.drawn_service import API, HIGH_LEVEL
from tests.infra.references import References, without

DIAGRAMS = drawn((PROJECT / "docs" / "diagrams.md").read_text())
DOCUMENT = (PROJECT / "docs" / "aws.md").read_text()
READ = {"A4b", *(f"{kind}{n}" for kind, most in (("A", 7), ("B", 10), ("C", 9), ("D", 8)) for n in range(1, most + 1))}
PLAIN = {"none", "not done", "substituted"}  # instead of a construct, with a reason
CLAIMS: Mapping[str, Mapping[str, Sequence[Claim]]] = {
    "High-Level Architecture": HIGH_LEVEL,
    "Frontend Delivery Architecture": FRONT_END,
    "API Architecture": API,
    "Data Flow Architecture": FLOW,
    "Security Architecture": SECURITY,
    "CI/CD Pipeline": CHANGES,
    "Resource Utilization": PAID,
    "Disaster Recovery Architecture": RECOVERY,
    "Monitoring Architecture": WATCHED,
}
"""What the boxes and arrows that have constructs claim of the templates."""


@dataclass(frozen=True)
class Row:
    """A row of a table: its subject, its constructs, and the test or the reason."""

    keys: frozenset[str]
    constructs: tuple[str, ...]
    plain: str
    remark: str

    @property
    def is_otherwise(self) -> bool:
        """Whether what is drawn is not done, or something else is done instead."""
        return self.plain in ("not done", "substituted") or self.remark.startswith("Substituted: ")


def rows(heading: str) -> list[Row]:
    """Return the rows below a heading."""
    section = DOCUMENT.partition(f"### {heading}\n")[2].partition("\n### ")[0]
    found = []
    for line in section.splitlines():
        if line.startswith("| `"):
            keys, where, remark = (cell.strip() for cell in line.strip("|").split("|"))
            constructs = tuple(re.findall(r"`([^`]+)`", where))
            found.append(
                Row(frozenset(re.findall(r"`([^`]+)`", keys)), constructs, "" if constructs else where, remark)
            )
    return found


def names_of_tests() -> set[str]:
    """Return the names of all tests."""
    sources = (path.read_text() for path in (PROJECT / "tests").rglob("test_*.py"))
    return {name for source in sources for name in re.findall(r"def (test_\w+)\(", source)}


def test_the_diagrams_are_read_whole() -> None:
    assert len(DIAGRAMS) == 9
    assert len([key for keys in DIAGRAMS.values() for key in keys if "→" not in key]) > 110
    assert len([key for keys in DIAGRAMS.values() for key in keys if "→" in key]) > 100


@pytest.mark.parametrize("line", ["A --> B --> C", "A ==> B", "nothing of this"])
def test_diagram_line_that_cannot_be_read_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        drawn(f"## Name\n```mermaid\ngraph LR\n{line}\n```")


@pytest.mark.parametrize("heading", DIAGRAMS)
def test_every_box_and_arrow_has_one_row(heading: str) -> None:
    told = [key for row in rows(heading) for key in row.keys]
    assert set(told) == DIAGRAMS[heading]
    assert len(told) == len(set(told)), "a box or arrow has two rows"


@pytest.mark.parametrize("heading", DIAGRAMS)
def test_row_without_a_construct_has_a_reason(heading: str) -> None:
    for row in rows(heading):
        if not row.constructs:
            assert row.plain in PLAIN, row
            assert row.remark, row


def test_what_is_not_done_or_substituted_is_listed_as_not_as_drawn() -> None:
    section = DOCUMENT.partition("## What is not as drawn\n")[2].partition("\n## ")[0]
    drawings = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ")]
    listed = {key for cell in drawings for key in re.findall(r"`([^`]+)`", cell)}
    assert listed == {key for heading in DIAGRAMS for row in rows(heading) if row.is_otherwise for key in row.keys}


@pytest.mark.parametrize("heading", DIAGRAMS)
def test_every_box_and_arrow_with_a_construct_has_claims(heading: str) -> None:
    assert {key for row in rows(heading) if row.constructs for key in row.keys} == CLAIMS[heading].keys()


@pytest.fixture(scope="session")
def faults(assembly: Assembly) -> Callable[[Claim], list[str]]:
    """Return a function that says what is wrong with a claim: it does not hold, or does without a part."""
    whole = References(assembly)

    @cache  # the same claim is of several rows
    def found(claim: Claim) -> list[str]:
        links = claim(whole)
        if not holds(links):
            return [f"without a part: {links}"]
        cut = ((link, References(without(assembly, link))) for link in set(links))
        return [f"holds without {sorted(link)}" for link, rest in cut if holds(claim(rest))]

    return found


@pytest.mark.parametrize("heading", DIAGRAMS)
def test_claims_of_a_diagram_hold_and_each_fails_without_any_part_it_rests_on(
    faults: Callable[[Claim], list[str]], heading: str
) -> None:
    for key, claims in CLAIMS[heading].items():
        assert claims, key
        for number, claim in enumerate(claims):
            assert faults(claim) == [], f"{key}: claim {number}"


@pytest.mark.parametrize("heading", DIAGRAMS)
def test_constructs_of_a_row_are_what_its_claims_rest_on(assembly: Assembly, heading: str) -> None:
    whole = References(assembly)
    for row in rows(heading):
        links = [link for key in row.keys for claim in CLAIMS[heading].get(key, ()) for link in claim(whole)]
        parts = {(stack, id) for link in links for stack, id, _ in link}
        rests = {f"{stack.split('-')[2]} {whole.resources[stack, id].type}" for stack, id in parts}
        assert set(row.constructs) <= rests, row


def test_checks_of_findings_exist() -> None:
    lines = (PROJECT / "docs" / "aws-findings.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    findings = [row for row in cells if row != ["finding", "commit", "check"]]
    assert {finding.split()[0] for finding, _, _ in findings} >= READ
    checks = {name for _, _, check in findings for name in re.findall(r"`(\w+)`", check)}
    assert checks - names_of_tests() - {rule.__name__ for rule in RULES} == set()
    became = re.compile(r"`[0-9a-f]{7}`|left: |refuted |before$|as [A-F]\d")
    assert [finding for finding, commit, check in findings if not check or not became.match(commit)] == []


@pytest.mark.parametrize("heading", DIAGRAMS)
def test_tests_named_in_the_tables_exist(heading: str) -> None:
    named = {name for row in rows(heading) for name in re.findall(r"`(test_\w+)`", row.remark)}
    assert named - names_of_tests() == set()


def test_the_drawing_is_what_the_templates_say(assembly: Assembly) -> None:
    assert (PROJECT / "docs" / "aws-drawn.md").read_text() == markdown(assembly.folder), "make drawing"


@pytest.mark.parametrize(
    "arrow",
    [
        "api_ApiGateway --> api_Lambda",
        "api_Lambda --> database_RDS",
        "api_Lambda --> cache_ElastiCache",
        "api_Lambda --> kicks_SQS",
        "api_Lambda --> users_Cognito",
        "kicks_SQS --> relay_Lambda",
        "live_ApiGatewayV2 --> message_Lambda",
        "message_Lambda --> live_DynamoDB",
        "live_DynamoDB --> interest_Lambda",
        "interest_Lambda --> cache_ElastiCache",
        "bus_Events --> to_lake_Lambda",
        "to_lake_Lambda --> lake_KinesisFirehose",
        "prune_Lambda --> database_RDS",
    ],
)
def test_the_ways_of_the_design_are_drawn(assembly: Assembly, arrow: str) -> None:
    assert f"    {arrow}\n" in markdown(assembly.folder)
