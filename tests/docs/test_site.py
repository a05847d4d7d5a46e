"""The documentation's site: it builds without a warning, and a broken link or a page without a place breaks it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from app.environment import TOOLS, tools
from milequest.settings import PROJECT


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    command = ["make", "docs", f"SITE={tmp_path}"]
    done = subprocess.run(command, cwd=PROJECT, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    for page in ("index", "README", "ARCHITECTURE", "docs/index", "docs/tutorial", "docs/schema/query"):
        assert (tmp_path / f"{page}.html").is_file(), page


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("[here](#begin)", ""),
        ("[a page](nowhere.md)", "target not found: 'nowhere.md'"),
        ("[a heading](#nowhere)", "target not found: 'nowhere'"),
        ("[a heading of a page](index.md#nowhere)", "local id not found in doc 'docs/index': 'nowhere'"),
        ("[a file](../nowhere.py)", "target not found: '../nowhere.py'"),
        ("# No place\n", "document isn't included in any toctree"),
    ],
)
def test_a_page_with_a_broken_link_or_without_a_place_is_an_error(tmp_path: Path, text: str, warning: str) -> None:
    docs = tmp_path / "docs"
    shutil.copytree(PROJECT / "docs", docs, ignore=shutil.ignore_patterns("*.md"))
    is_apart = text.startswith("#")
    (docs / "index.md").write_text("# Begin\n\n" + ("" if is_apart else text))
    if is_apart:
        (docs / "page.md").write_text(text)
    sphinx: list[str | Path] = [tools("docs", TOOLS["docs"]), "-m", "sphinx", "-q", "-W"]
    command = [*sphinx, "-c", docs, tmp_path, tmp_path / "site"]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    assert (done.returncode == 0) is (not warning), done.stderr
    assert warning in done.stderr
