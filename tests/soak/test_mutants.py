"""Each mutant of the rules and the policy is detected by a test, but for those that behave as the code does."""

from collections import Counter
from pathlib import Path

from tests.soak.mutants import change, run

EQUIVALENTS = Path(__file__).with_name("equivalent_mutants.txt")
FEWEST = 800  # mutants, at least


def equivalents() -> dict[str, str]:
    """Return the changes that were reviewed and make no difference, each with the reason above it."""
    found = {}
    for paragraph in EQUIVALENTS.read_text().strip().split("\n\n"):
        reason, _, changed = paragraph.partition("\n")
        found[changed] = reason.removeprefix("# ")
    return found


def test_every_mutant_that_lives_is_known_to_be_equivalent(tmp_path: Path) -> None:
    mutants = run(tmp_path)
    print(Counter(mutant.fate for mutant in mutants))
    assert len(mutants) >= FEWEST
    alive = {change(tmp_path, mutant) for mutant in mutants if mutant.lives}
    known = set(equivalents())
    assert not alive - known, "\n\n".join(sorted(alive - known))
    assert not known - alive, "\n\n".join(sorted(known - alive))


def test_every_equivalent_has_a_reason() -> None:
    assert [changed for changed, reason in equivalents().items() if len(reason) < 20] == []
