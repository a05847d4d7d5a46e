"""The account that runs PostgreSQL: it refuses uid 0, so root uses a user namespace or a plain account."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.environment import SetupError

NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


@dataclass(frozen=True, slots=True)
class SystemAccount:
    """Account that runs a server: a command put before it, or another user and group."""

    name: str = ""
    prefix: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None

    def own(self, folder: Path) -> None:
        """Give `folder` and all in it to the other user, if there is one."""
        if self.user is None or self.group is None:
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.user, self.group, follow_symlinks=False)

    def reaches(self, folder: Path) -> bool:
        """Return whether it may enter `folder` and all above it."""
        return self.user is None or self.run("test", "-x", folder, env={}).returncode == 0

    def run(self, *command: str | Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; its output, both streams, is in `stdout`."""
        return subprocess.run(
            [*self.prefix, *map(str, command)],
            env=env,
            user=self.user,
            group=self.group,
            extra_groups=None if self.user is None else [],
            cwd="/",
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us; we then stop the servers ourselves
        )


@cache
def unprivileged() -> SystemAccount:
    """Return the account for PostgreSQL on this machine: our own, unless we are root."""
    if os.getuid() != 0:
        return SystemAccount()
    if shutil.which(NAMESPACE[0]) and subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode == 0:
        return SystemAccount(prefix=NAMESPACE)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return SystemAccount(name=name, user=entry.pw_uid, group=entry.pw_gid)
    raise SetupError("PostgreSQL does not run as root here: run as an ordinary user, or set MILEQUEST_DATABASE_URL")
