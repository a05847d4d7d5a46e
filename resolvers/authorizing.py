"""Calls of the operator's authorizer, with a cache of its answers for as long as they allow."""

import asyncio
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from sys import getsizeof

from milequest.lru import LruCache
from milequest.providers.identity.authorizer import Authorizer
from milequest.rules.authorizing import MAX_TOKEN, SIGNED, Admission, AuthorizerRequest, build_event, parse_response
from milequest.rules.budgets import BAD_CREDENTIAL, REFUSED_CREDENTIAL
from milequest.rules.errors import ErrorCode, QuestError, unauthenticated
from milequest.rules.identity import Identity
from resolvers.network_guard import NetworkGuard

KEPT = 10_000  # answers, the latest
KEPT_BYTES = 16 * 1024 * 1024  # of all answers
MAX_BYTES = KEPT_BYTES // 16  # of one answer that is kept


@dataclass(slots=True)
class _PendingDecision:
    """A decision that the authorizer is asked for; requests with the same token wait for it."""

    done: asyncio.Event = field(default_factory=asyncio.Event)
    is_made: bool = False  # rather than given up


class CachingAuthorizer:
    """Cache in front of the authorizer: `await caching(authorization, asking, now)` is the caller's Identity.

    One per process.
    """

    def __init__(self, authorizer: Authorizer, network_guard: NetworkGuard | None = None) -> None:
        self._authorizer = authorizer
        self._network_guard = network_guard or NetworkGuard()
        # All by the hash of a token:
        self._good: LruCache[bytes, bool] = LruCache(KEPT)  # good when last asked about, and whether that was kept
        self._kept: LruCache[bytes, tuple[Identity, datetime]] = LruCache(  # until when
            KEPT, most_cost=KEPT_BYTES, cost_of=lambda kept: _bytes(kept[0])
        )
        self._pending: dict[bytes, _PendingDecision] = {}

    def __len__(self) -> int:
        return len(self._kept)

    async def __call__(self, authorization: str, asking: AuthorizerRequest | None, now: datetime) -> Identity:
        """Return the identity of a token. Raises UNAUTHENTICATED, RATE_LIMITED, and UNAVAILABLE for no answer."""
        asking = asking or AuthorizerRequest("")
        if len(authorization) > MAX_TOKEN or authorization.startswith(SIGNED):
            self._network_guard.charge(asking.address, BAD_CREDENTIAL)
            await self._network_guard.settle(asking.address)
            raise unauthenticated("Not authorized.")
        digest = hashlib.sha256(authorization.encode(errors="surrogatepass")).digest()
        identity = self._unexpired(digest, now)
        while identity is None and (decision := self._pending.get(digest)) is not None:
            await decision.done.wait()  # of thousands that come back at once, one is enough to ask
            identity = self._unexpired(digest, now)
            if decision.is_made:
                break  # not for others, where it is not kept: an authorizer sees more of a request than its token
        return await self._decide(authorization, asking, digest, now) if identity is None else identity

    async def _decide(self, authorization: str, asking: AuthorizerRequest, digest: bytes, now: datetime) -> Identity:
        """Ask the authorizer. Equal tokens wait for its answer, unless this one's is known to be not kept."""
        decision = _PendingDecision()
        if self._good.get(digest) is not False:
            self._pending.setdefault(digest, decision)
        try:
            admitted = await self._ask(authorization, asking, digest, now)
            if admitted.kept and _bytes(admitted.identity) <= MAX_BYTES:
                self._kept[digest] = admitted.identity, now + admitted.kept
            decision.is_made = True
        except Exception:
            decision.is_made = True
            raise
        finally:
            decision.done.set()
            if self._pending.get(digest) is decision:
                del self._pending[digest]
        return admitted.identity

    async def _ask(self, authorization: str, asking: AuthorizerRequest, digest: bytes, now: datetime) -> Admission:
        """Return the authorizer's answer. A token admitted last time is asked about even if its network is spent.

        All others pay before that, or as many as are asked about at once would find what only one may have.
        """
        is_known, address = digest in self._good, asking.address
        async with self._network_guard.slot(address, is_known=is_known):
            if not is_known:
                self._network_guard.charge(address, REFUSED_CREDENTIAL)
            try:
                answer = await self._authorizer.ask(build_event(authorization, asking, self._authorizer.account))
                admitted = parse_response(answer, now)
            except QuestError as refusal:
                if refusal.code is ErrorCode.UNAUTHENTICATED:
                    self._good.pop(digest)
                elif not is_known:
                    self._network_guard.refund(address, REFUSED_CREDENTIAL - BAD_CREDENTIAL)
                await self._network_guard.settle(address)
                raise
        if not is_known:
            self._network_guard.refund(address, REFUSED_CREDENTIAL)
        self._good[digest] = bool(admitted.kept)
        return admitted

    def _unexpired(self, digest: bytes, now: datetime) -> Identity | None:
        kept = self._kept.get(digest)
        if kept is None:
            return None
        if now >= kept[1]:
            self._kept.pop(digest)
            return None
        return kept[0]


def _bytes(identity: Identity) -> int:
    """Return the approximate size of an answer in memory, in bytes."""
    parts = [*identity.resolver_context.items(), *((name,) for name in identity.denied)]
    return sum(getsizeof(value) for part in parts for value in part)
