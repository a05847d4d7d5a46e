"""Check of the words: names that are unique and docstrings and tests that begin with what they are about."""

import ast
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from milequest.settings import PROJECT

RIDDLES = {"what", "who", "whose", "whom", "whoever", "nobody", "it"}
FEW = 0.02  # of all: here and there it is the plainest way
SAME_CLASS: Mapping[str, str] = {"RouteTemplate": "a template, and the same as a field shows it"}
"""Classes of one name in several modules of the product, and why."""


@cache
def trees() -> Mapping[Path, ast.Module]:
    """Return the syntax trees of all Python files in the repository, by path."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=PROJECT, capture_output=True, text=True, check=True)
    return {Path(name): ast.parse((PROJECT / name).read_text()) for name in listed.stdout.split()}


def docstrings() -> Iterator[tuple[str, str]]:
    """Yield each docstring with its place."""
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node)
                if text:
                    yield f"{path}:{getattr(node, 'lineno', 1)}", text


def names_of_tests() -> Iterator[tuple[str, str]]:
    """Yield the name of each test function with its place."""
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield f"{path}:{node.lineno}", node.name


def test_docstrings_begin_with_a_verb_or_a_noun() -> None:
    found = list(docstrings())
    riddles = [f"{place} {text[:60]}" for place, text in found if text.split()[0].strip(",.:;").lower() in RIDDLES]
    assert len(riddles) < FEW * len(found), "\n".join(riddles)


def test_test_names_begin_with_their_subject() -> None:
    found = list(names_of_tests())
    riddles = [f"{place} {name}" for place, name in found if name.split("_")[1] in RIDDLES]
    assert len(riddles) < FEW * len(found), "\n".join(riddles)


def test_descriptions_of_the_schema_begin_with_what_they_describe() -> None:
    schema = (PROJECT / "schema.graphql").read_text()
    openings = re.findall(r'"""\s*(\w+)', schema)
    assert len(openings) > 1_000
    assert {word for word in openings if word.lower() in RIDDLES} == set()


def test_classes_of_the_product_have_names_of_their_own() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path, tree in trees().items():
        if path.parts[0] in {"tests", "clients", "schema"} or path.parts[:2] == ("infra", "stacks"):
            continue  # a type of the schema is called as what it shows, a stack's name is its class's
        if path.parts == ("resolvers", "arguments.py"):
            continue  # its classes are types of the schema too
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path))
    assert {name: where for name, where in places.items() if len(where) > 1 and name not in SAME_CLASS} == {}
