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

KEPT = 10_000  # cached answers, the most recently used
KEPT_BYTES = 16 * 1024 * 1024  # bytes of all cached answers
MAX_BYTES = KEPT_BYTES // 16  # bytes of the largest answer that is cached


@dataclass(slots=True)
class _PendingDecision:
    """A pending call of the authorizer; requests with the same token wait for its decision."""

    done: asyncio.Event = field(default_factory=asyncio.Event)
    is_made: bool = False  # set when the decision is made, not when the call is cancelled


class CachingAuthorizer:
    """Cache in front of the authorizer: `await caching(authorization, auth_request, now)` is the caller's Identity.

    One per process.
    """

    def __init__(self, authorizer: Authorizer, network_guard: NetworkGuard | None = None) -> None:
        self._authorizer = authorizer
        self._network_guard = network_guard or NetworkGuard()
        # By the hash of a token: whether its last answer, which admitted it, was cached; the cached answer and its end.
        self._admitted: LruCache[bytes, bool] = LruCache(KEPT)
        self._cached: LruCache[bytes, tuple[Identity, datetime]] = LruCache(
            KEPT, most_cost=KEPT_BYTES, cost_of=lambda kept: _bytes(kept[0])
        )
        self._pending: dict[bytes, _PendingDecision] = {}

    def __len__(self) -> int:
        return len(self._cached)

    async def __call__(self, authorization: str, auth_request: AuthorizerRequest | None, now: datetime) -> Identity:
        """Return the identity of a token. Raises UNAUTHENTICATED, RATE_LIMITED, and UNAVAILABLE for no answer."""
        auth_request = auth_request or AuthorizerRequest("")
        if len(authorization) > MAX_TOKEN or authorization.startswith(SIGNED):
            self._network_guard.charge(auth_request.address, BAD_CREDENTIAL)
            await self._network_guard.settle(auth_request.address)
            raise unauthenticated("Not authorized.")
        digest = hashlib.sha256(authorization.encode(errors="surrogatepass")).digest()
        identity = self._unexpired(digest, now)
        while identity is None and (decision := self._pending.get(digest)) is not None:
            await decision.done.wait()  # of thousands that reconnect at once, only one calls the authorizer
            identity = self._unexpired(digest, now)
            if decision.is_made:
                break  # not shared unless it may be cached: the authorizer's answer may depend on more than the token
        return await self._decide(authorization, auth_request, digest, now) if identity is None else identity

    async def _decide(
        self, authorization: str, auth_request: AuthorizerRequest, digest: bytes, now: datetime
    ) -> Identity:
        """Call the authorizer.

        Requests with an equal token wait for its answer, unless the token's answers are not cached.
        """
        decision = _PendingDecision()
        if self._admitted.get(digest) is not False:
            self._pending.setdefault(digest, decision)
        try:
            admitted = await self._call_authorizer(authorization, auth_request, digest, now)
            if admitted.kept and _bytes(admitted.identity) <= MAX_BYTES:
                self._cached[digest] = admitted.identity, now + admitted.kept
            decision.is_made = True
        except Exception:
            decision.is_made = True
            raise
        finally:
            decision.done.set()
            if self._pending.get(digest) is decision:
                del self._pending[digest]
        return admitted.identity

    async def _call_authorizer(
        self, authorization: str, auth_request: AuthorizerRequest, digest: bytes, now: datetime
    ) -> Admission:
        """Return the authorizer's answer.

        A token admitted at its last call is checked even if its network's budget is spent. All others are charged
        before the call, so that concurrent calls cannot overdraw the budget.
        """
        is_known, address = digest in self._admitted, auth_request.address
        async with self._network_guard.slot(address, is_known=is_known):
            if not is_known:
                self._network_guard.charge(address, REFUSED_CREDENTIAL)
            try:
                answer = await self._authorizer.ask(build_event(authorization, auth_request, self._authorizer.account))
                admitted = parse_response(answer, now)
            except QuestError as refusal:
                if refusal.code is ErrorCode.UNAUTHENTICATED:
                    self._admitted.pop(digest)
                elif not is_known:
                    self._network_guard.refund(address, REFUSED_CREDENTIAL - BAD_CREDENTIAL)
                await self._network_guard.settle(address)
                raise
        if not is_known:
            self._network_guard.refund(address, REFUSED_CREDENTIAL)
        self._admitted[digest] = bool(admitted.kept)
        return admitted

    def _unexpired(self, digest: bytes, now: datetime) -> Identity | None:
        kept = self._cached.get(digest)
        if kept is None:
            return None
        if now >= kept[1]:
            self._cached.pop(digest)
            return None
        return kept[0]


def _bytes(identity: Identity) -> int:
    """Return the approximate size of an answer in memory, in bytes."""
    parts = [*identity.resolver_context.items(), *((name,) for name in identity.denied)]
    return sum(getsizeof(value) for part in parts for value in part)
