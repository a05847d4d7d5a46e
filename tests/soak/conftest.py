"""What `make synth` writes, as other tests have it."""

from tests.infra.conftest import assembly, authorized, packages, templates

__all__ = ["assembly", "authorized", "packages", "templates"]
