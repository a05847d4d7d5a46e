"""The output of `make synth`, as for other tests."""

from tests.infra.conftest import assembly, packages, templates, variants

__all__ = ["assembly", "packages", "templates", "variants"]
