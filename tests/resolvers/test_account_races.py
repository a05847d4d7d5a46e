"""Accounts of which two things are done at the same moment: what was found out before the other one counts no more."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from milequest.actions.accounts import user_for_identity
from milequest.providers.identity.builtin import BuiltinIdentity
from milequest.rules.credentials import ISSUER, MAX_SESSIONS, email_key
from milequest.rules.identity import IssuerAccount
from milequest.store.sql import credentials, password_resets
from milequest.store.sql.credentials import Credential
from milequest.store.sql.transaction import Tx, transact
from tests.documents import ASK_EMAIL_CHANGE as ASK
from tests.documents import CHANGE_PASSWORD as CHANGE
from tests.documents import CONFIRM_EMAIL_CHANGE as CONFIRM
from tests.documents import RESET, SIGN_IN
from tests.quest import Caller, Quest, noon
from tests.resolvers.accounts import EMAIL, PAIR, PASSWORD, account, elsewhere, sign_in
from tests.resolvers.email_changes import NEW as MOVED
from tests.resolvers.email_changes import asked
from tests.resolvers.passwords import NEW, forgotten, signed_in, signs_in

LATE: dict[str, tuple[str, dict[str, Any]]] = {
    "sign in": (SIGN_IN, PAIR),
    "change password": (CHANGE, {"currentPassword": PASSWORD, "newPassword": "Thiefs-Horse-3"}),
    "request another address": (ASK, {"newEmail": "thief@example.net", "password": PASSWORD}),
}


@dataclass
class Held:
    """Holds the first caller whose password was checked until it is let go."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)


@pytest.fixture
def held(quest: Quest, monkeypatch: pytest.MonkeyPatch) -> Held:
    """Let the hasher hold the first caller."""
    assert isinstance(quest.runtime.identity, BuiltinIdentity)
    hold, hasher = Held(), quest.runtime.identity._hasher
    matches: Callable[[str, str | None], Awaitable[bool]] = hasher.matches

    async def held_matches(password: str, password_hash: str | None) -> bool:
        right, is_first = await matches(password, password_hash), not hold.arrived.is_set()
        hold.arrived.set()
        if is_first:
            await hold.released.wait()
        return right

    monkeypatch.setattr(hasher, "matches", held_matches)
    return hold


async def the_credential(quest: Quest, email: str = EMAIL) -> Credential:
    """Return the account's credential."""
    found = await credentials.find(quest.runtime.writer, email_key(email))
    assert found is not None
    return found


async def addresses(quest: Quest) -> list[str]:
    """Return all users' addresses, the oldest user's first."""
    return [row[0] for row in await quest.runtime.writer.fetch("SELECT email FROM app_user ORDER BY created_at, id")]


@pytest.fixture
async def ada(quest: Quest) -> Caller:
    """Somebody who is signed in."""
    await account(quest)
    return await signed_in(quest, await sign_in(quest))


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize("first", ["reset", "change"])
async def test_an_old_password_that_was_checked_before_a_new_one_came_is_refused(
    quest: Quest, ada: Caller, held: Held, late: str, first: str
) -> None:
    text, given = LATE[late]
    thief = elsewhere(quest)
    thief.identity = ada.identity
    reset = await forgotten(quest)
    refused = asyncio.create_task(thief.refused(text, input=given))
    await held.arrived.wait()
    if first == "reset":
        await elsewhere(quest).run(RESET, input=reset)
    else:
        await ada.run(CHANGE, input={"currentPassword": PASSWORD, "newPassword": NEW})
    held.released.set()
    assert (await refused)["code"] == ("UNAUTHENTICATED" if late == "sign in" else "VALIDATION_ERROR")
    assert await signs_in(quest, NEW)
    assert await quest.runtime.writer.fetchval("SELECT count(*) FROM address_change") == 0


async def test_a_sign_in_by_an_address_that_was_changed_meanwhile_is_refused(
    quest: Quest, ada: Caller, held: Held
) -> None:
    held.arrived.set()  # not her own
    given = await asked(quest, ada)
    held.arrived.clear()
    late = asyncio.create_task(elsewhere(quest).refused(SIGN_IN, input=PAIR))
    await held.arrived.wait()
    await ada.run(CONFIRM, input=given)
    held.released.set()
    assert (await late)["code"] == "UNAUTHENTICATED"
    assert await addresses(quest) == [MOVED]


