"""Every template of every environment, synthesized once a run."""

from pathlib import Path

import pytest

from tests.aws.made import authorized, packages, templates, traced
from tests.infra.assembly import Assembly

__all__ = ["authorized", "packages", "templates", "traced"]


@pytest.fixture(scope="session")
def assembly(templates: Path) -> Assembly:
    """Return the output of `make synth`."""
    return Assembly(templates)
