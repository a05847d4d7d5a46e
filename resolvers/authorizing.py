"""Calls of the operator's authorizer, with a cache of its answers for as long as they allow."""

import hashlib
from collections import OrderedDict
from datetime import datetime
from sys import getsizeof

from milequest.providers.identity.authorizer import Authorizer
from milequest.rules.authorizing import MAX_TOKEN, SIGNED, Admission, AuthorizerRequest, build_event, parse_response
from milequest.rules.budgets import BAD_CREDENTIAL, REFUSED_CREDENTIAL
from milequest.rules.errors import ErrorCode, QuestError, unauthenticated
from milequest.rules.identity import Identity
from resolvers.strangers import Strangers

KEPT = 10_000  # answers, the latest
KEPT_BYTES = 16 * 1024 * 1024  # of all answers
MAX_BYTES = KEPT_BYTES // 16  # of one answer that is kept


class CachingAuthorizer:
    """Cache in front of the authorizer: `await gatekeeper(authorization, asking, now)` is the caller's Identity.

    One per process.
    """

    def __init__(self, authorizer: Authorizer, strangers: Strangers | None = None) -> None:
        self._authorizer = authorizer
        self._strangers = strangers or Strangers()
        self._good: OrderedDict[bytes, None] = OrderedDict()  # hashes of tokens that were good when last asked about
        self._kept: OrderedDict[bytes, tuple[Identity, datetime, int]] = (
            OrderedDict()
        )  # by the token's hash, until when
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    async def __call__(self, authorization: str, asking: AuthorizerRequest | None, now: datetime) -> Identity:
        """Return the identity of a token. Raises UNAUTHENTICATED, RATE_LIMITED, and UNAVAILABLE for no answer."""
        asking = asking or AuthorizerRequest("")
        if len(authorization) > MAX_TOKEN or authorization.startswith(SIGNED):
            self._strangers.blame(asking.address, BAD_CREDENTIAL)
            await self._strangers.settle(asking.address)
            raise unauthenticated("Not authorized.")
        digest = hashlib.sha256(authorization.encode(errors="surrogatepass")).digest()
        kept = self._kept.get(digest)
        if kept is not None and now < kept[1]:
            self._kept.move_to_end(digest)
            return kept[0]
        self._forget(digest)
        admitted = await self._admitted(authorization, asking, digest, now)
        if admitted.kept:
            self._keep(digest, admitted.identity, now + admitted.kept)
        return admitted.identity

    async def _admitted(self, authorization: str, asking: AuthorizerRequest, digest: bytes, now: datetime) -> Admission:
        """Return the authorizer's answer. A token admitted last time is asked about even if its network is spent.

        All others pay before that, or as many as are asked about at once would find what only one may have.
        """
        is_known, address = digest in self._good, asking.address
        if not is_known:
            self._strangers.refuse_spent(address)
        async with self._strangers.turn(address, is_known=is_known):
            if not is_known:
                self._strangers.blame(address, REFUSED_CREDENTIAL)
            try:
                answer = await self._authorizer.ask(build_event(authorization, asking, self._authorizer.account))
                admitted = parse_response(answer, now)
            except QuestError as refusal:
                if refusal.code is ErrorCode.UNAUTHENTICATED:
                    self._good.pop(digest, None)
                elif not is_known:
                    self._strangers.forgive(address, REFUSED_CREDENTIAL - BAD_CREDENTIAL)
                await self._strangers.settle(address)
                raise
        if not is_known:
            self._strangers.forgive(address, REFUSED_CREDENTIAL)
        self._good[digest] = None
        if len(self._good) > KEPT:
            self._good.popitem(last=False)
        return admitted

    def _keep(self, digest: bytes, identity: Identity, until: datetime) -> None:
        size = _bytes(identity)
        if size > MAX_BYTES:
            return
        self._forget(digest)  # a concurrent request may have stored it meanwhile
        self._kept[digest] = identity, until, size
        self._bytes += size
        while len(self._kept) > KEPT or self._bytes > KEPT_BYTES:
            self._forget(next(iter(self._kept)))

    def _forget(self, digest: bytes) -> None:
        kept = self._kept.pop(digest, None)
        if kept is not None:
            self._bytes -= kept[2]


def _bytes(identity: Identity) -> int:
    """Return the approximate size of an answer in memory, in bytes."""
    parts = [*identity.resolver_context.items(), *((name,) for name in identity.denied)]
    return sum(getsizeof(value) for part in parts for value in part)
