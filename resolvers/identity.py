"""Identification of callers by the Authorization header, the same for HTTP and WebSocket.

A token is checked in full, its user loaded, and the result cached for FRESH_FOR. Sessions and accounts that ended
meanwhile are in the list of revocations, which is checked each time and at most a second old. Tokens that are not of
our issuer are decided by the operator's authorizer, if there is one.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from milequest.actions.accounts import user_for_identity
from milequest.actions.closing import cancel_deletion
from milequest.lru import LruCache
from milequest.providers.identity import IdentityProvider
from milequest.providers.identity.authorizer import Authorizer
from milequest.rules.authorizing import AuthorizerRequest
from milequest.rules.bearer import bearer
from milequest.rules.budgets import BAD_CREDENTIAL
from milequest.rules.errors import ErrorCode, QuestError, unauthenticated
from milequest.rules.identity import ANONYMOUS, Identity, IdentityKind, VerifiedToken
from milequest.rules.instants import seconds
from milequest.rules.sessions import ENDED
from milequest.store.away import Away
from milequest.store.cache.budgets import Budgets
from milequest.store.coalescer import RequestCoalescer
from milequest.store.sql import accounts
from milequest.store.sql.revocations import Revocations
from milequest.store.sql.transaction import Pool, transact, unavailable_error
from resolvers.authorizing import CachingAuthorizer
from resolvers.network_guard import NetworkGuard

if TYPE_CHECKING:  # functions that only identify callers have no runtime
    from milequest.runtime import Runtime

FRESH_FOR = timedelta(seconds=5)
KEPT = 10_000  # cached callers, the most recently used
UNKNOWN = "Nobody is known by this token yet: sign in, or send an id token once."


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Identify:
    """Identification: `await identify(authorization)` is the caller's Identity. One per process."""

    def __init__(
        self,
        provider: IdentityProvider,
        writer: Pool,
        clock: Callable[[], datetime] = _utc_now,
        authorizer: Authorizer | None = None,
        revocations: Revocations | None = None,
        budgets: Budgets | None = None,
    ) -> None:
        self._network_guard = NetworkGuard(budgets)
        self._authorizer = CachingAuthorizer(authorizer, self._network_guard) if authorizer else None
        self._provider = provider
        self._writer = writer
        self._clock = clock
        self._revocations = revocations or Revocations(writer)
        self._owners = RequestCoalescer(partial(accounts.owners, writer))
        # By the header's hash, with the end of the cached answer.
        self._kept: LruCache[bytes, tuple[Identity, datetime]] = LruCache(KEPT)

    async def __call__(self, authorization: str | None, auth_request: AuthorizerRequest | None = None) -> Identity:
        """Return ANONYMOUS without a header, else the user of `Bearer TOKEN` or, as in AppSync, of a bare `TOKEN`.

        `auth_request` is the rest of the request for an operator's authorizer. Raises UNAUTHENTICATED for an invalid
        token or a closed account, UNAVAILABLE while neither can be checked, and RATE_LIMITED for a network that has
        spent its budget on invalid tokens.
        """
        if not authorization:
            return ANONYMOUS
        now = self._clock()
        if self._authorizer is not None and not any(map(self._provider.is_meant, authorization.split())):
            return await self._authorizer(authorization, auth_request, now)
        try:
            return await self._of_token(authorization, now)
        except QuestError as refusal:
            if refusal.code is ErrorCode.UNAUTHENTICATED:
                address = auth_request.address if auth_request else ""
                self._network_guard.charge(address, BAD_CREDENTIAL)
                await self._network_guard.settle(address)
            raise

    async def _of_token(self, authorization: str, now: datetime) -> Identity:
        """Return the owner of a token of our issuer.

        It is verified first, which is cheap; only an invalid one is charged to its network.
        """
        digest = hashlib.sha256(authorization.encode(errors="surrogatepass")).digest()
        try:
            await self._revocations.refresh_if_stale()
            identity = self._known(digest, now) or await self._verified(authorization, digest, now)
        except Away as error:
            raise unavailable_error(error) or error from None
        if self._revocations.has_ended(identity):
            raise unauthenticated(ENDED)
        return identity

    def _known(self, digest: bytes, now: datetime) -> Identity | None:
        """Return the cached identity of a header; None if there is none or it has expired."""
        kept = self._kept.get(digest)
        if kept is not None and now < kept[1] and kept[0].user_id not in self._revocations.closed:
            return kept[0]
        self._kept.pop(digest)
        return None

    async def _verified(self, authorization: str, digest: bytes, now: datetime) -> Identity:
        verified = await self._provider.verify(bearer(authorization), now)
        identity = verified.identity(await self._user_id(verified, now))
        self._kept[digest] = identity, min(now + FRESH_FOR, max(now, verified.expires_at))
        return identity

    async def known(self, issuer: str, subject: str) -> Identity:
        """Return the user of an issuer's `subject`, which a trusted party has verified.

        Raises UNAUTHENTICATED if there is none or the account is closed, UNAVAILABLE while it cannot be checked.
        """
        try:
            owner = await self._owners((issuer, subject))
        except Away as error:
            raise unavailable_error(error) or error from None
        if owner is None:
            raise unauthenticated(UNKNOWN)
        if owner.leaving_since is not None:
            raise unauthenticated(ENDED)
        return Identity(IdentityKind.USER, _open(owner), issuer, subject, subject)

    def forget(self, user_id: UUID) -> None:
        """Drop a user's cached identities, so that a change of the user takes effect at once in this process."""
        for digest in [digest for digest, (identity, _) in self._kept.items() if identity.user_id == user_id]:
            self._kept.pop(digest)

    async def _user_id(self, token: VerifiedToken, now: datetime) -> UUID:
        """Return our user's id. The user is created by the first request with an id token of an outside issuer."""
        owner = await self._owners((token.issuer, token.subject))
        if owner is None:
            account = token.account()
            if account is None:
                raise unauthenticated(UNKNOWN)
            return (await transact(self._writer, lambda tx: user_for_identity(tx, account, now))).result
        if owner.leaving_since is not None:
            await self._stay(owner, token, owner.leaving_since, now)
        return _open(owner)

    async def _stay(self, owner: accounts.Owner, token: VerifiedToken, since: datetime, now: datetime) -> None:
        """Cancel the deletion of an account whose owner has signed in again elsewhere; refuse an older session."""
        if (token.identity(owner.user_id).began_at or 0) <= seconds(since):
            raise unauthenticated(ENDED)
        await transact(self._writer, lambda tx: cancel_deletion(tx, owner.user_id, now))


def identifying(runtime: "Runtime") -> Identify:
    """Return the process's identification of callers."""
    return Identify(
        runtime.identity,
        runtime.writer,
        authorizer=runtime.authorizer,
        revocations=runtime.revocations,
        budgets=runtime.budgets,
    )


def _open(owner: accounts.Owner) -> UUID:
    if not owner.is_live:
        raise unauthenticated("This account is closed.")
    return owner.user_id
