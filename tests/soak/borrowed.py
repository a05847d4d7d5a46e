"""Packages that only these tests need, in an environment apart which a lock of its own describes."""

import sys
from pathlib import Path

from app.environment import tools


def site_packages(name: str) -> Path:
    """The folder of the packages of requirements-NAME.lock, installed once and shared by all clones."""
    python = tools(name, Path(__file__).parent / f"requirements-{name}.lock")
    (folder,) = python.parent.parent.glob("lib/python*/site-packages")
    return folder


def borrow(name: str) -> None:
    """Make them importable, behind those that this process has itself."""
    folder = str(site_packages(name))
    if folder not in sys.path:
        sys.path.append(folder)
