"""docs/aws.md lists for every box and arrow of the user's diagrams its construct and its proof."""

import re
from dataclasses import dataclass

import pytest

from infra.analysis.drawing import markdown
from milequest.settings import PROJECT
from tests.infra.assembly import Assembly
from tests.infra.diagrams import drawn

DIAGRAMS = drawn((PROJECT / "docs" / "diagrams.md").read_text())
DOCUMENT = (PROJECT / "docs" / "aws.md").read_text()
PLAIN = {"later", "none"}  # instead of a construct, with a reason


@dataclass(frozen=True)
class Row:
    """A row of a table: its subject, its constructs, and the test or the reason."""

    keys: frozenset[str]
    constructs: tuple[str, ...]
    plain: str
    proof: str


def rows(heading: str) -> list[Row]:
    """Return the rows below a heading."""
    section = DOCUMENT.partition(f"### {heading}\n")[2].partition("\n### ")[0]
    found = []
    for line in section.splitlines():
        if line.startswith("| `"):
            keys, where, proof = (cell.strip() for cell in line.strip("|").split("|"))
            constructs = tuple(re.findall(r"`([^`]+)`", where))
            found.append(Row(frozenset(re.findall(r"`([^`]+)`", keys)), constructs, "" if constructs else where, proof))
    return found


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
def test_every_row_has_a_test_or_a_reason(heading: str) -> None:
    for row in rows(heading):
        assert row.proof, row
        if not row.constructs:
            assert row.plain in PLAIN, row


@pytest.mark.parametrize("heading", DIAGRAMS)
def test_constructs_stand_in_the_templates(assembly: Assembly, heading: str) -> None:
    there = {f"{resource.stack.split('-')[2]} {resource.type}" for resource in assembly.resources()}
    stacks = {stack.split("-")[2] for stack in assembly.templates}
    wanted = {construct for row in rows(heading) for construct in row.constructs}
    assert {construct for construct in wanted if construct.split(" ")[0] in stacks} - there == set()


@pytest.mark.parametrize("heading", DIAGRAMS)
def test_tests_named_in_the_tables_exist(heading: str) -> None:
    sources = "".join(path.read_text() for path in (PROJECT / "tests").rglob("test_*.py"))
    named = {name for row in rows(heading) for name in re.findall(r"`(test_\w+)`", row.proof)}
    assert {name for name in named if f"def {name}(" not in sources} == set()


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
