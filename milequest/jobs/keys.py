"""Purge of signing keys whose last token has expired."""

from datetime import datetime

from milequest.providers.identity.keys import KEPT_RETIRED
from milequest.runtime import Runtime
from milequest.store.sql import signing_keys


async def purge_keys(runtime: Runtime, now: datetime) -> int:
    """Delete those keys; return how many."""
    return await runtime.commit(lambda tx: signing_keys.purge(tx, now - KEPT_RETIRED))
