"""Fetch the servers where there are none: Debian's and Ubuntu's own .deb files, unpacked privately in our cache.

Nothing is installed on the system and no root is needed; apt checks the signatures as always.
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from app.embedded.account import unprivileged
from app.embedded.binaries import unpacked
from app.environment import PROJECT, SetupError, cache_dir, step

# Dependencies of parts we do not start (JIT, raster formats, system integration): more than half of all bytes.
# Only a saving: if a library turns out to be missing without them, all are taken.
SKIPPED = re.compile(
    r"(libllvm|libz3|libgdal|gdal-|perl|libperl|locales|libc-l10n|fonts-|fontconfig|libpoppler|libspatialite|libnss3|libx265|libaom|"
    r"libheif|libdav1d|libde265|libarmadillo|libarpack|libhdf|libnetcdf|libxerces|libkml|libmariadb|mariadb|mysql|"
    r"postgresql-common|postgresql-client-common|ssl-cert|ucf|debconf)"
)
WANTED = ("postgresql-postgis", "redis-server")  # the metapackage of whatever version the system has
LAYOUT = "2"  # raised when folders that older code made will not do
BY_HAND = f"apt-get install {' '.join(WANTED)}"


def debs_dir() -> Path:
    """Where the .deb files lie unpacked: one folder for each system and processor."""
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        system = {}
    key = [system.get("ID", ""), system.get("VERSION_ID", ""), platform.machine(), *WANTED, LAYOUT]
    home = cache_dir()
    if not unprivileged().reaches(home):  # root's home is closed to the account PostgreSQL runs as
        home = PROJECT / ".milequest" / "cache"
        home.mkdir(parents=True, exist_ok=True)
    return home / f"debs-{hashlib.sha256(' '.join(key).encode()).hexdigest()[:12]}"


def can_unpack() -> bool:
    """Whether this is a system with apt."""
    return all(shutil.which(program) for program in ("apt-get", "dpkg-deb"))


def unpack() -> Path:
    """The folder of the servers and what they depend on, fetched if need be. SetupError if apt cannot."""
    target = debs_dir()
    if target.exists():
        return target
    work = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        with step("Reading the list of Debian packages"):
            names = _resolve(work)
        chosen = [name for name in names if not SKIPPED.match(name)]
        with step(f"PostgreSQL + PostGIS: {len(chosen)} packages, unpacked privately"):
            _fetch(work, chosen)
            if _missing_libraries(work / "root"):
                _fetch(work, [name for name in names if name not in chosen])
        _finish(work / "root")
        try:
            (work / "root").rename(target)  # complete or not there at all
        except OSError:
            if not target.exists():  # another run was faster: its folder is as good
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def _apt(work: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    for folder in ("lists/partial", "cache/archives/partial", "deb", "root"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    options = [
        f"Dir::State::lists={work}/lists",
        f"Dir::Cache={work}/cache",
        "Debug::NoLocking=1",
        "APT::Sandbox::User=",
    ]
    command = ["apt-get", "-q", "-o", "Acquire::Retries=3"]
    for option in options:
        command += ["-o", option]
    environment = os.environ | {"LC_ALL": "C"}
    return subprocess.run([*command, *arguments], cwd=work / "deb", env=environment, text=True, capture_output=True)


def _resolve(work: Path) -> list[str]:
    update = _apt(work, "update")  # one broken source of many does not matter: what counts is the next step
    plan = _apt(work, "--simulate", "--no-install-recommends", "install", *WANTED)
    names = re.findall(r"^Inst (\S+)", plan.stdout, re.M)
    if plan.returncode or not names:
        raise _failed("find", update if update.returncode else plan)
    return names + [name for name in _servers(names) if name not in names]


def _servers(names: list[str]) -> list[str]:
    """The server PostGIS was built for: apt leaves it out where it is installed, but it would not find our PostGIS."""
    versions = [found[1] for name in names if (found := re.fullmatch(r"postgresql-(\d+)-postgis-\d+", name))]
    return [f"postgresql{part}-{version}" for version in versions for part in ("", "-client")]


def _fetch(work: Path, names: list[str]) -> None:
    download = _apt(work, "download", *names)
    if download.returncode:
        raise _failed("download", download)
    for deb in sorted((work / "deb").glob("*.deb")):
        done = subprocess.run(["dpkg-deb", "--extract", deb, work / "root"], text=True, capture_output=True)
        if done.returncode:
            raise _failed("unpack", done)
        deb.unlink()


def _failed(what: str, done: subprocess.CompletedProcess[str]) -> SetupError:
    said = [line for line in (done.stderr + done.stdout).splitlines() if line.startswith(("E:", "dpkg-deb: error"))]
    reason = said[0] if said else f"exit code {done.returncode}"
    return SetupError(f"cannot {what} the packages of PostgreSQL + PostGIS ({reason}): try `{BY_HAND}` as root")


def _missing_libraries(root: Path) -> bool:
    """Whether the server or PostGIS would not load: asked of the system's own loader."""
    home = "usr/lib/postgresql/*"
    files = [
        *root.glob(f"{home}/bin/postgres"),
        *root.glob(f"{home}/bin/initdb"),
        *root.glob(f"{home}/lib/postgis-3.so"),
    ]
    if len(files) < 3:
        return True
    done = subprocess.run(["ldd", *files], env=os.environ | unpacked(root), text=True, capture_output=True)
    return done.returncode != 0 or "not found" in done.stdout


def _finish(root: Path) -> None:
    """Do what the packages' install scripts would: PostGIS's control files are links made by them."""
    for control in root.glob("usr/share/postgresql/*/extension/*-3.control"):
        link = control.with_name(control.name.replace("-3.control", ".control"))
        if not link.exists():
            link.symlink_to(control.name)
