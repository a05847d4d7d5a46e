"""The packages, on the Python and the processor they are made for."""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra import packaging
from milequest.settings import PROJECT
from tests.infra.assembly import Assembly
from tests.soak import pythons

pytestmark = pytest.mark.skipif(bool(pythons.why_not()), reason=pythons.why_not())

COMPILED = Path(__file__).parent / "compiled.py"
HANDLER = "import sys; sys.path.insert(0, {!r}); from {} import {} as handler; assert callable(handler)"
LAMBDAS_LINUX = {"GLIBC": (2, 34), "GLIBCXX": (3, 4, 29)}  # Amazon Linux 2023's versions of C and C++


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the output of `make package`, each package unpacked."""
    folder = tmp_path_factory.mktemp("shipped")
    environ = os.environ | {"PATH": pythons.compiling()}
    command: list[str | Path] = [sys.executable, "-m", "infra.packaging", folder]
    subprocess.run(command, cwd=PROJECT, env=environ, check=True)
    for name in packaging.PACKAGES:
        with zipfile.ZipFile(folder / f"{name}.zip") as archive:
            archive.extractall(folder / name)
    return folder


def on_lambdas_python(*arguments: str | Path) -> str:
    """Return a program's output there; with nothing but the standard library."""
    command = [pythons.python(pythons.LAMBDAS), "-I", "-S", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_soak_python_is_lambdas_version_and_processor() -> None:
    told = on_lambdas_python("-c", "import platform; print(platform.python_version(), platform.machine())")
    version, machine = told.split()
    assert version.startswith(f"{packaging.RUNTIME}.")
    assert packaging.PLATFORM.startswith(machine)


@pytest.mark.parametrize("name", packaging.PACKAGES)
def test_every_compiled_library_loads_and_works(name: str, shipped: Path) -> None:
    folder = shipped / name
    libraries = {str(path.relative_to(folder)) for path in folder.rglob("*.so*")}
    assert len(libraries) > 5
    assert set(on_lambdas_python(COMPILED, folder).split()) == libraries


@pytest.mark.parametrize("name", packaging.PACKAGES)
def test_no_compiled_library_needs_more_than_lambdas_linux_has(name: str, shipped: Path) -> None:
    for path in (shipped / name).rglob("*.so"):
        for library, version in re.findall(rb"\b(GLIBC|GLIBCXX)_([0-9.]+)\0", path.read_bytes()):
            needs = tuple(map(int, version.split(b".")))
            assert needs <= LAMBDAS_LINUX[library.decode()], f"{path} needs {library.decode()} {version.decode()}"


def test_every_function_of_the_templates_begins(shipped: Path, packages: Path, assembly: Assembly) -> None:
    begun = set(_functions(packages, assembly))
    assert len(begun) > 15
    for name, handler in sorted(begun):
        module, _, function = handler.rpartition(".")
        on_lambdas_python("-c", HANDLER.format(str(shipped / name), module, function))


def _functions(packages: Path, assembly: Assembly) -> Iterator[tuple[str, str]]:
    """Yield the package and the handler of each function."""
    names = {(packages / f"{name}.zip").read_bytes(): name for name in packaging.PACKAGES}
    for function in assembly.resources("AWS::Lambda::Function"):
        asset = function.properties["Code"]["S3Key"]
        yield names[(assembly.folder / f"asset.{asset}").read_bytes()], function.properties["Handler"]
