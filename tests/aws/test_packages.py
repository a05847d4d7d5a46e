"""The packages shipped: small, reproducible, and with no more imported than each function needs."""

import ast
import hashlib
import re
import subprocess
import sys
import zipfile
from base64 import urlsafe_b64encode
from importlib.metadata import distributions
from pathlib import Path

import pytest

from infra import packaging
from milequest.settings import PROJECT
from tests.aws.driving import imported

MOST_BYTES = 16_500_000
SDK = {"aioboto3", "aiobotocore", "aiohttp", "boto3", "botocore"}
SDK_CALL = re.compile(r"sdk\.(?:call|call_once|client)\(\s*\"([\w-]+)\"")
OPEN_CLIENTS = """
import asyncio
from milequest.store.aws.aws_credentials import fixed
from milequest.store.aws.sdk import Sdk
from milequest.store.aws.signing import Credentials

async def main():
    sdk = Sdk(fixed(Credentials("key", "secret")), "us-east-1")
    for service in {}:
        print((await sdk.client(service)).meta.endpoint_url)
    await sdk.close()

asyncio.run(main())
"""
NO_GRAPHQL = ("app.aws.socket_lifecycle", "app.aws.token_authorizer", "app.aws.cognito")
ALL = (
    *NO_GRAPHQL,
    "app.aws.interest",
    "app.aws.api",
    "app.aws.domains",
    "app.aws.live",
    "app.aws.jobs",
    "app.aws.pictures",
    "app.aws.lake",
    "app.aws.rotation",
    "app.aws.usage",
)


@pytest.mark.parametrize("module", NO_GRAPHQL)
def test_connection_and_token_functions_import_no_server_libraries(module: str) -> None:
    _, names = imported(module)
    assert not {"graphql", "strawberry", "starlette", "sqlalchemy", "redis"} & names


@pytest.mark.parametrize("module", ALL)
def test_a_function_imports_from_its_package_alone(module: str, packages: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packages / "service.zip") as archive:
        archive.extractall(tmp_path)
    seconds, names = imported(module, tmp_path)
    print(f"{module}: {seconds * 1000:.0f} ms of CPU, {len(names)} modules")
    assert not ({"sqlalchemy"} | SDK) & names


def test_server_imports_no_sdk_before_a_call_needs_it() -> None:
    _, names = imported("app.asgi")
    assert not SDK & names


def test_migrations_import_from_their_package_alone_which_has_no_sdk(packages: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packages / "migrations.zip") as archive:
        archive.extractall(tmp_path)
    imported("app.aws.migrations", tmp_path)
    assert not SDK & {path.name for path in tmp_path.iterdir()}


def test_package_has_the_data_of_services_that_are_called_and_of_no_others(packages: Path, tmp_path: Path) -> None:
    folders = [PROJECT / name for name in packaging.OURS]
    sources = [path.read_text() for folder in folders for path in folder.rglob("*.py")]
    called = {name for text in sources for name in SDK_CALL.findall(text)}
    with zipfile.ZipFile(packages / "service.zip") as archive:
        archive.extractall(tmp_path)
    kept = {path.name for path in (tmp_path / "botocore" / "data").iterdir() if path.is_dir()}
    assert called == kept == packaging.SDK_SERVICES
    script = f"import sys; sys.path[:0] = [{str(tmp_path)!r}]\n" + OPEN_CLIENTS.format(sorted(kept))
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == len(kept)


def test_the_package_of_the_api_is_small_and_compiled(packages: Path) -> None:
    path = packages / "service.zip"
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
    assert path.stat().st_size < MOST_BYTES
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    assert any(re.fullmatch(r"app/aws/__pycache__/api\..*\.pyc", name) for name in names)
    assert "graphql/__init__.pyc" in names


def test_packages_have_the_roots_by_which_the_database_is_verified(packages: Path) -> None:
    for name in packaging.PACKAGES:
        with zipfile.ZipFile(packages / f"{name}.zip") as archive:
            assert "milequest/store/sql/aws_roots.pem" in archive.namelist()


def test_libraries_have_nothing_for_debuggers(packages: Path) -> None:
    with zipfile.ZipFile(packages / "service.zip") as archive:
        libraries = [archive.read(name) for name in archive.namelist() if name.endswith(".so")]
    assert len(libraries) > 5
    assert all(image[40:48] == bytes(8) for image in libraries if image.startswith(packaging.ELF)), "no sections"


@pytest.mark.usefixtures("packages")
def test_packaging_leaves_installed_libraries_as_they_were() -> None:
    """Installers share files between environments by hard links: a change in one place would be in all."""
    libraries = [file for each in distributions() for file in each.files or () if file.suffix == ".so" and file.hash]
    assert len(libraries) > 5
    for file in libraries:
        assert file.hash is not None
        digest = hashlib.new(file.hash.mode, file.read_binary()).digest()
        assert urlsafe_b64encode(digest).rstrip(b"=").decode() == file.hash.value, file


def test_the_same_sources_give_the_same_bytes(packages: Path, tmp_path: Path) -> None:
    again = packaging.make(tmp_path / "service.zip", packaging.PACKAGES["service"], here=True)
    assert again.read_bytes() == (packages / "service.zip").read_bytes()


def test_the_packages_are_for_the_runtime_of_the_templates() -> None:
    text = (PROJECT / "infra/constructs/function.py").read_text()
    assert f"PYTHON_{packaging.RUNTIME.replace('.', '_')}" in text
    assert "ARM_64" in text


def test_every_handler_of_the_templates_is_there() -> None:
    text = "".join(path.read_text() for path in sorted((PROJECT / "infra/stacks").glob("*.py")))
    for module, function in re.findall(r'"app\.aws\.(\w+)\.(\w+)"', text):
        path = PROJECT / "app" / "aws" / f"{module}.py"
        if path.exists():  # later imports are listed in docs/aws.md
            names = {getattr(node, "name", "") for node in ast.parse(path.read_text()).body}
            assert function in names | {"auth"}, f"{module}.{function}"
