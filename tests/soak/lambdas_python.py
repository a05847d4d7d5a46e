"""Lambda's Python and processor in place of this machine's: `pytest -p tests.soak.lambdas_python tests/aws …`.

Functions are packed for Lambda, and the local AWS runs them on the interpreters of `pythons`; where those are
unavailable the tests are skipped.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from infra import packaging
from infra.local import aws
from tests.soak import pythons


@pytest.fixture(scope="session", autouse=True)
def lambdas_python() -> Iterator[None]:
    """Pack and deploy as for Lambda."""
    if reason := pythons.why_not():
        pytest.skip(reason)
    make = packaging.make

    def made(target: Path, without: Collection[str], *, here: bool) -> Path:
        return make(target, without, here=False)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", pythons.compiling())
        patch.setattr(packaging, "make", made)
        patch.setattr(aws, "functions_python", lambda folder: pythons.python(pythons.LAMBDAS))
        yield