async def test_an_address_read_before_a_change_does_not_come_back(quest: Quest, ada: Caller) -> None:
    before = (await the_credential(quest)).account(ISSUER)
    await ada.run(CONFIRM, input=await asked(quest, ada))
    assert (
        await transact(quest.runtime.writer, lambda tx: user_for_identity(tx, before, noon()))
    ).result == ada.user_id
    assert await addresses(quest) == [MOVED]


async def test_email_change_updates_account_and_user_in_one_transaction(quest: Quest, ada: Caller) -> None:
    await ada.run(CONFIRM, input=await asked(quest, ada))
    assert await quest.runtime.writer.fetchval("SELECT c.xmin = u.xmin FROM credential c, app_user u")


async def test_address_that_a_user_has_left_makes_another_user(quest: Quest, ada: Caller) -> None:
    await ada.run(CONFIRM, input=await asked(quest, ada))
    # As releases before left it when the database broke between the two.
    await quest.runtime.writer.execute("UPDATE app_user SET email = $1, email_key = $2", EMAIL, email_key(EMAIL))
    await account(quest)
    other = await signed_in(quest, await sign_in(quest))
    assert other.user_id != ada.user_id
    assert await addresses(quest) == [MOVED, EMAIL]


async def test_an_address_whose_user_cannot_be_told_apart_ties_nobody(quest: Quest, ada: Caller) -> None:
    await ada.run(CONFIRM, input=await asked(quest, ada))
    await quest.runtime.writer.execute("UPDATE app_user SET email = $1, email_key = $2", EMAIL, email_key(EMAIL))
    elsewhere_too = IssuerAccount("https://other", "x", MOVED, True, "Eve")
    await transact(quest.runtime.writer, lambda tx: user_for_identity(tx, elsewhere_too, noon()))
    await account(quest)
    assert (await elsewhere(quest).refused(SIGN_IN, input=PAIR))["code"] == "UNAUTHENTICATED"


async def test_password_reset_requested_during_an_email_change_has_no_account(quest: Quest, ada: Caller) -> None:
    subject, identity = (await the_credential(quest)).subject, quest.runtime.identity

    async def move(tx: Tx) -> asyncio.Task[str]:
        await credentials.lock(tx, subject)
        await credentials.change_email(tx, subject, MOVED, noon())
        asking = asyncio.create_task(identity.forgot_password(EMAIL, noon()))
        await asyncio.wait([asking], timeout=0.3)
        return asking

    await (await transact(quest.runtime.writer, move)).result
    assert [row[0] for row in await quest.runtime.writer.fetch("SELECT subject FROM password_reset")] == [None]


async def test_password_reset_requested_before_an_email_change_is_dropped_by_it(quest: Quest, ada: Caller) -> None:
    given = await asked(quest, ada)

    async def ask(tx: Tx) -> asyncio.Task[Any]:
        await password_resets.put(tx, b"request", email_key(EMAIL), b"code", noon())
        moving = asyncio.create_task(ada.run(CONFIRM, input=given))
        await asyncio.wait([moving], timeout=0.3)
        return moving

    await (await transact(quest.runtime.writer, ask)).result
    assert await quest.runtime.writer.fetchval("SELECT count(*) FROM password_reset") == 0


async def test_sign_ins_at_once_keep_no_more_sessions_than_promised(quest: Quest) -> None:
    await account(quest)
    subject, identity = (await the_credential(quest)).subject, quest.runtime.identity
    for _ in range(MAX_SESSIONS - 2):
        await quest.runtime.writer.execute(
            "INSERT INTO sign_in_session (id, subject, signed_in_at, expires_at) "
            "VALUES (gen_random_uuid(), $1, now(), now() + interval '1 day')",
            subject,
        )
    await asyncio.gather(*(identity.sign_in(EMAIL, PASSWORD, noon()) for _ in range(8)))
    count = "SELECT count(*) FROM sign_in_session WHERE revoked_at IS NULL"
    assert await quest.runtime.writer.fetchval(count) == MAX_SESSIONS
