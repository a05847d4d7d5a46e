"""AWS's limits as far as the templates depend on them."""

import json
import re

from milequest.settings import PROJECT
from tests.infra.assembly import Assembly

ANSWER_SECONDS = 29  # API Gateway waits for one


def test_29_s_whatever_an_api_calls_ends_before_api_gateway_gives_up(assembly: Assembly) -> None:
    kinds = ("AWS::ApiGateway::Method", "AWS::ApiGatewayV2::Integration", "AWS::ApiGateway::Authorizer")
    called: set[str] = set()
    for stack in ("api", "live"):
        apis = [one for kind in kinds for one in assembly.of(stack, kind)]
        functions = {one.id: one for one in assembly.of(stack, "AWS::Lambda::Function")}
        for alias in assembly.of(stack, "AWS::Lambda::Alias"):
            if any(f'"{alias.id}"' in one.text for one in apis if one.stack == alias.stack):
                function = functions[alias.properties["FunctionName"]["Ref"]]
                assert function.properties["Timeout"] < ANSWER_SECONDS, str(function)
                called.add(function.properties["FunctionName"].split("-", 2)[2])
    routes = {"connect", "disconnect", "message"}
    assert called == {"api", "auth", "team", "activity", "map", "authorizer"} | routes


def test_gsi_lag_no_table_has_an_index_that_could_be_late(assembly: Assembly) -> None:
    tables = list(assembly.resources("AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table"))
    assert tables
    assert not [str(table) for table in tables if "SecondaryIndexes" in json.dumps(table.properties)]


def test_guards_that_the_docs_name_exist() -> None:
    table = (
        (PROJECT / "docs" / "aws.md")
        .read_text()
        .partition("## What a local AWS does not show")[2]
        .partition("\n## ")[0]
    )
    named = set(re.findall(r"`(test_\w+)`", table))
    sources = "".join(path.read_text() for path in (PROJECT / "tests").rglob("test_*.py"))
    assert len(named) > 20
    assert {name for name in named if f"def {name}(" not in sources} == set()
