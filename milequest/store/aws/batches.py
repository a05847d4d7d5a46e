"""Batches for AWS, which takes several items at once, but limits their number and size."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def batches(things: Sequence[T], most: int, most_bytes: int, size: Callable[[T], int]) -> list[list[T]]:
    """Split things, in order, into batches of at most `most` and `most_bytes`; a larger one gets a batch of its own."""
    found: list[list[T]] = []
    total = 0
    for thing in things:
        bytes_ = size(thing)
        if not found or len(found[-1]) == most or total + bytes_ > most_bytes:
            found.append([])
            total = 0
        found[-1].append(thing)
        total += bytes_
    return found
