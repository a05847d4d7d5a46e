"""Production of an operator who needs neither a second region, nor a proxy, nor servers, nor pages."""

from pathlib import Path

import pytest

from infra.rules import findings
from tests.infra.assembly import Assembly


@pytest.fixture(scope="module")
def alone(variants: Path) -> Assembly:
    """Return the templates."""
    return Assembly(variants / "alone")


def test_production_alone_has_no_stack_of_what_it_does_without(alone: Assembly) -> None:
    stacks = {name.split("-")[2] for name in alone.templates}
    assert not {"fleet", "web"} & stacks
    assert {"data", "api", "live", "edge", "recovery", "watch"} <= stacks
    assert {name.split("-", 3)[3] for name in alone.templates} == {"us-east-1"}


def test_production_alone_uses_nothing_of_the_stacks_that_it_does_without(alone: Assembly) -> None:
    parameters = [one for template in alone.templates.values() for one in template.get("Parameters", {}).values()]
    values = {str(one.get("Default")) for one in parameters}
    assert "/milequest/production/data/writer-url" in values
    assert not {value for value in values if "/fleet/" in value}


def test_production_alone_breaks_no_rule(alone: Assembly) -> None:
    assert list(findings(alone)) == []
    assert alone.findings() == []
