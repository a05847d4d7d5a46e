"""Positions in a channel's log, as clients keep them: the `cursor` of an event, and `Team.liveCursor`.

A cursor is opaque to them: base64url of the log's epoch, the channel and the sequence. It names a channel, not a view
of it, so it is valid for every subscription to the same log.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import timedelta

WINDOW = timedelta(hours=24)  # age of the oldest events that can be replayed
WINDOW_EVENTS = 10_000  # and how many of a channel


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in a log: everything up to `sequence` has been seen."""

    epoch: int
    channel: str
    sequence: int

    def __str__(self) -> str:
        text = f"{self.epoch}\0{self.channel}\0{self.sequence}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str) -> Cursor | None:
    """Return the position of a cursor; None for a text that is no cursor of ours."""
    try:
        epoch, channel, sequence = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split("\0")
        cursor = Cursor(int(epoch), channel, int(sequence))
    except (ValueError, binascii.Error):
        return None
    return cursor if str(cursor) == text else None


@dataclass(frozen=True, slots=True)
class LogEnd:
    """The extent of a channel's log now: from after `floor`, the newest event that is gone, to `sequence`."""

    epoch: int
    channel: str
    floor: int
    sequence: int

    def cursor(self, sequence: int) -> Cursor:
        """Return a position in this log."""
        return Cursor(self.epoch, self.channel, sequence)

    def replays(self, cursor: Cursor | None) -> bool:
        """Return whether everything after `cursor` can still be replayed: it is of this log and this epoch, not too
        old, and not ahead of the log's end.
        """
        if cursor is None or (cursor.epoch, cursor.channel) != (self.epoch, self.channel):
            return False
        return self.floor <= cursor.sequence <= self.sequence
