"""The rules of the house: flat package names that are ours alone, small files, one reader of the environment."""

import ast
import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import packages_distributions

import pytest

from milequest.settings import PROJECT

PACKAGES = ("app", "clients", "infra", "milequest", "resolvers", "schema", "subscriptions", "tests")
FLOORS = ("app/", "milequest/", "resolvers/", "schema/", "subscriptions/")
MOST_LINES = 300
MOST_FUNCTION_LINES = 60
VAGUE = {"utils", "util", "common", "helpers", "helper", "services", "managers", "misc"}


def tracked(*suffixes: str) -> list[str]:
    """Return the project's files, tracked or new, with one of the suffixes."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=PROJECT, text=True, capture_output=True, check=True).stdout.splitlines()
    return sorted(name for name in set(names) if name.endswith(suffixes) and (PROJECT / name).is_file())


SOURCES = tracked(".py")
GENERATED = {"resolvers/arguments.py"}  # a class for each field's arguments
WRITTEN = [name for name in SOURCES if "/migrations/versions/" not in name and name not in GENERATED]


def test_no_installed_distribution_has_one_of_our_names() -> None:
    assert not set(PACKAGES) & set(packages_distributions())


def test_our_folders_are_never_installed() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["packages"] == []


def test_tests_have_no_package_files() -> None:
    assert [name for name in SOURCES if name.startswith("tests/") and name.endswith("__init__.py")] == []


@pytest.mark.parametrize("folder", ["infra", "clients"])
def test_standalone_folder_neither_imports_others_nor_is_imported(folder: str) -> None:
    ours = set(PACKAGES) - {folder, "tests"}
    for name in SOURCES:
        if not name.startswith("tests/"):
            strangers = (ours if name.startswith(f"{folder}/") else {folder}) & _imports(name)
            assert not strangers, f"{name} imports {strangers}"


def _imports(name: str) -> set[str]:
    """Return the first parts of a file's imports."""
    names = set()
    for node in ast.walk(ast.parse((PROJECT / name).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


def test_every_folder_of_ours_is_a_package_so_that_import_contracts_see_it() -> None:
    sources = [name for name in SOURCES if "/migrations/" not in name]  # Alembic reads those as files
    folders = {name.rpartition("/")[0] for name in sources if "/" in name and not name.startswith(("tests/", "docs/"))}
    assert [folder for folder in sorted(folders) if not (PROJECT / folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("name", WRITTEN)
def test_a_source_file_is_small_documented_and_named_for_what_it_is(name: str) -> None:
    text = (PROJECT / name).read_text()
    tree = ast.parse(text)
    assert text.count("\n") <= MOST_LINES, f"{name} has more than {MOST_LINES} lines: split it by noun"
    assert not text.strip() or ast.get_docstring(tree), f"{name} does not say what it is for"
    assert not VAGUE & set(name.removesuffix(".py").split("/")), f"{name} has a name that says nothing"
    long = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MOST_FUNCTION_LINES
    ]
    assert not long, f"{name} has long functions: {long}"


def test_only_the_settings_read_our_environment_variables() -> None:
    readers = [name for name in SOURCES if not name.startswith("tests/") and _reads_environment(name)]
    own = {
        "app/cli.py",  # passes the environment to the settings, as the two next do
        "app/aws/container.py",
        "app/aws/migrations.py",
        "app/environment.py",  # before there is anything of ours to import
        "milequest/settings.py",
    }
    passing_on = {
        "app/bundle.py",
        "app/embedded/apt.py",
        "app/embedded/binaries.py",
        "app/embedded/debs.py",
    }  # PATH and such, for child processes
    assert set(readers) - passing_on <= own | {name for name in readers if name.startswith("infra/")}


def _reads_environment(name: str) -> bool:
    return bool(re.search(r"\bos\.(environ|getenv)\b|\bfrom os import .*environ", (PROJECT / name).read_text()))


def test_instants_become_numbers_by_integers_alone() -> None:
    """A float in seconds is one millisecond off for some instants; code that only waits or measures may use it."""
    floats = re.compile(
        r"\.timestamp\(|\bfromtimestamp\(|\.total_seconds\(|\btime\.time\(|\bfrom time import .*\btime\b"
    )
    found = {name for name in SOURCES if name.startswith(FLOORS) and floats.search((PROJECT / name).read_text())}
    assert found == {
        "app/logs.py",  # when a record was logged, which the standard library keeps as a float
        "app/demo_simulator.py",  # how far the demo's walkers are
        "subscriptions/apigateway/sweeper.py",  # a metric
        "subscriptions/states.py",  # how long to sleep
    }


def test_text_is_normalised_in_one_place_which_bounds_it_before() -> None:
    product = [name for name in SOURCES if not name.startswith("tests/")]
    calls = {name: (PROJECT / name).read_text().count("normalize(") for name in product}
    assert {name: count for name, count in calls.items() if count} == {"milequest/rules/text.py": 1}


def test_transactions_are_committed_by_the_runtime_which_wakes_subscribers() -> None:
    calls = re.compile(r"(?<![.\w])(?<!def )transact\(")
    callers = {name for name in SOURCES if name.startswith(FLOORS) and calls.search((PROJECT / name).read_text())}
    accounts = {"resolvers/identity.py", "app/aws/cognito.py"}  # these record no events
    providers = {name for name in callers if name.startswith("milequest/providers/identity/")}
    assert callers - providers - accounts == {"milequest/runtime.py"}


def test_every_definition_is_used_by_the_product_and_not_by_tests_alone() -> None:
    read_by_operators = {"IMPORTED_PARAMETERS", "CARRIED_BACK"}  # by the runbook's names
    product = [name for name in WRITTEN if not name.startswith(("tests/", "docs/"))]  # Sphinx reads its own names
    texts = {name: (PROJECT / name).read_text() for name in product}
    words = Counter(word for text in texts.values() for word in re.findall(r"\w+", text))
    defined = {(name, word) for name, text in texts.items() for word in _defined(text)}
    assert {(name, word) for name, word in defined if words[word] == 1 and word not in read_by_operators} == set()


def _defined(text: str) -> Iterator[str]:
    """Yield the names that a module defines at its top."""
    for node in ast.parse(text).body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                yield name


def test_every_logger_of_ours_is_named_below_milequest_so_that_the_level_reaches_it() -> None:
    loggers = {
        (name, match[1])
        for name in SOURCES
        if name.startswith(FLOORS)
        for match in re.finditer(r"getLogger\(([^)]*)\)", (PROJECT / name).read_text())
    }
    assert {(name, logger) for name, logger in loggers if not logger.startswith('"milequest.')} == {
        ("app/logs.py", "OURS"),
        ("app/serve.py", '"uvicorn.error"'),
    }


def test_no_test_imports_another_test() -> None:
    found = [
        f"{name}: {node.module}"
        for name in SOURCES
        if name.startswith("tests/")
        for node in ast.walk(ast.parse((PROJECT / name).read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests")
        for part in (*(node.module or "").split("."), *(alias.name for alias in node.names))
        if part.startswith("test_")
    ]
    assert found == [], "what tests share has a module of its own; documents stand in tests/documents.py"
