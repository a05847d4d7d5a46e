"""Refreshing: the same token again gets the same answer for a while, and a later use of it ends the session."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milequest.providers.identity import SignedIn
from milequest.providers.identity.builtin import BuiltinIdentity
from milequest.providers.identity.builtin_base import digest, new_token
from milequest.rules.errors import ErrorCode
from milequest.rules.ids import new_id
from milequest.rules.sessions import REFRESH_GRACE
from milequest.store.sql import sessions
from milequest.store.sql.transaction import Pool, transact
from tests.ada import ADA, NOW, code_of, signed_in
from tests.fakes.outbox import Outbox

LATER = REFRESH_GRACE + timedelta(microseconds=1)


async def test_the_same_refresh_token_at_the_same_moment_gets_the_same_answer(pool: Pool, outbox: Outbox) -> None:
    processes = [BuiltinIdentity(pool, outbox) for _ in range(4)]
    session = await signed_in(processes[0])
    calls = [process.refresh(session.refresh_token, NOW) for process in processes * 3]
    answers = await asyncio.gather(*calls)
    assert all(answer == answers[0] for answer in answers)
    assert answers[0].session.refresh_token != session.refresh_token


async def test_the_same_refresh_token_a_little_later_gets_the_same_answer(identity: BuiltinIdentity) -> None:
    session = await signed_in(identity)
    first = await identity.refresh(session.refresh_token, NOW)
    assert await identity.refresh(session.refresh_token, NOW + REFRESH_GRACE) == first
    await identity.verify(first.session.access_token, NOW + REFRESH_GRACE)
    assert await identity.refresh(first.session.refresh_token, NOW + REFRESH_GRACE) != first


async def test_the_same_refresh_token_after_its_grace_ends_the_session_with_its_access_tokens(
    identity: BuiltinIdentity,
) -> None:
    session = await signed_in(identity)
    first = await identity.refresh(session.refresh_token, NOW)
    caller = (await identity.verify(first.session.access_token, NOW)).identity(None)
    assert await code_of(identity.refresh(session.refresh_token, NOW + LATER)) is ErrorCode.UNAUTHENTICATED
    assert await code_of(identity.refresh(first.session.refresh_token, NOW + LATER)) is ErrorCode.UNAUTHENTICATED
    assert identity._revocations.has_ended(caller)


async def test_a_refresh_token_is_not_made_by_what_the_database_holds(identity: BuiltinIdentity, pool: Pool) -> None:
    sessions = [await signed_in(identity) for _ in range(2)]
    after = [(await identity.refresh(session.refresh_token, NOW)).session for session in sessions]
    kept = str(
        [tuple(row) for name in ("sign_in_session", "refresh_token") for row in await pool.fetch(f"TABLE {name}")]
    )
    assert not [token for session in (*sessions, *after) if (token := session.refresh_token) in kept]
    assert len(set(await pool.fetch("SELECT secret FROM sign_in_session"))) == 2


@dataclass
class Family:
    """The rule about the tokens of one session."""

    is_over: bool = False
    used: dict[str, tuple[datetime, SignedIn]] = field(default_factory=dict)

    def answers(self, token: str, now: datetime) -> bool:
        """Return whether a token is to be answered; one that is used late ends the session."""
        if not self.is_over and token in self.used:
            self.is_over = now - self.used[token][0] > REFRESH_GRACE
        return not self.is_over


# The caller (two tabs and a thief), how many times at once, after how many seconds, and whether the answer arrives.
STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 3), st.sampled_from([0, 1, 29, 31]), st.booleans()), max_size=12
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
async def test_however_tabs_retries_and_a_thief_take_turns_a_family_has_one_newest_token(
    identity: BuiltinIdentity, pool: Pool, steps: list[tuple[int, int, int, bool]]
) -> None:
    first, session_id, subject = new_token(), new_id(NOW), await _ada(identity)
    await transact(pool, lambda tx: sessions.start(tx, session_id, subject, digest(first), NOW))
    held, family, now = [first] * 3, Family(), NOW
    for who, at_once, seconds, arrives in steps:
        now, token = now + timedelta(seconds=seconds), held[who]
        if family.answers(token, now):
            answers = await asyncio.gather(*(identity.refresh(token, now) for _ in range(at_once)))
            _, known = family.used.setdefault(token, (now, answers[0]))
            assert all(answer == known for answer in answers)
            held[who] = answers[0].session.refresh_token if arrives else token
        else:
            assert await code_of(identity.refresh(token, now)) is ErrorCode.UNAUTHENTICATED
        unused = "SELECT count(*) FROM refresh_token WHERE session_id = $1 AND used_at IS NULL"
        assert await pool.fetchval(unused, session_id) == 1


async def _ada(identity: BuiltinIdentity) -> UUID:
    account = await identity.account(ADA.email, NOW) or await identity.add_account(ADA, NOW)
    return UUID(account.subject)
