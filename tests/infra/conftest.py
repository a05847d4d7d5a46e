"""Every template of every environment, synthesized once a run."""

from pathlib import Path

import pytest

from tests.aws.made import packages, templates, variants
from tests.infra.assembly import Assembly

__all__ = ["packages", "templates", "variants"]


@pytest.fixture(scope="session")
def assembly(templates: Path) -> Assembly:
    """Return the output of `make synth`."""
    return Assembly(templates)
