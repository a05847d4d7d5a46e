"""Packages that only these tests need, in a separate environment with a lock of its own."""

import sys
from pathlib import Path

from app.environment import tools


def site_packages(name: str) -> Path:
    """Return the folder of the packages of requirements-NAME.lock, installed once and shared by all clones."""
    python = tools(name, Path(__file__).parent / f"requirements-{name}.lock")
    (folder,) = python.parent.parent.glob("lib/python*/site-packages")
    return folder


def borrow(name: str) -> None:
    """Make them importable, behind this process's own packages."""
    folder = str(site_packages(name))
    if folder not in sys.path:
        sys.path.append(folder)
