"""Limits of a picture's size: small files can hold pictures that no screen and no memory can."""

from typing import Final

from milequest.rules.pictures.faults import BadPicture

MAX_SIDE: Final = 8_192  # pixels
MAX_PIXELS: Final = 16_000_000  # a viewer holds them all in memory, 64 MB
MAX_PARTS: Final = 10_000  # segments or chunks of a file; real ones have some hundreds


def refuse_size(size: int, most: int) -> None:
    """Raise BadPicture for a file that is empty or over `most` bytes."""
    if not 0 < size <= most:
        raise BadPicture("there is nothing in the file" if size == 0 else f"the file is over {most // 2**20} MB")


def refuse_parts(count: int) -> None:
    """Raise BadPicture for more than MAX_PARTS parts: millions of empty ones fit into a file."""
    if count > MAX_PARTS:
        raise BadPicture("the picture is in too many parts")


def refuse_dimensions(width: int, height: int) -> None:
    """Raise BadPicture for a picture with no pixels or too many."""
    if min(width, height) < 1:
        raise BadPicture("the picture has no size")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise BadPicture(f"{width} × {height} pixels are more than {MAX_SIDE:,} a side, or {MAX_PIXELS:,} in all")
