"""What AWS asks for each thing: `infra/prices.json`, which says of each price where it is from and when it was read."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

Quantities: TypeAlias = dict[str, float]  # of what is sold, in a month

FILE: Final = Path(__file__).resolve().parent.parent / "prices.json"


@dataclass(frozen=True, slots=True)
class Price:
    """A price in US dollars. A tier is up to where it reaches, None for ever, and what one unit costs in it.

    `source` is None where none was found: the number is from memory then, and is to be verified. `drawn` is what the
    diagram of cost says of it.
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
        """What a month's quantity costs, the free part taken off first."""
        billed, below, cost = max(0.0, quantity - self.free), 0.0, 0.0
        for reach, each in self.tiers:
            upper = billed if reach is None else min(billed, reach)
            cost += max(0.0, upper - below) * each
            below = upper
        return cost


@cache
def prices() -> Mapping[str, Price]:
    """All of them, by what is sold."""
    given = json.loads(FILE.read_text())["prices"]
    return {
        one["sku"]: Price(**{**one, "tiers": tuple((reach, each) for reach, each in one["tiers"])}) for one in given
    }


def together(parts: Iterable[tuple[str, float]]) -> Quantities:
    """What is taken several times is taken together, as tiers are of the whole account."""
    taken: Quantities = {}
    for sku, quantity in parts:
        taken[sku] = taken.get(sku, 0.0) + quantity
    return taken


def total(quantities: Mapping[str, float], skus: Sequence[str] | None = None) -> float:
    """What they cost together, or some of them."""
    return sum(prices()[sku].of(quantity) for sku, quantity in quantities.items() if skus is None or sku in skus)
