"""The repository's content: no secrets, locks without addresses that fit pyproject.toml."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from milequest.settings import PROJECT

# Spelt in two parts where this very file would match.
SECRETS = re.compile(
    r"-----BEGIN (RSA |EC |OPENSSH |ENCRYPTED )?PRIVATE"
    r" KEY-----"
    r"|\b(AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\b[ps]k\.eyJ[A-Za-z0-9_-]{40,}"  # Mapbox
    r"|\bya29\.[A-Za-z0-9_-]{20,}|\bAIza[A-Za-z0-9_-]{35}"  # Google
    r"|\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}"  # a signed token
)
EXAMPLE = "AKIAIOSFODNN7EXAMPLE"  # Amazon's own, in its documentation
LOCKS = [f"requirements{part}.lock" for part in ("", "-telemetry", "-dev", "-docs", "-infra", "-uv")]
REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)(\[[^]]*\])?")


def tracked() -> list[Path]:
    """Return every file of the repository, new ones too."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=PROJECT, text=True, capture_output=True, check=True).stdout.splitlines()
    return [PROJECT / name for name in names if (PROJECT / name).is_file()]


def locked(lock: str) -> set[str]:
    """Return the names of the packages in a lock."""
    return {_normal(line) for line in (PROJECT / lock).read_text().splitlines() if re.match(r"^[A-Za-z0-9]", line)}


def _normal(requirement: str) -> str:
    found = REQUIREMENT.match(requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[1]).lower()


def test_no_secret_is_in_the_repository() -> None:
    found = []
    for path in tracked():
        text = path.read_bytes().decode(errors="ignore").replace(EXAMPLE, "")
        found += [f"{path.relative_to(PROJECT)}: {match[0][:12]}…" for match in SECRETS.finditer(text)]
    assert found == []


@pytest.mark.parametrize("text", ["-----BEGIN PRIVATE" + " KEY-----", "AKIA" + "ABCDEFGHIJKLMNOP", "ghp_" + "a" * 36])
def test_the_search_for_secrets_finds_some(text: str) -> None:
    assert SECRETS.search(f'key = "{text}"')


def test_locks_name_no_address_and_no_path() -> None:
    locks = [path for path in tracked() if path.name.endswith(".lock") or path.name == "package-lock.json"]
    assert len(locks) >= 3
    for lock in locks:
        lines = [line for line in lock.read_text().splitlines() if '"funding"' not in line]
        addresses = [line for line in lines if re.search(r"--(extra-)?index-url|--find-links|\"resolved\"|file:", line)]
        assert addresses == [], f"{lock.name}: {addresses[:3]}"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_hashes(lock: str) -> None:
    packages = re.split(r"\n(?=[A-Za-z0-9])", (PROJECT / lock).read_text().strip())
    assert [package.split(" ")[0] for package in packages if "--hash=sha256:" not in package] == []


def test_the_locks_have_what_the_project_depends_on() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    runtime = {_normal(name) for name in project["project"]["dependencies"]}
    dev = {_normal(name) for name in project["dependency-groups"]["dev"]}
    assert runtime - locked("requirements.lock") == set(), "make lock"
    for apart in ("docs", "infra"):
        wanted = {_normal(name) for name in project["dependency-groups"][apart]}
        assert wanted - locked(f"requirements-{apart}.lock") == set(), "make lock"
    telemetry = {_normal(name) for name in project["dependency-groups"]["telemetry"]}
    assert (runtime | telemetry) - locked("requirements-telemetry.lock") == set(), "make lock"
    assert telemetry & locked("requirements.lock") == set(), "it is beside the service only where it is asked for"
    assert (runtime | dev) - locked("requirements-dev.lock") == set(), "make lock"


def test_each_lock_is_contained_in_the_next() -> None:
    def versions(lock: str) -> set[str]:
        return {
            line.split(" ")[0] for line in (PROJECT / lock).read_text().splitlines() if re.match(r"^[A-Za-z0-9]", line)
        }

    assert versions("requirements.lock") <= versions("requirements-telemetry.lock") <= versions("requirements-dev.lock")


def test_texts_are_as_the_editorconfig_says() -> None:
    exempt = re.search(r"^\[\{(.*)\}\]\ninsert_final_newline = unset$", (PROJECT / ".editorconfig").read_text(), re.M)
    assert exempt
    faults = []
    for path in tracked():
        name, content = str(path.relative_to(PROJECT)), path.read_bytes()
        if b"\0" in content or name in exempt[1].split(","):
            continue
        lines = content.split(b"\n")
        faults += [f"{name}: no last newline"] * (bool(content) and lines[-1] != b"")
        faults += [f"{name}: \\r"] * (b"\r" in content)
        faults += [
            f"{name}:{number}: blanks at the end"
            for number, line in enumerate(lines, 1)
            if line[-1:] in b" \t" and line
        ]
        if path.suffix in {".py", ".md", ".yml", ".yaml", ".toml"}:
            faults += [f"{name}:{number}: a tab" for number, line in enumerate(lines, 1) if line.startswith(b"\t")]
    assert faults == []


def test_workflow_runs_the_script_that_ci_runs() -> None:
    workflow = (PROJECT / ".github" / "workflows" / "ci.yml").read_text()
    runs = re.findall(r"- run: (.*)", workflow)
    assert runs == ["bash .ci/run", "make docs"]
    assert (PROJECT / ".ci" / "run").exists()


def test_hooks_run_what_make_runs() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    hooks = re.findall(r"entry: (.*)", (PROJECT / ".pre-commit-config.yaml").read_text())
    assert len(hooks) == 3
    for hook in hooks:
        command = hook.removeprefix(".venv/bin/python -m ").removesuffix(" --force-exclude")
        assert command in makefile or re.search(rf"^{command.removeprefix('make ')}: ", makefile, re.M), hook


def test_mypy_reads_each_module_of_the_cdk_that_infra_imports() -> None:
    found: set[str] = set()
    for path in (PROJECT / "infra").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "aws_cdk":
                found |= {f"aws_cdk.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aws_cdk."):
                found.add(str(node.module))
    overrides = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    (read,) = (set(one["module"]) for one in overrides if one.get("follow_imports") == "silent")
    assert read - {"aws_cdk", "aws_cdk.interfaces", "aws_cdk.interfaces.*"} == found, "others would be Any"
