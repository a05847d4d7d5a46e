"""The server's image, as far as it can be checked without Docker: all files the server needs exist, and are copied."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from app.cli import parser, run
from infra import packaging
from milequest.settings import PROJECT
from tests.infra.assembly import Assembly

STEPS = re.sub(r"^#.*\n", "", (PROJECT / "Dockerfile").read_text(), flags=re.MULTILINE).splitlines()
IGNORED = (PROJECT / ".dockerignore").read_text().splitlines()
SERVES = "import app.asgi, app.cli, app.migrations; from milequest.store.sql import migrate; print(migrate.head())"


def arguments(step: str) -> list[str]:
    """Return the arguments of all steps of a kind."""
    return [line.removeprefix(f"{step} ") for line in STEPS if line.startswith(f"{step} ")]


def copied() -> list[str]:
    """Return the paths copied from the repository."""
    return [name for line in arguments("COPY") if not line.startswith("--from") for name in line.split()[:-1]]


def test_image_base_is_the_runtimes_python_from_a_registry_that_builds_may_pull_from() -> None:
    """Source: ECR Public's quotas: pulls from within AWS are not limited, as those from Docker Hub are by address."""
    bases = {line.partition(" AS ")[0] for line in arguments("FROM")}
    assert bases == {f"public.ecr.aws/docker/library/python:{packaging.RUNTIME}-slim-trixie"}


def test_files_copied_into_the_image_exist_and_are_not_ignored() -> None:
    for name in copied():
        assert (PROJECT / name).exists(), name
        assert f"!{name.partition('/')[0]}" in IGNORED, name


def test_server_imports_from_the_files_copied_into_the_image_alone(tmp_path: Path) -> None:
    for name in copied():
        source, target = PROJECT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            left_out = shutil.ignore_patterns("__pycache__", "node_modules", "dist", ".build")
            shutil.copytree(source, target, ignore=left_out, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, target)
    done = subprocess.run(
        [sys.executable, "-c", SERVES], cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr


def test_the_server_knows_who_calls_through_the_balancer(assembly: Assembly) -> None:
    """Else all clients have one address, which may hold far fewer sockets than a server."""
    ranges = {
        one.stack.replace("-network-", "-fleet-"): one.properties["CidrBlock"]
        for one in assembly.of("network", "AWS::EC2::VPC")
    }
    trusted = {
        one.stack: one.properties["Value"]
        for one in assembly.of("fleet", "AWS::SSM::Parameter")
        if one.properties["Name"].endswith("/fleet/trusted-proxies")
    }
    assert trusted == ranges


def test_image_runs_the_server_as_nobody_on_the_balancers_port(assembly: Assembly) -> None:
    (command,) = arguments("CMD")
    program, *given = json.loads(command)
    assert (PROJECT / program).stat().st_mode & 0o111
    assert parser().parse_args(given).function is run
    assert arguments("USER") == ["nobody"]
    (port,) = arguments("EXPOSE")
    for task in assembly.of("fleet", "AWS::ECS::TaskDefinition"):
        (container,) = task.properties["ContainerDefinitions"]
        assert container["PortMappings"] == [{"ContainerPort": int(port)}]
