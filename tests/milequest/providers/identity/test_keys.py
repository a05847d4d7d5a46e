"""Signing keys at rest and over time: their storage, their readers, and their lifetime."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key

from milequest.providers.identity.builtin import BuiltinIdentity
from milequest.providers.identity.keys import KEPT_RETIRED, SIGNS_FOR, OwnKeys
from milequest.providers.identity.sealing import Seal, SealedError
from milequest.rules.credentials import ACCESS_TOKEN_LIFE, checked_sign_up
from milequest.rules.errors import ErrorCode, Refused
from milequest.store.sql import signing_keys
from milequest.store.sql.signing_keys import SigningKey
from milequest.store.sql.transaction import Pool, transact
from tests.fakes.outbox import Outbox

NOW = datetime.now(UTC)
ONE, TWO = bytes(range(32)), bytes(range(32, 64))
ADA = checked_sign_up("ada@example.org", "Correct-Horse-1", "Ada")


async def rows(pool: Pool) -> list[SigningKey]:
    """Return all keys as they are stored, the oldest first."""
    return (await signing_keys.published(pool, NOW - timedelta(days=100)))[::-1]


def is_readable(key: SigningKey) -> bool:
    try:
        load_der_private_key(key.private_key, password=None)
    except ValueError:
        return False
    return True


def process(pool: Pool, *secrets: bytes) -> BuiltinIdentity:
    return BuiltinIdentity(pool, Outbox(), seal=Seal(secrets))


async def token(identity: BuiltinIdentity) -> str:
    await identity.add_account(ADA, NOW)
    made = await identity.token_for(ADA.email, NOW)
    assert made is not None
    return made[1]


async def test_a_key_is_stored_encrypted_and_for_its_kid_alone(pool: Pool) -> None:
    await token(process(pool, ONE))
    (key,) = await rows(pool)
    assert key.is_sealed
    assert not is_readable(key)
    assert Seal([ONE]).opened(key.kid, key.private_key)[1]
    with pytest.raises(SealedError):
        Seal([ONE]).opened("another", key.private_key)


async def test_a_key_without_a_secret_is_neither_made_nor_read(pool: Pool) -> None:
    with pytest.raises(SealedError):
        await token(process(pool))
    assert await rows(pool) == []
    good = await token(process(pool, ONE))
    with pytest.raises(SealedError):
        await process(pool).jwks(NOW)
    with pytest.raises(Refused) as refused:  # as while the keys are out of reach: undecidable
        await process(pool, TWO).verify(good, NOW)
    assert refused.value.code is ErrorCode.UNAVAILABLE


async def test_unencrypted_key_is_encrypted_and_its_tokens_stay_valid(pool: Pool) -> None:
    before = BuiltinIdentity(pool, Outbox())
    good = await token(before)
    assert is_readable((await rows(pool))[0])
    await process(pool, ONE).verify(good, NOW)
    keys = OwnKeys(pool, Seal([ONE]))
    assert (await keys.seal_all(NOW), await keys.seal_all(NOW)) == (1, 0)
    assert not is_readable((await rows(pool))[0])
    await process(pool, ONE).verify(good, NOW)
    await process(pool, ONE).verify(await token(before), NOW)  # it signs with the keys it has read


async def test_previous_release_works_beside_encrypted_keys(pool: Pool) -> None:
    """The older release selects, inserts and publishes by `algorithm = 'RS256'`, and can't read an encrypted key."""
    sealed = await token(process(pool, ONE))
    by_name = "SELECT count(*) FROM signing_key WHERE algorithm = 'RS256'"
    assert await pool.fetchval(by_name) == 0
    await pool.execute("UPDATE signing_key SET algorithm = algorithm || '!'")  # so that it sees none, and makes its own
    old = await token(BuiltinIdentity(pool, Outbox()))
    await pool.execute("UPDATE signing_key SET algorithm = rtrim(algorithm, '!')")
    assert await pool.fetchval(by_name) == 1
    for good in (sealed, old):
        await process(pool, ONE).verify(good, NOW)
    assert await OwnKeys(pool, Seal([ONE])).seal_all(NOW) == 1
    assert await pool.fetchval("SELECT count(*) FROM signing_key WHERE retired_at IS NULL") == 1
    for good in (sealed, old):
        await process(pool, ONE).verify(good, NOW)


async def test_key_secret_is_changed_in_steps_that_keep_sessions_valid(pool: Pool) -> None:
    good = await token(process(pool, ONE))
    assert await OwnKeys(pool, Seal([ONE, TWO])).seal_all(NOW) == 0
    with pytest.raises(SealedError):
        await OwnKeys(pool, Seal([TWO])).seal_all(NOW)
    assert await OwnKeys(pool, Seal([TWO, ONE])).seal_all(NOW) == 1
    await process(pool, TWO).verify(good, NOW)
    with pytest.raises(SealedError):
        await process(pool, ONE).jwks(NOW)


async def test_tokens_of_a_new_key_are_valid_at_once_in_every_process(pool: Pool) -> None:
    one, other = process(pool, ONE), process(pool, ONE)
    before = await token(one)
    for _ in range(3):
        await other.verify(before, NOW)
        kid = await one.rotate_keys(NOW)
        after = await token(one)
        await other.verify(after, NOW)  # though it has read the keys a moment ago
        before = after
        in_use = await signing_keys.in_use(pool)
        assert in_use is not None
        assert in_use.kid == kid


async def test_retired_key_is_published_until_its_last_token_expires_and_then_deleted(pool: Pool) -> None:
    identity = process(pool, ONE)
    good = await token(identity)
    await identity.rotate_keys(NOW)
    last = timedelta(seconds=SIGNS_FOR) + ACCESS_TOKEN_LIFE  # of a process that has not read them since
    assert len((await identity.jwks(NOW + last))["keys"]) == 2  # type: ignore[arg-type]  # a JWKS's keys are a list
    await process(pool, ONE).verify(good, NOW)

    async def purged(at: datetime) -> int:
        return (await transact(pool, lambda tx: signing_keys.purge(tx, at - KEPT_RETIRED))).result

    assert await purged(NOW + last) == 0
    assert await purged(NOW + KEPT_RETIRED) == 1
    assert len(await rows(pool)) == 1
    assert await purged(NOW + timedelta(days=1_000)) == 0  # the one in use stays
