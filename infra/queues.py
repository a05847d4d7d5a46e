"""The queues between the functions, which one stack makes and others read."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Line:
    """A queue: its function's timeout, and how often that may fail before a message is put aside."""

    seconds: int
    tries: int
    fifo: bool = False

    @property
    def visibility_timeout(self) -> int:
        """Seconds a message is hidden while it is handled: six times the function's timeout, as AWS advises."""
        return self.seconds * 6


LINES: Final = {
    "news": Line(seconds=60, tries=20, fifo=True),  # a group waits behind its oldest message, so many tries
    "posts": Line(seconds=60, tries=20, fifo=True),
    "later": Line(seconds=30, tries=10),
    "kicks": Line(seconds=30, tries=10),
}
