"""Downloading the servers as .deb files, with the system's own apt and dpkg on a small repository made here."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from app.embedded import apt, debs
from app.environment import SetupError

pytestmark = pytest.mark.skipif(not apt.is_here(), reason="apt is Debian's and Ubuntu's")

CONTROL = """Package: {name}
Version: 1.0
Architecture: all
Maintainer: tests <tests@example.com>
Depends: {depends}
Description: made by the tests
"""


class Repository:
    """A folder of .deb files as apt's only source, on a machine where nothing is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index = ""
        folder.mkdir()

    def add(self, name: str, *depends: str, **files: Path) -> None:
        """Build a package; `files` are keyed by their names, `__` for a slash, and hold copies of others."""
        tree = self.folder.with_name(f"tree-{name}")
        (tree / "DEBIAN").mkdir(parents=True)
        control = CONTROL.format(name=name, depends=", ".join(depends))
        if not depends:
            control = control.replace("Depends: \n", "")
        (tree / "DEBIAN" / "control").write_text(control)
        for path, source in files.items():
            target = tree / path.replace("__", "/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
        deb = self.folder / f"{name}.deb"
        subprocess.run(["dpkg-deb", "--build", tree, deb], check=True, capture_output=True)
        digest = hashlib.sha256(deb.read_bytes()).hexdigest()
        self.index += f"{control}Filename: ./{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest}\n\n"
        (self.folder / "Packages").write_text(self.index)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Yield a folder open to the account PostgreSQL runs as, so that the cache in it is used."""
    with TemporaryDirectory(prefix="quest-debs-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    repository = Repository(tmp_path / "repository")
    (tmp_path / "sources.list").write_text(f"deb [trusted=yes] file:{repository.folder} ./\n")
    (tmp_path / "status").touch()
    options = {"Dir::Etc::sourcelist": tmp_path / "sources.list", "Dir::Etc::sourceparts": "/dev/null"}
    options |= {"Dir::State::status": tmp_path / "status"}
    (tmp_path / "apt.conf").write_text("".join(f'{name} "{value}";\n' for name, value in options.items()))
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return repository


def add_servers(repository: Repository, program: Path) -> None:
    """Add the packages we want, depending on one we need and two that are skipped."""
    postgres = {
        f"usr__lib__postgresql__15__{path}": program for path in ("bin__postgres", "bin__initdb", "lib__postgis-3.so")
    }
    control = repository.folder / "control"
    control.touch()
    postgres["usr__share__postgresql__15__extension__postgis-3.control"] = control
    repository.add("postgresql-postgis", "libneeded", "libllvm99", "perl")
    repository.add("libneeded", **postgres)
    repository.add("libllvm99", usr__share__llvm=control)
    repository.add("perl", usr__share__perl=control)
    repository.add("redis-server")


def test_server_debs_are_unpacked_once_without_unneeded_parts(repository: Repository, tmp_path: Path) -> None:
    add_servers(repository, Path("/bin/true"))
    root = debs.unpack()
    assert root == debs.debs_dir()
    assert root.is_relative_to(tmp_path)
    assert (root / "usr/share/postgresql/15/extension/postgis.control").resolve().name == "postgis-3.control"
    assert not (root / "usr/share/llvm").exists()
    assert not (root / "usr/share/perl").exists()
    assert [path.name for path in root.parent.iterdir()] == [root.name]
    shutil.rmtree(repository.folder)
    assert debs.unpack() == root


def test_a_server_that_is_installed_without_postgis_is_unpacked_beside_it(
    repository: Repository, tmp_path: Path
) -> None:
    program, control = Path("/bin/true"), repository.folder / "control"
    control.touch()
    server = "usr__lib__postgresql__15"
    repository.add("postgresql-client-15", **{f"{server}__bin__psql": program})
    repository.add("postgresql-15", **{f"{server}__bin__{name}": program for name in ("postgres", "initdb")})
    postgis = {
        f"{server}__lib__postgis-3.so": program,
        "usr__share__postgresql__15__extension__postgis-3.control": control,
    }
    repository.add("postgresql-15-postgis-3", "postgresql-15", **postgis)
    repository.add("postgresql-postgis", "postgresql-15-postgis-3")
    repository.add("redis-server")
    installed = "Package: postgresql-15\nStatus: install ok installed\nVersion: 1.0\nArchitecture: all\n"
    (tmp_path / "status").write_text(f"{installed}Maintainer: tests <tests@example.com>\nDescription: here\n")
    assert (debs.unpack() / "usr/lib/postgresql/15/bin/postgres").exists()


def test_server_debs_with_a_missing_library_are_unpacked_with_every_part(
    repository: Repository, tmp_path: Path
) -> None:
    program = tmp_path / "program"
    shutil.copy("/bin/true", program)
    program.write_bytes(program.read_bytes().replace(b"libc.so.6", b"libq.so.6"))  # a library that does not exist
    add_servers(repository, program)
    root = debs.unpack()
    assert (root / "usr/share/llvm").exists()
    assert (root / "usr/share/perl").exists()


def test_failed_download_is_reported_in_one_line_and_leaves_nothing(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"cannot find the packages .*\(E: .*try `apt-get install postgresql-postgis"):
        debs.unpack()
    add_servers(repository, Path("/bin/true"))
    (repository.folder / "libneeded.deb").write_bytes(b"cut off")
    with pytest.raises(SetupError, match=r"cannot download the packages .*\(E: "):
        debs.unpack()
    assert list((tmp_path / "cache" / "milequest").iterdir()) == []
