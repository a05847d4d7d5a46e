"""Prints the model: `python -m infra.analysis.cost.cost_report cdk.out`."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from infra.analysis.cost.alternatives import WAYS, switch
from infra.analysis.cost.prices import Quantities, prices, together, total
from infra.analysis.cost.stack_templates import quantities, read
from infra.analysis.cost.usage_profile import Usage, UsageProfile

PEOPLE: Final = (1_000, 10_000, 100_000, 1_000_000)
USUAL: Final = 100_000  # people, in the table of the largest costs
ENVIRONMENTS: Final = ("starter", "staging", "production")
BESIDE: Final[Mapping[str, Quantities]] = {  # by environment: what its deploy command makes, and no template has
    "starter": {"route53.zone": 1, "ecr.storage": 1}
}
CHANGES: Final[Mapping[str, UsageProfile]] = {
    "twice the requests": UsageProfile(requests=800),
    "twice the walks": UsageProfile(walks=40),
    "twice the minutes connected": UsageProfile(minutes=600),
    "twelve listeners for each walk": UsageProfile(listeners=12),
    "functions take twice as long": UsageProfile(slowness=2),
}


def report(folder: Path) -> str:
    """Return the whole report."""
    parts = (_as_deployed(folder), _ways(), _switches(), _changes(folder), _drawn(), _missing(folder))
    return "\n".join(line for part in parts for line in (*part, ""))


def taken(folder: Path, usage: Usage, environment: str = "production") -> Quantities:
    """Return the quantities of an environment in a month, by what is sold."""
    month = quantities(read(folder, environment, usage))
    return together([*month.items(), *BESIDE.get(environment, {}).items()])


def floor(folder: Path, environment: str = "production") -> float:
    """Return the cost without any usage."""
    return total(taken(folder, Usage(0), environment))


def _as_deployed(folder: Path) -> Iterator[str]:
    yield "Production as the templates say, US dollars a month (both regions; people who come at least once a month)"
    yield _row("", ["nobody", *(f"{people:,}" for people in PEOPLE)])
    months = [taken(folder, Usage(people)) for people in (0, *PEOPLE)]
    services = sorted({sku.partition(".")[0] for sku in months[-1]}, key=lambda name: -_of(months[-1], name))
    for service in services:
        yield _row(service, [_dollars(_of(month, service)) for month in months])
    totals = [total(month) for month in months]
    yield _row("together", [_dollars(cost) for cost in totals])
    each = [cost / people * 100 for cost, people in zip(totals[1:], PEOPLE, strict=True)]
    yield _row("cents a person", ["", *(f"{cents:,.1f}" for cents in each)])
    yield "When nobody comes, by environment"
    for environment in ENVIRONMENTS:
        yield _row(environment, [_dollars(floor(folder, environment))])


def _ways() -> Iterator[str]:
    yield "What carries requests and news, alone"
    yield _row("", ["nobody", *(f"{people:,}" for people in PEOPLE)])
    for name, way in WAYS.items():
        yield _row(name, [_dollars(total(way(Usage(people)))) for people in (0, *PEOPLE)])


def _switches() -> Iterator[str]:
    yield "From how many people on one way costs more than another"
    for dear, cheap in (("API Gateway", "Fargate"), ("API Gateway", "AppSync"), ("AppSync", "Fargate")):
        people = switch(WAYS[cheap], WAYS[dear])
        yield f"  {dear} more than {cheap}: {'never, up to ten million' if people is None else f'{people:,}'}"


def _changes(folder: Path) -> Iterator[str]:
    usual = total(taken(folder, Usage(USUAL)))
    yield f"What matters, with {USUAL:,} people"
    for name, habits in CHANGES.items():
        cost = total(taken(folder, Usage(USUAL, habits)))
        yield _row(name, [f"{cost - usual:+,.0f}", f"{(cost / usual - 1) * 100:+.0f} %"])


def _drawn() -> Iterator[str]:
    yield "Beside the prices of the diagram"
    for price in prices().values():
        if price.drawn:
            asked = " then ".join(f"{each:g}" for _, each in price.tiers)
            yield f"  {price.sku:24} {price.drawn:22} here {asked} a {price.unit}"


def _missing(folder: Path) -> Iterator[str]:
    month = taken(folder, Usage(USUAL))
    cost = sum(price.of(month.get(price.sku, 0)) for price in prices().values() if price.source is None)
    yield f"No source was found for these prices, {_dollars(cost)} of the month of {USUAL:,} people: verify them"
    yield "  " + ", ".join(price.sku for price in prices().values() if price.source is None)
    for price in prices().values():
        if price.note:
            yield f"  {price.sku}: {price.note}"


def _of(month: Quantities, service: str) -> float:
    return total(month, [sku for sku in month if sku.partition(".")[0] == service])


def _row(name: str, cells: Sequence[str]) -> str:
    return f"  {name:32}" + "".join(f"{cell:>12}" for cell in cells)


def _dollars(cost: float) -> str:
    return f"{cost:,.0f}"


if __name__ == "__main__":
    sys.stdout.write(report(Path(sys.argv[1])))
