"""Processes' resources: CPU from /proc, where there is one; elsewhere they are unknown and not shown."""

import os
from pathlib import Path

PROC = Path("/proc")
_TICK = os.sysconf("SC_CLK_TCK")


def known() -> bool:
    """Return whether this machine has /proc."""
    return (PROC / "self" / "stat").exists()


def _stat(pid: int | str) -> list[str]:
    """Return the fields of /proc/PID/stat after the name: [0] the state, [1] the parent, [11] to [14] ticks."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def cpu_seconds(pid: int) -> float:
    """Return the CPU a process has used, in user and kernel mode; to the nanosecond where the kernel counts so."""
    try:
        threads = [entry / "schedstat" for entry in (PROC / str(pid) / "task").iterdir()]
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9
    except OSError:
        fields = _stat(pid)
        return (int(fields[11]) + int(fields[12])) / _TICK


def family_cpu_seconds(pid: int) -> float:
    """Return the CPU of a process and its children, ended ones too: PostgreSQL has a process per connection."""
    total = sum(int(ticks) for ticks in _stat(pid)[11:15]) / _TICK
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                if int(_stat(entry.name)[1]) == pid:
                    total += cpu_seconds(int(entry.name))
            except OSError:  # it ended meanwhile
                continue
    return total


def resident_mb(pid: int) -> float:
    """Return a process's memory that is in RAM."""
    return int((PROC / str(pid) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def descriptors(pid: int) -> int:
    """Return how many files and sockets a process has open."""
    return len(list((PROC / str(pid) / "fd").iterdir()))


def load_average() -> str:
    """Return the machine's load: processes that wanted to run in the last 1, 5 and 15 minutes, and how many can."""
    return f"{' '.join(f'{load:.1f}' for load in os.getloadavg())} on {os.cpu_count()} processors"
