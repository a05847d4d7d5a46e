"""Mutants of the rules, by mutmut: each is the code with one small change, which some test must detect.

mutmut changes code in functions, not constants of modules and not properties. It works on a copy of the project.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from milequest.settings import PROJECT
from tests.soak.borrowed import site_packages

FOLDERS = ("app", "milequest", "resolvers", "schema", "subscriptions", "tests")
FILES = ("pyproject.toml", "ARCHITECTURE.md")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "node_modules", ".hypothesis")
MODULES = (
    "access",
    "avatars",
    "budgets",
    "calendar",
    "contributions",
    "instants",
    "lookalikes",
    "progress",
    "sessions",
    "text",
)
POLICY = (  # tests of the policy that need no database
    "the_documented_table_is_the_code",
    "refusals_never_betray_a_hidden_team",
    "higher_access_level_sees_no_less_than_a_lower_one",
    "a_refusal_says_who_may_or_what_is_not_there",
    "access_level_of_a_viewer_follows_the_role_or_the_sign_in",
)
TESTS = ("tests/milequest/rules", *(f"tests/milequest/test_access.py::test_{name}" for name in POLICY))
CONFIGURATION = """[mutmut]
source_paths = milequest
only_mutate =
{modules}
also_copy =
{folders}
pytest_add_cli_args =
    --hypothesis-profile=mutants
pytest_add_cli_args_test_selection =
{tests}
"""
KILLED = ("killed", "timeout")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mutant, and its result."""

    name: str
    fate: str

    @property
    def lives(self) -> bool:
        """True if no test detected it."""
        return self.fate not in KILLED


def run(folder: Path, only: str = "") -> list[Mutant]:
    """Test all mutants, or those whose names are like `only`, in `folder`; return them."""
    for name in FOLDERS:
        shutil.copytree(PROJECT / name, folder / name, ignore=LEFT_OUT)
    for name in FILES:
        shutil.copy(PROJECT / name, folder)
    modules = tuple(f"milequest/rules/{name}.py" for name in MODULES)
    text = CONFIGURATION.format(folders=_lines(FOLDERS + FILES), modules=_lines(modules), tests=_lines(TESTS))
    (folder / "setup.cfg").write_text(text)
    _mutmut(folder, "run", "--max-children", "1", *([only] if only else []))
    found = re.findall(r"^ {4}(\S+): (.+)$", _mutmut(folder, "results", "--all", "true"), re.M)
    return [Mutant(name, fate) for name, fate in found if fate != "not checked"]


def change(folder: Path, mutant: Mutant) -> str:
    """Return the function and the lines that a mutant removes and adds: the same as long as those are."""
    diff = _mutmut(folder, "show", mutant.name).splitlines()
    lines = [line for line in diff if re.match(r"[-+](?![-+]{2} )", line)]
    function = re.sub(r"__mutmut_\d+$", "", mutant.name).replace(".x_", ".").replace(".xǁ", ".").replace("ǁ", ".")
    return "\n".join((function, *lines))


def _lines(words: tuple[str, ...]) -> str:
    return "\n".join(f"    {word}" for word in words)


def _mutmut(folder: Path, *arguments: str) -> str:
    """Return its output. Its packages come before our own, of which they have the versions."""
    environment = os.environ | {"PYTHONPATH": str(site_packages("mutmut"))}
    command = [sys.executable, "-m", "mutmut", *arguments]
    ran = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stdout[-3_000:] + ran.stderr[-3_000:]
    return ran.stdout
