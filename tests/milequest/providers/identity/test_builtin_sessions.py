"""Sessions of the built-in identity provider, and the keys that sign their tokens."""

import asyncio
from datetime import timedelta

import jwt

from milequest.providers.identity.builtin import CLIENT_ID, BuiltinIdentity
from milequest.rules.credentials import ISSUER, checked_sign_up
from milequest.rules.errors import ErrorCode
from milequest.rules.identity import ANONYMOUS
from milequest.rules.sessions import REFRESH_GRACE, Ending
from milequest.store.sql.transaction import Pool
from tests.ada import ADA, EMAIL, NOW, PASSWORD, code_of, signed_in
from tests.fakes.outbox import Outbox

DAY = timedelta(days=1)


async def test_reused_refresh_token_ends_its_session_alone(identity: BuiltinIdentity) -> None:
    stolen, other = await signed_in(identity), await signed_in(identity)
    newest = stolen
    for _ in range(3):
        newest = (await identity.refresh(newest.refresh_token, NOW)).session
    later = NOW + REFRESH_GRACE + timedelta(seconds=1)
    assert await code_of(identity.refresh(stolen.refresh_token, later)) is ErrorCode.UNAUTHENTICATED
    assert await code_of(identity.refresh(newest.refresh_token, NOW)) is ErrorCode.UNAUTHENTICATED
    await identity.refresh(other.refresh_token, NOW)


async def test_refresh_with_any_token_but_a_refresh_token_is_unauthenticated(identity: BuiltinIdentity) -> None:
    session = await signed_in(identity)
    for token in (session.access_token, "", "x" * 100_000, "\ud800", "\x00", session.refresh_token.swapcase()):
        assert await code_of(identity.refresh(token, NOW)) is ErrorCode.UNAUTHENTICATED
    assert await code_of(identity.verify(session.refresh_token, NOW)) is ErrorCode.UNAUTHENTICATED
    await identity.refresh(session.refresh_token, NOW)


async def test_a_session_ends_thirty_days_after_its_last_refresh(identity: BuiltinIdentity, pool: Pool) -> None:
    first = await signed_in(identity)
    second = (await identity.refresh(first.refresh_token, NOW + 29 * DAY)).session
    third = (await identity.refresh(second.refresh_token, NOW + 58 * DAY)).session
    assert await code_of(identity.refresh(third.refresh_token, NOW + 88 * DAY)) is ErrorCode.UNAUTHENTICATED
    assert await pool.fetchval("SELECT count(*) FROM refresh_token") == 2  # the first had ended when the third began
    await identity.sign_in(EMAIL, PASSWORD, NOW + 88 * DAY)
    assert await pool.fetchval("SELECT count(*) FROM sign_in_session") == 1


async def test_signing_out_ends_one_session_or_all(identity: BuiltinIdentity) -> None:
    bob = checked_sign_up("bob@example.org", PASSWORD, "Bob")
    one, two, three, bobs = [await signed_in(identity, request) for request in (ADA, ADA, ADA, bob)]
    for _ in range(2):  # its answer may get lost
        await identity.sign_out(one.refresh_token, ANONYMOUS, Ending.THIS, NOW)
    nothing: list[str | None] = [one.refresh_token, "unknown", None]
    for bad in nothing:
        assert await code_of(identity.sign_out(bad, ANONYMOUS, Ending.ALL, NOW)) is ErrorCode.UNAUTHENTICATED
    assert await code_of(identity.refresh(one.refresh_token, NOW)) is ErrorCode.UNAUTHENTICATED
    two = (await identity.refresh(two.refresh_token, NOW)).session
    await identity.sign_out(two.refresh_token, ANONYMOUS, Ending.ALL, NOW)
    for session in (two, three):
        assert await code_of(identity.refresh(session.refresh_token, NOW)) is ErrorCode.UNAUTHENTICATED
    caller = (await identity.verify(bobs.access_token, NOW)).identity(None)
    bobs = (await identity.refresh(bobs.refresh_token, NOW)).session
    await identity.sign_out(None, caller, Ending.ALL, NOW)
    assert await code_of(identity.refresh(bobs.refresh_token, NOW)) is ErrorCode.UNAUTHENTICATED


async def test_processes_that_start_at_once_share_one_key(pool: Pool, outbox: Outbox) -> None:
    processes = [BuiltinIdentity(pool, outbox) for _ in range(4)]
    published = await asyncio.gather(*(process.jwks(NOW) for process in processes))
    assert all(keys == published[0] for keys in published)
    session = await signed_in(processes[0])
    for process in processes:
        await process.verify(session.access_token, NOW)


async def test_the_published_keys_check_our_tokens_and_hold_nothing_private(identity: BuiltinIdentity) -> None:
    published = await identity.jwks(NOW)
    keys = published["keys"]
    assert isinstance(keys, list)
    assert [key.keys() for key in keys] == [{"kty", "n", "e", "kid", "use", "alg"}]
    session = await signed_in(identity)
    key = jwt.PyJWKSet.from_dict(dict(published))[jwt.get_unverified_header(session.access_token)["kid"]]
    claims = jwt.decode(session.access_token, key, algorithms=["RS256"], issuer=ISSUER)
    assert claims["client_id"] == CLIENT_ID


async def test_new_signing_key_keeps_sessions_valid(pool: Pool, outbox: Outbox, identity: BuiltinIdentity) -> None:
    elsewhere = BuiltinIdentity(pool, outbox)
    before = await signed_in(identity)
    await elsewhere.verify(before.access_token, NOW)
    await identity.rotate_keys(NOW)
    after = await signed_in(identity)
    kids = [jwt.get_unverified_header(session.access_token)["kid"] for session in (before, after)]
    assert len(set(kids)) == 2
    for process in (identity, elsewhere, BuiltinIdentity(pool, outbox)):
        for session in (before, after):
            await process.verify(session.access_token, NOW)
    assert len((await identity.jwks(NOW))["keys"]) == 2  # type: ignore[arg-type]  # a JWKS's keys are a list
    assert len((await identity.jwks(NOW + 2 * DAY))["keys"]) == 1  # type: ignore[arg-type]


async def test_tokens_of_another_installation_are_refused(
    pool: Pool, outbox: Outbox, identity: BuiltinIdentity
) -> None:
    session = await signed_in(identity)
    await pool.execute("DELETE FROM signing_key")
    assert await code_of(BuiltinIdentity(pool, outbox).verify(session.access_token, NOW)) is ErrorCode.UNAUTHENTICATED
