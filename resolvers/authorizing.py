"""Asks the operator's authorizer about a token, and keeps its answers for as long as it says."""

import hashlib
from collections import OrderedDict
from datetime import datetime
from sys import getsizeof

from milequest.providers.identity.authorizer import Authorizer
from milequest.rules.authorizing import MAX_TOKEN, SIGNED, Asking, admission, question
from milequest.rules.errors import unauthenticated
from milequest.rules.identity import Identity

KEPT = 10_000  # answers, the latest
KEPT_BYTES = 16 * 1024 * 1024  # of what they say, in all
MAX_BYTES = KEPT_BYTES // 16  # of one that is kept


class Gatekeeper:
    """`await gatekeeper(authorization, asking, now)` is the caller's Identity. One per process."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer
        self._kept: OrderedDict[bytes, tuple[Identity, datetime, int]] = (
            OrderedDict()
        )  # by the token's hash, until when
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    async def __call__(self, authorization: str, asking: Asking | None, now: datetime) -> Identity:
        """Whom it lets in. Raises UNAUTHENTICATED, and UNAVAILABLE while it cannot be asked."""
        if len(authorization) > MAX_TOKEN or authorization.startswith(SIGNED):
            raise unauthenticated("Not authorized.")
        digest = hashlib.sha256(authorization.encode(errors="surrogatepass")).digest()
        kept = self._kept.get(digest)
        if kept is not None and now < kept[1]:
            self._kept.move_to_end(digest)
            return kept[0]
        self._forget(digest)
        asked = question(authorization, asking or Asking(""), self._authorizer.account)
        admitted = admission(await self._authorizer.ask(asked), now)
        if admitted.kept:
            self._keep(digest, admitted.identity, now + admitted.kept)
        return admitted.identity

    def _keep(self, digest: bytes, identity: Identity, until: datetime) -> None:
        size = _bytes(identity)
        if size > MAX_BYTES:
            return
        self._forget(digest)  # another request may have asked meanwhile
        self._kept[digest] = identity, until, size
        self._bytes += size
        while len(self._kept) > KEPT or self._bytes > KEPT_BYTES:
            self._forget(next(iter(self._kept)))

    def _forget(self, digest: bytes) -> None:
        kept = self._kept.pop(digest, None)
        if kept is not None:
            self._bytes -= kept[2]


def _bytes(identity: Identity) -> int:
    """What an answer takes in memory, nearly."""
    parts = [*identity.resolver_context.items(), *((name,) for name in identity.denied)]
    return sum(getsizeof(value) for part in parts for value in part)
