"""SECURITY.md promises only what a test proves, and names settings and commands that exist."""

import ast
import re

import pytest

from app.cli import parser
from milequest.settings import PROJECT, describe

PAGE = (PROJECT / "SECURITY.md").read_text()
PROMISES = re.split(r"^- ", re.search(r"## What is promised\n(.*?)\n## ", PAGE, re.S)[1], flags=re.M)[1:]  # type: ignore[index]  # it is there


@pytest.mark.parametrize("promise", PROMISES, ids=range(len(PROMISES)))
def test_a_promise_names_tests_that_there_are(promise: str) -> None:
    named = re.findall(r"`(tests/\S+\.py)::(\w+)`", promise)
    assert named, promise
    for file, test in named:
        tree = ast.parse((PROJECT / file).read_text())
        assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_security_page_names_settings_and_commands_that_exist() -> None:
    assert len(PROMISES) >= 10
    assert set(re.findall(r"MILEQUEST_\w+", PAGE)) <= {row.name for row in describe()}
    for command in re.findall(r"bin/milequest ([\w-]+)", PAGE):
        parser().parse_args([command])


def test_the_page_is_linked_and_short() -> None:
    assert "[SECURITY.md](SECURITY.md)" in (PROJECT / "README.md").read_text()
    assert PAGE.count("\n") < 100
