"""The templates of an environment, as the cost model reads them."""

import json
from pathlib import Path
from typing import Final

from infra.analysis.cost.prices import Quantities, together
from infra.analysis.cost.resources import PricedStack, lines
from infra.analysis.cost.usage_profile import Usage
from infra.config import EDGE_REGION

NOBODY: Final = Usage(0)


def read(folder: Path, environment: str, usage: Usage) -> list[PricedStack]:
    """Return the stacks. All usage is in the primary region."""
    return [
        PricedStack(
            (name := file.name.removesuffix(".template.json")).split("-")[2],
            json.loads(file.read_text())["Resources"],
            usage if name.endswith(EDGE_REGION) else NOBODY,
        )
        for file in sorted(folder.glob(f"milequest-{environment}-*.template.json"))
    ]


def quantities(stacks: list[PricedStack]) -> Quantities:
    """Return all quantities of a month, by what is sold."""
    return together(line for stack in stacks for line in lines(stack))
