"""Download the servers where there are none: Debian's and Ubuntu's own packages, unpacked privately in our cache."""

import hashlib
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from app.embedded.apt import Apt, AptError
from app.embedded.binaries import unpacked
from app.embedded.system_account import unprivileged
from app.environment import PROJECT, SetupError, cache_dir, step

# Dependencies of parts we do not start (JIT, raster formats, system integration): more than half of all bytes.
# Only a saving: if a library turns out to be missing without them, all are downloaded.
SKIPPED = re.compile(
    r"(libllvm|libz3|libgdal|gdal-|perl|libperl|locales|libc-l10n|fonts-|fontconfig|libpoppler|libspatialite|libnss3|libx265|libaom|"
    r"libheif|libdav1d|libde265|libarmadillo|libarpack|libhdf|libnetcdf|libxerces|libkml|libmariadb|mariadb|mysql|"
    r"postgresql-common|postgresql-client-common|ssl-cert|ucf|debconf)"
)
WANTED = ("postgresql-postgis", "redis-server")  # the metapackage of whatever version the system has
LAYOUT = "2"  # raised when folders made by older code are no longer usable
BY_HAND = f"apt-get install {' '.join(WANTED)}"


def debs_dir() -> Path:
    """Return the folder of the unpacked .deb files: one for each system and processor."""
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


def unpack() -> Path:
    """Return the folder of the servers and their dependencies, downloaded if need be.

    Raises SetupError if apt fails.
    """
    target = debs_dir()
    if target.exists():
        return target
    work = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        root = _unpacked(Apt(work))
        _finish(root)
        try:
            root.rename(target)  # complete or not there at all
        except OSError:
            if not target.exists():  # another run was faster: its folder is as good
                raise
    except AptError as error:
        what = f"cannot {error.action} the packages of PostgreSQL + PostGIS ({error.reason})"
        raise SetupError(f"{what}: try `{BY_HAND}` as root") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def _unpacked(apt: Apt) -> Path:
    with step("Reading the list of Debian packages"):
        names = apt.resolve(*WANTED)
        names += [name for name in _servers(names) if name not in names]
    chosen = [name for name in names if not SKIPPED.match(name)]
    with step(f"PostgreSQL + PostGIS: {len(chosen)} packages, unpacked privately"):
        apt.unpack(chosen)
        if _missing_libraries(apt.root):
            apt.unpack([name for name in names if name not in chosen])
    return apt.root


def _servers(names: list[str]) -> list[str]:
    """Return the server PostGIS was built for: apt omits an installed one, but that would not find our PostGIS."""
    versions = [found[1] for name in names if (found := re.fullmatch(r"postgresql-(\d+)-postgis-\d+", name))]
    return [f"postgresql{part}-{version}" for version in versions for part in ("", "-client")]


def _missing_libraries(root: Path) -> bool:
    """Return whether the server or PostGIS would fail to load, by the system's own loader."""
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
    """Do the work of the packages' install scripts: PostGIS's control files are links made by them."""
    for control in root.glob("usr/share/postgresql/*/extension/*-3.control"):
        link = control.with_name(control.name.replace("-3.control", ".control"))
        if not link.exists():
            link.symlink_to(control.name)
