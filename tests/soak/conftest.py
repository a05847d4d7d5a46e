"""The output of `make synth`, as for other tests."""

from tests.infra.conftest import assembly, authorized, packages, templates

__all__ = ["assembly", "authorized", "packages", "templates"]
