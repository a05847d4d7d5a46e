"""Identifiers: UUID version 7 (RFC 9562), whose first 48 bits are the instant of making, so they sort by age."""

import os
from datetime import datetime
from uuid import UUID

from milequest.rules.instants import milliseconds


def new_id(now: datetime) -> UUID:
    """Return a fresh UUIDv7 for the instant `now`."""
    made = milliseconds(now) & 0xFFFF_FFFF_FFFF
    random = int.from_bytes(os.urandom(10))
    value = made << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64 | 0b10 << 62 | random & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(int=value)


def first_id(now: datetime) -> UUID:
    """Return the lower bound of identifiers made from the instant `now` on."""
    return UUID(int=milliseconds(now) << 80)
