"""The set-up of `.venv`, run for real in a folder of its own with packages of its own, so that no network is needed."""

import ast
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from app.environment import get_uv
from milequest.settings import PROJECT

SCRIPT = PROJECT / "app" / "environment.py"
WITH_UV = {"PATH": os.pathsep.join((str(Path(get_uv()).parent), os.environ["PATH"]))}


class Clone:
    """A folder with the set-up script and locks that name one small wheel, by default `quest_probe`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wheels = folder.with_name("wheels")
        self.wheels.mkdir()
        (folder / "app").mkdir(parents=True)
        shutil.copy(SCRIPT, folder / "app")
        shutil.copy(PROJECT / "requirements-uv.lock", folder)
        for level in ("runtime", "telemetry", "dev"):
            self.lock(level, "1.0")

    def lock(self, level: str, version: str, package: str = "quest_probe", digest: str = "") -> None:
        """Write the lock of a level; `digest` replaces the true one."""
        wheel = self._wheel(package, version)
        digest = digest or hashlib.sha256(wheel.read_bytes()).hexdigest()
        name = "requirements.lock" if level == "runtime" else f"requirements-{level}.lock"
        (self.folder / name).write_text(f"{package} @ {wheel.as_uri()} --hash=sha256:{digest}\n# {level}\n")

    def _wheel(self, package: str, version: str) -> Path:
        wheel = self.wheels / f"{package}-{version}-py3-none-any.whl"
        if not wheel.exists():
            info = f"{package}-{version}.dist-info"
            files = {
                f"{package}.py": f"VERSION = {version!r}\n",
                f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n",
                f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            }
            record = "".join(f"{name},sha256={_digest(text)},{len(text)}\n" for name, text in files.items())
            with zipfile.ZipFile(wheel, "w") as archive:
                for name, text in (files | {f"{info}/RECORD": record + f"{info}/RECORD,,\n"}).items():
                    archive.writestr(name, text)
        return wheel

    def set_up(self, level: str = "runtime", **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the set-up as make does, with a uv on PATH unless `environ` overrides that."""
        return subprocess.run(
            self.command(level), env=os.environ | WITH_UV | environ, text=True, capture_output=True, check=False
        )

    def command(self, level: str) -> list[str]:
        """Return the command line of the set-up."""
        return [sys.executable, "-I", str(self.folder / "app" / "environment.py"), level]

    def installed(self) -> str:
        """Return the version of the package in `.venv`."""
        python = self.folder / ".venv" / "bin" / "python"
        command = [str(python), "-c", "import quest_probe; print(quest_probe.VERSION)"]
        return subprocess.run(command, cwd="/", text=True, capture_output=True, check=True).stdout.strip()

    @property
    def stamp(self) -> Path:
        """The stamp of a complete environment."""
        return self.folder / ".venv" / "milequest.json"


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")


def test_environment_is_made_once_and_then_left_alone(clone: Clone) -> None:
    first = clone.set_up()
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith("  Python packages (requirements.lock) … ")
    assert clone.installed() == "1.0"
    made = clone.stamp.stat().st_mtime_ns
    second = clone.set_up()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert clone.stamp.stat().st_mtime_ns == made


def test_environment_holds_exactly_what_the_lock_says(clone: Clone) -> None:
    clone.set_up()
    clone.lock("runtime", "2.0")
    clone.set_up()
    assert clone.installed() == "2.0"
    clone.lock("runtime", "2.0", package="quest_other")
    assert clone.set_up().returncode == 0
    with pytest.raises(subprocess.CalledProcessError):
        clone.installed()


def test_tools_once_installed_stay_when_only_the_runtime_is_asked_for(clone: Clone) -> None:
    clone.lock("dev", "2.0")
    clone.set_up("dev")
    assert clone.set_up("runtime").stdout == ""
    assert clone.installed() == "2.0"
    clone.lock("runtime", "3.0")
    clone.set_up("runtime")
    assert clone.installed() == "2.0"
    assert set(json.loads(clone.stamp.read_text())) == {"runtime", "telemetry", "dev", "python", "place"}


