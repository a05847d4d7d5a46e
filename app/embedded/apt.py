"""Debian's and Ubuntu's own packages, resolved, downloaded and unpacked below a folder.

Nothing is installed on the system and no root is needed; apt checks the signatures as always.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType


class AptError(Exception):
    """A step on packages that failed, such as "find", and why."""

    def __init__(self, action: str, done: subprocess.CompletedProcess[str]) -> None:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.startswith(("E:", "dpkg-deb: error"))]
        self.action = action
        self.reason = said[0] if said else f"exit code {done.returncode}"
        super().__init__(f"cannot {action} packages ({self.reason})")


def is_here() -> bool:
    """Return whether this is a system with apt."""
    return all(shutil.which(program) for program in ("apt-get", "dpkg-deb"))


class Apt:
    """apt with lists and downloads of its own in `work`; packages are unpacked in `root` there."""

    def __init__(self, work: Path, options: Mapping[str, object] = MappingProxyType({})) -> None:
        self.root = work / "root"
        self._debs = work / "deb"
        for folder in (work / "lists" / "partial", work / "cache" / "archives" / "partial", self._debs, self.root):
            folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "Dir::State::lists": work / "lists",
            "Dir::Cache": work / "cache",
            "Acquire::Retries": 3,
            "Debug::NoLocking": 1,
            "APT::Sandbox::User": "",
            **options,
        }
        self._options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]

    def resolve(self, *wanted: str) -> list[str]:
        """Return the names of the wanted packages and of all their dependencies that are not installed."""
        update = self._run("update")  # one broken source of many does not matter: the next step decides
        plan = self._run("--simulate", "--no-install-recommends", "install", *wanted)
        names = re.findall(r"^Inst (\S+)", plan.stdout, re.M)
        if plan.returncode or not names:
            raise AptError("find", update if update.returncode else plan)
        return names

    def unpack(self, names: list[str]) -> None:
        """Download packages and unpack them in `root`."""
        download = self._run("download", *names)
        if download.returncode:
            raise AptError("download", download)
        for deb in sorted(self._debs.glob("*.deb")):
            done = subprocess.run(["dpkg-deb", "--extract", deb, self.root], text=True, capture_output=True)
            if done.returncode:
                raise AptError("unpack", done)
            deb.unlink()

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["apt-get", "-q", *self._options, *arguments]
        environment = os.environ | {"LC_ALL": "C"}
        return subprocess.run(command, cwd=self._debs, env=environment, text=True, capture_output=True)
