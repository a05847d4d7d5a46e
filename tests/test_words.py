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
ROOMS = {"app", "infra", "milequest", "resolvers", "schema", "subscriptions"}
SCHEMA_TYPES = {"strawberry.type", "strawberry.input", "strawberry.interface", "strawberry.enum"}
ROOT_TYPES = {"Query", "Mutation", "Subscription"}  # show nothing that has a class
SAME_CLASS: Mapping[str, str] = {"RouteTemplate": "a template, and the same as a field shows it"}
"""Classes of one name in several modules of the product, and why."""
FLOORS = {
    "app/aws",  # what Lambda calls of it
    "infra/stacks",  # and its deployment
    "milequest/actions",
    "milequest/jobs",
    "milequest/rules",
    "milequest/store/cache",
    "milequest/store/sql",
    "milequest/store/sql/tables",
    "resolvers",
    "schema",
}
"""Folders in which a noun of the product, such as a team, has a module of its name each."""
SAME_MODULE: Mapping[str, str] = {
    "accounts": "the operator's way to make one, by the same actions",
    "cognito": "the provider, and the functions that the same user pool calls",
    "fleet": "the model of the servers that the stack deploys",
    "keys": "the provider's signing keys: made, rotated by an operator, purged by a job",
    "lookalikes": "the table, and the command that prints it",
    "migrations": "run by a command, by a function, and its stack",
    "passwords": "their hashes, beside the floors",
}
"""Modules of one name elsewhere, and in what they are the same thing."""


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


def product() -> Iterator[tuple[Path, ast.Module]]:
    """Yield the modules of the product with their syntax trees; a migration is a record and has no name."""
    for path, tree in trees().items():
        if path.parts[0] in ROOMS and path.stem not in {"__init__", "__main__"} and "versions" not in path.parts:
            yield path, tree


def is_shown(node: ast.ClassDef) -> bool:
    """Return whether a class is a type of the GraphQL schema, which has the name of what it shows."""
    calls = [one.func if isinstance(one, ast.Call) else one for one in node.decorator_list]
    return any(ast.unparse(one) in SCHEMA_TYPES for one in calls) and node.name not in ROOT_TYPES


def test_classes_of_the_product_have_names_of_their_own() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path, tree in product():
        if path.parts[:2] == ("infra", "stacks") or path == Path("resolvers/arguments.py"):
            continue  # stacks are deployed under their classes' names, and arguments have those of the schema's inputs
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not is_shown(node):
                places[node.name].append(str(path))
    assert {name: where for name, where in places.items() if len(where) > 1 and name not in SAME_CLASS} == {}


def test_modules_of_the_product_have_names_of_their_own_or_are_floors_of_one_noun() -> None:
    places: defaultdict[str, list[Path]] = defaultdict(list)
    for path, _ in product():
        places[path.stem].append(path)
    repeated = {stem: where for stem, where in places.items() if len(where) > 1}
    elsewhere = {stem for stem, where in repeated.items() if any(str(path.parent) not in FLOORS for path in where)}
    assert {stem: list(map(str, repeated[stem])) for stem in elsewhere - SAME_MODULE.keys()} == {}
    assert SAME_MODULE.keys() <= elsewhere, "these have names of their own by now"