def test_telemetry_once_installed_stays_and_comes_with_the_tools(clone: Clone) -> None:
    clone.lock("telemetry", "2.0")
    clone.set_up("telemetry")
    assert clone.set_up("runtime").stdout == ""
    assert clone.installed() == "2.0"
    clone.lock("dev", "3.0")
    clone.set_up("dev")
    assert clone.set_up("telemetry").stdout == ""
    assert clone.installed() == "3.0"


@pytest.mark.parametrize("damage", ["interrupted", "no interpreter", "stamp of another"])
def test_broken_environment_is_made_again(clone: Clone, damage: str) -> None:
    clone.set_up()
    venv = clone.folder / ".venv"
    if damage == "interrupted":
        clone.stamp.unlink()
        next(venv.glob("lib/*/site-packages/quest_probe.py")).unlink()
    elif damage == "no interpreter":
        (venv / "bin" / "python").unlink()
    else:
        clone.stamp.write_text("{")
        shutil.rmtree(venv / "lib")
    assert clone.set_up().returncode == 0
    assert clone.installed() == "1.0"


def test_a_moved_folder_is_set_up_again(clone: Clone, tmp_path: Path) -> None:
    clone.set_up()
    moved = clone.folder.rename(tmp_path / "moved")
    clone.folder = moved
    assert "Python packages" in clone.set_up().stdout
    assert str(moved) in clone.stamp.read_text()


def test_wrong_package_hash_is_reported_in_one_line_and_the_environment_is_incomplete(clone: Clone) -> None:
    clone.lock("runtime", "1.0", digest="0" * 64)
    failed = clone.set_up()
    assert failed.returncode == 1
    assert failed.stderr.startswith("error: ")
    assert failed.stderr.count("\n") == 1
    assert not clone.stamp.exists()
    clone.lock("runtime", "1.0")
    assert clone.set_up().returncode == 0
    assert clone.installed() == "1.0"


def test_environment_without_uv_is_made_by_pip(clone: Clone, tmp_path: Path) -> None:
    (clone.folder / "requirements-uv.lock").write_text(f"uv @ file:///nowhere.whl --hash=sha256:{'0' * 64}\n")
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    assert clone.set_up(PATH=str(nothing), XDG_CACHE_HOME=str(tmp_path / "cache")).returncode == 0
    assert clone.installed() == "1.0"


def test_environment_set_up_twice_at_once_is_made_by_one_of_them(clone: Clone) -> None:
    both = [
        subprocess.Popen(clone.command("runtime"), env=os.environ | WITH_UV, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = sorted(process.communicate(timeout=120)[0] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert said[0] == ""
    assert said[1].startswith("  Python packages")


def test_tools_apart_are_made_once_in_the_cache_and_leave_the_environment_alone(clone: Clone, tmp_path: Path) -> None:
    clone.lock("infra", "3.0")
    made = clone.set_up("infra", XDG_CACHE_HOME=str(tmp_path / "cache"))
    python = Path(made.stdout.strip())
    assert python.is_relative_to(tmp_path / "cache")
    command = [str(python), "-c", "import quest_probe; print(quest_probe.VERSION)"]
    assert subprocess.run(command, cwd="/", text=True, capture_output=True, check=True).stdout == "3.0\n"
    again = clone.set_up("infra", XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert (again.stdout, again.stderr) == (made.stdout, "")
    assert not clone.stamp.exists()


def test_a_cache_that_cannot_be_written_is_no_obstacle(clone: Clone) -> None:
    assert clone.set_up(HOME="/proc/nowhere", XDG_CACHE_HOME="/proc/nowhere").returncode == 0
    assert clone.installed() == "1.0"
    assert (clone.folder / ".milequest" / "cache").is_dir()


def test_an_old_python_can_read_the_script_up_to_the_sentence_it_ends_with() -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 7))
