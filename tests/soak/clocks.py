"""Another time of day for a process and its children, by libfaketime, which Debian and Ubuntu have as a package.

The wall clock runs on from the instant that is given. The monotonic clock is left alone, as all waiting uses it.
"""

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.embedded import apt
from app.embedded.debs import debs_dir
from milequest.rules.instants import seconds

PACKAGE = "libfaketime"
LIBRARY = "usr/lib/*/faketime/libfaketime.so.1"
STARTED_AT = "MQ_SOAK_STARTED_AT"  # gives check_clocks.py the expected time


@dataclass(frozen=True, slots=True)
class Clock:
    """The start of a run, and the time zone of its machine."""

    name: str
    starts_at: str
    zone: str = "UTC"

    def environment(self, library: Path) -> dict[str, str]:
        """Return the variables that give a process this clock: an offset, so that all later processes agree."""
        offset = seconds(datetime.fromisoformat(self.starts_at)) - seconds(datetime.now(UTC))
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME": f"{offset:+d}",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
            "TZ": self.zone,
            STARTED_AT: self.starts_at,
        }


def why_not() -> str:
    """Return why libfaketime is unavailable; empty if it is not."""
    return "" if _installed() or apt.is_here() else f"{PACKAGE} is not installed, and there is no apt to fetch it"


def library() -> Path:
    """Return libfaketime: the machine's, or unpacked once where the account that runs PostgreSQL can read it too."""
    if found := _installed():
        return found
    target = debs_dir().with_name(PACKAGE)
    if not target.exists():
        work = target.with_name(f"{target.name}.{os.getpid()}")
        try:
            fetched = apt.Apt(work)
            fetched.unpack(fetched.resolve(PACKAGE))
            fetched.root.rename(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return next(target.glob(LIBRARY))


def _installed() -> Path | None:
    return next(Path("/").glob(LIBRARY), None)
