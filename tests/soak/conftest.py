"""What `make synth` writes, as other tests have it."""

from tests.infra.conftest import assembly, packages, templates

__all__ = ["assembly", "packages", "templates"]
