"""Writes docs/scale.md: `python -m infra.analysis.scale.scale_report`. Every number in it is computed here."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Final, TypeAlias

from infra.analysis.cost.alternatives import WAYS
from infra.analysis.cost.prices import total
from infra.analysis.cost.usage_profile import MINUTES, Usage, UsageProfile
from infra.analysis.scale import fleet, functions
from infra.analysis.scale.load import Load, LoadOutcome
from infra.analysis.scale.report_text import AFTER_COST, AFTER_LIMITS, ASSUMPTIONS, HEAD, LIMITS, SWITCH

Busy: TypeAlias = Callable[[Load], Mapping[str, float]]

GOAL: Final = Load(sockets=1_000_000, events=10_000, listeners=20, seconds=30)
SMALL: Final = Load(sockets=20_000, events=200, listeners=20, seconds=20)
LISTENERS: Final = (5, 20, 100)
SOCKETS: Final = (1_000, 10_000, 100_000, 1_000_000)
SHARES: Final = (0.25, 0.5, 0.75, 0.9, 1.1)
MOST: Final = 10_000_000.0  # events a minute, as an upper bound
SIMULATED: Final[Mapping[str, Callable[[Load], LoadOutcome]]] = {
    "functions, today": partial(functions.simulate, limits=functions.TODAY),
    "functions, raised": partial(functions.simulate, limits=functions.RAISED),
    "servers, today": partial(fleet.simulate, limits=fleet.TODAY),
    "servers, raised": partial(fleet.simulate, limits=fleet.RAISED),
}
BUSY: Final[Mapping[str, Busy]] = {
    "functions, today": partial(functions.busy, limits=functions.TODAY),
    "functions, raised": partial(functions.busy, limits=functions.RAISED),
    "servers, today": partial(fleet.busy, limits=fleet.TODAY),
    "servers, raised": partial(fleet.busy, limits=fleet.RAISED),
}


def markdown() -> str:
    """Return the whole page."""
    parts = (
        [HEAD],
        _goal(),
        [AFTER_LIMITS],
        _breaks(),
        _lags(),
        _costs(),
        [AFTER_COST, "", _switch()],
        _limits(),
        [ASSUMPTIONS],
    )
    return "\n\n".join("\n".join(part).strip() for part in parts) + "\n"


def breaks_at(busy: Busy, load: Load) -> tuple[float | None, str]:
    """Return the events a minute at which the first part is saturated, and that part; None where the sockets alone are
    too many.
    """

    def busiest(events: float) -> tuple[float, str]:
        found = busy(Load(sockets=load.sockets, events=events, listeners=load.listeners))
        return max((share, name) for name, share in found.items())

    if busiest(0)[0] > 1:
        return None, busiest(0)[1]
    low, high = 0.0, MOST
    while high - low > max(1.0, low / 1_000):
        middle = (low + high) / 2
        low, high = (low, middle) if busiest(middle)[0] > 1 else (middle, high)
    return low, busiest(high)[1]


def most_sockets(seconds: float) -> int:
    """Return the sockets of which a sweep, as it is today, takes so long."""
    return round(seconds / functions.round_seconds(1, functions.TODAY))


def month(load: Load) -> Usage:
    """Return a month of it, for the model of cost: sockets are always open, and reconnect every two hours."""
    walks = load.events * MINUTES / load.sockets
    habits = UsageProfile(
        requests=walks,
        walks=walks,
        visits=MINUTES * 60 / functions.SOCKET_LIFE,
        minutes=MINUTES,
        listeners=load.listeners,
        topics=1,
        peak=1,
    )
    return Usage(load.sockets, habits)


def switch() -> int:
    """Return the sockets from which on our servers cost less, with ten events a minute for each thousand."""
    low, high = 100, 1_000_000
    while high - low > low // 100:
        middle = (low + high) // 2
        costs = {name: total(WAYS[name](month(_alike(middle)))) for name in ("API Gateway", "Fargate")}
        low, high = (low, middle) if costs["API Gateway"] > costs["Fargate"] else (middle, high)
    return high


def _alike(sockets: int) -> Load:
    return Load(sockets=sockets, events=sockets / 100, listeners=20)


def _switch() -> str:
    events, _ = breaks_at(BUSY["functions, today"], SMALL)
    return SWITCH.format(
        cost=_events(switch()),
        late=f"{most_sockets(functions.ROUND_SECONDS):,}",
        dead=f"{most_sockets(functions.ROUND_LASTS):,}",
        events=_events(events),
    )


def _limits() -> Iterator[str]:
    yield "## Today, and raised"
    yield ""
    rows = [
        [LIMITS[name], f"{getattr(limits.TODAY, name):,.9g}", f"{getattr(limits.RAISED, name):,.9g}"]
        for limits in (functions, fleet)
        for name in asdict(limits.TODAY)
    ]
    yield from _table(["", "today", "raised"], rows)


def _goal() -> Iterator[str]:
    yield f"## {GOAL.sockets:,} sockets, {GOAL.events:,.0f} events a minute, {GOAL.listeners} sockets hear of each"
    yield ""
    yield f"That is {GOAL.deliveries:,.0f} results a second. {GOAL.seconds:g} seconds of it were simulated."
    yield ""
    outcomes = {name: simulate(GOAL) for name, simulate in SIMULATED.items()}
    yield from _table(
        ["", "told a second", "p50", "p99", "holds", "what breaks it"],
        [
            [name, _rate(outcome), *_percentiles(outcome), "yes" if holds(outcome) else "**no**", _over(outcome)]
            for name, outcome in outcomes.items()
        ],
    )
    yield ""
    yield "How busy each part is; over 100 % it cannot keep up:"
    yield ""
    for kind in ("functions", "servers"):
        today, raised = (outcomes[f"{kind}, {when}"].busy for when in ("today", "raised"))
        yield from _table(
            [kind, "today", "raised"],
            [[part, f"{share * 100:,.0f} %", f"{raised[part] * 100:,.0f} %"] for part, share in today.items()],
        )
        yield ""


def holds(outcome: LoadOutcome) -> bool:
    """Return whether all parts keep up."""
    return max(outcome.busy.values()) <= 1


def _breaks() -> Iterator[str]:
    yield "## Where each breaks"
    yield ""
    yield "Events a minute at which the first part has all it can do, by how many sockets there are and how many hear."
    yield ""
    for name, busy in BUSY.items():
        rows = []
        for sockets in SOCKETS:
            cells = []
            for listeners in LISTENERS:
                events, part = breaks_at(busy, Load(sockets=sockets, events=0, listeners=listeners))
                cells.append(f"{_events(events)} ({part})")
            rows.append([f"{sockets:,} sockets", *cells])
        yield from _table([name, *(f"{listeners} hear" for listeners in LISTENERS)], rows)
        yield ""


def _lags() -> Iterator[str]:
    yield "## Lag on the way there"
    yield ""
    yield f"{SMALL.sockets:,} sockets, of which {SMALL.listeners} hear of each event; {SMALL.seconds:g} s simulated."
    yield ""
    for name in ("functions, today", "servers, today"):
        events, part = breaks_at(BUSY[name], SMALL)
        assert events is not None, "few sockets break nothing"
        rows = []
        for share in SHARES:
            load = Load(sockets=SMALL.sockets, events=events * share, listeners=SMALL.listeners, seconds=SMALL.seconds)
            outcome = SIMULATED[name](load)
            rows.append([f"{share * 100:.0f} %", _events(load.events), *_percentiles(outcome), _growth(outcome)])
        header = [f"of what {part} can", "events a minute", "p50", "p99", "lag grows, in these seconds, by"]
        yield f"{name[0].upper()}{name[1:]}:"
        yield ""
        yield from _table(header, rows)
        yield ""


def _costs() -> Iterator[str]:
    yield "## Cost"
    yield ""
    yield "US dollars a month for sockets that are always there. A thousand have ten events a minute, heard by 20 each:"
    yield ""
    rows = [
        [f"{sockets:,} sockets", *(f"{total(way(month(_alike(sockets)))):,.0f}" for way in WAYS.values())]
        for sockets in SOCKETS
    ]
    yield from _table(["", *WAYS], rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def _percentiles(outcome: LoadOutcome) -> tuple[str, str]:
    if not outcome.told:
        return "–", "–"
    return _lag(outcome.lag(0.5)), _lag(outcome.lag(0.99))


def _lag(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1_000:.0f} ms"


def _growth(outcome: LoadOutcome) -> str:
    return _lag(max(0.0, outcome.growth()))


def _rate(outcome: LoadOutcome) -> str:
    if not outcome.told:
        return "nothing"
    return f"{outcome.deliveries / max(GOAL.seconds, outcome.told[-1].ready):,.0f}"


def _over(outcome: LoadOutcome) -> str:
    over = sorted(((share, name) for name, share in outcome.busy.items() if share > 1), reverse=True)
    return ", ".join(name for _, name in over) or f"nothing; next {outcome.busiest}"


def _events(events: float | None) -> str:
    if events is None:
        return "none"
    digits = max(1, 10 ** (len(str(int(events))) - 2))
    return f"{round(events / digits) * digits:,}"


if __name__ == "__main__":
    sys.stdout.write(markdown())
