"""Versions of what AWS runs for us."""

from typing import Final

AURORA: Final = "17.7"
AURORA_FAMILY: Final = "aurora-postgresql17"
VALKEY: Final = "8"
POSTGRES: Final = "17.7"
POSTGRES_FAMILY: Final = "postgres17"
VALKEY_IMAGE: Final = "public.ecr.aws/valkey/valkey:8.1-alpine"
