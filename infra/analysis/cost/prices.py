"""AWS's prices: `infra/analysis/prices.json`, which has for each its source and the date it was read."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

Quantities: TypeAlias = dict[str, float]  # by what is sold, in a month

FILE: Final = Path(__file__).resolve().parent.parent / "prices.json"


@dataclass(frozen=True, slots=True)
class Price:
    """A price in US dollars. A tier is its upper limit, None for none, and the price of one unit in it.

    `source` is None where none was found: the number is from memory then, and is to be verified. `drawn` is its text in
    the diagram of cost.
    """

    sku: str
    unit: str
    tiers: tuple[tuple[float | None, float], ...]
    read: str
    source: str | None = None
    free: float = 0
    drawn: str = ""
    note: str = ""

    def of(self, quantity: float) -> float:
        """Return the price of a month's quantity, the free part taken off first."""
        billed, below, cost = max(0.0, quantity - self.free), 0.0, 0.0
        for reach, each in self.tiers:
            upper = billed if reach is None else min(billed, reach)
            cost += max(0.0, upper - below) * each
            below = upper
        return cost


@cache
def prices() -> Mapping[str, Price]:
    """Return all prices, by what is sold."""
    given = json.loads(FILE.read_text())["prices"]
    return {
        one["sku"]: Price(**{**one, "tiers": tuple((reach, each) for reach, each in one["tiers"])}) for one in given
    }


def together(parts: Iterable[tuple[str, float]]) -> Quantities:
    """Return the sums by what is sold, as tiers are of the whole account."""
    taken: Quantities = {}
    for sku, quantity in parts:
        taken[sku] = taken.get(sku, 0.0) + quantity
    return taken


def total(quantities: Mapping[str, float], skus: Sequence[str] | None = None) -> float:
    """Return the price of quantities together, or of some of them."""
    return sum(prices()[sku].of(quantity) for sku, quantity in quantities.items() if skus is None or sku in skus)
