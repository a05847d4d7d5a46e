"""Versions of what AWS runs for us."""

from typing import Final

AURORA: Final = "17.7"
AURORA_FAMILY: Final = "aurora-postgresql17"
VALKEY: Final = "8"
