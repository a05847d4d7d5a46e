"""Report on two compared databases, as lines for an operator."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from milequest.store.sql.comparison import Comparison, DatabaseContent, TeamSums

MOST: Final = 20  # teams that are listed


def report(found: Comparison) -> Iterator[str]:
    """Yield what differs: totals that are wrong, tables by their rows, sums by team, and how far one log is behind."""
    yield from _totals("here", found.one)
    yield from _totals("there", found.other)
    if found.behind is not None:
        yield f"newest event: there {found.behind // timedelta(milliseconds=1)} ms older than here"
    for table, here, there in found.tables:
        what = f"{here - there:+d} here" if here != there else "the same number, other content"
        yield f"{table}: {here} rows here, {there} there ({what})"
    teams = list(found.teams)
    for id, one, other in teams[:MOST]:
        yield f"team_{id.hex}: here {_sums(one)}; there {_sums(other)}"
    if len(teams) > MOST:
        yield f"{len(teams) - MOST} more teams differ"
    if found.is_same:
        yield f"Every row of {len(found.one.tables)} tables is the same."


def _totals(where: str, database: DatabaseContent) -> Iterator[str]:
    for kind, ids in database.wrong.items():
        shown = ", ".join(ids[:MOST]) + (f" and {len(ids) - MOST} more" if len(ids) > MOST else "")
        yield f"wrong {where}: {kind} are not the sums of their rows: {shown}"
    if not database.wrong:
        yield f"totals {where}: each is the sum of its rows"


def _sums(sums: TeamSums | None) -> str:
    if sums is None:
        return "no such team"
    return (
        f"{sums.members} members, {sums.walks} walks, {sums.distance_mm / 1_000:.0f} m, "
        f"{sums.goals_mm / 1_000:.0f} m for goals, log at {sums.sequence}"
    )
