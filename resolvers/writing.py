"""How a mutation's resolver runs its action: once per key, in one transaction, then it wakes the listeners."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from milequest.rules.text import clean
from milequest.store import idempotency
from milequest.store.transaction import Tx, transact
from resolvers.context import Context

T = TypeVar("T")

KEY_LENGTH = (8, 64)  # characters of an idempotency key


def idempotency_of(ctx: Context) -> tuple[str | None, bytes | None]:
    """The request's idempotency key and the hash of the rest of its input; None and None without a key."""
    given = dict(ctx.args["input"])
    key = given.pop("idempotency_key", None)
    if key is None:
        return None, None
    return clean("input.idempotencyKey", key, *KEY_LENGTH), idempotency.request_hash(ctx.info.field_name, given)


async def write(ctx: Context, outcome: type[T], action: Callable[[Tx], Awaitable[T]]) -> T:
    """Run `action` and return what it came to: a dataclass of ids, from which the payload is read.

    With `input.idempotencyKey` a second request with the same input gets the first one's outcome and runs nothing.
    Raises IDEMPOTENCY_MISMATCH for another input under the same key.
    """
    key, digest = idempotency_of(ctx)
    if key is None or digest is None:
        return await commit(ctx, action)
    user_id, now = ctx.user_id, ctx.request.now

    async def once(tx: Tx) -> T:
        stored = await idempotency.claim(tx, user_id, key, digest, now)
        if stored is not None:
            return idempotency.revive(outcome, stored)
        result = await action(tx)
        await idempotency.keep(tx, user_id, key, result)
        return result

    return await commit(ctx, once)


async def commit(ctx: Context, action: Callable[[Tx], Awaitable[T]]) -> T:
    """Run `action` in one transaction, then tell the listeners. For an action that sees to idempotency itself."""
    request = ctx.request
    committed = await transact(request.runtime.writer, action)
    await request.runtime.bus.wake(committed.positions)
    return committed.result
