"""Whole sequences of calls answer the same for an address with an account and for one without, and do the same work."""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest

from milequest.providers.identity import passwords as argon2
from milequest.providers.identity.builtin import BuiltinIdentity
from milequest.rules.credentials import checked_sign_up
from milequest.rules.errors import RateLimited
from milequest.rules.identity import Identity, IdentityKind
from milequest.rules.mail import Mail
from milequest.rules.rate_limits import FAILED_SIGN_INS_ELSEWHERE, MAILS_OF_ADDRESS
from milequest.store.cache.rate_limits import RateLimits
from schema.error_payloads import RequestRefused
from tests.documents import ASK_EMAIL_CHANGE as ASK
from tests.documents import CONFIRM_EMAIL as CONFIRM
from tests.documents import FORGOT, RESEND, RESET, SIGN_IN, SIGN_UP
from tests.quest import Caller, Quest
from tests.resolvers.accounts import PAIR, PASSWORD, account, elsewhere

GUESSED = "Mallorys-Word-1"
IDS = re.compile(r"'(?:requestId|attemptId|retryAfterSeconds)': [^,}]+")
_numbers = count(1)


@dataclass
class Stranger:
    """A caller who tries out an address, and keeps the answers."""

    caller: Caller
    signed_in: Caller
    email: str
    ids: dict[str, Any] = field(default_factory=dict)

    async def tell(self, document: str, **given: Any) -> str:
        """Return an operation's answer, less its random parts. `email` is always the address."""
        caller = self.signed_in if document == ASK else self.caller
        named = {"newEmail": self.email} if document == ASK else {"email": self.email}
        try:
            result = (await caller.result(document, {"input": named | given})).formatted
        except RequestRefused as refused:
            return str(refused)
        for payload in (result["data"] or {}).values():
            self.ids |= payload or {}
        return IDS.sub("", str(result))


Step = Callable[[Stranger], Awaitable[str]]
STEPS: dict[str, Step] = {
    "sign up": lambda who: who.tell(SIGN_UP, password=GUESSED, name="Mallory"),
    "sign up with another password": lambda who: who.tell(SIGN_UP, password="Mallorys-Word-2", name="Mallory"),
    "resend": lambda who: who.tell(RESEND),
    "resend for the attempt": lambda who: who.tell(RESEND, attemptId=who.ids.get("attemptId")),
    "confirm": lambda who: who.tell(CONFIRM, code="000000"),
    "confirm the attempt": lambda who: who.tell(CONFIRM, code="000000", attemptId=who.ids.get("attemptId")),
    "sign in": lambda who: who.tell(SIGN_IN, password=GUESSED),
    "sign in with nonsense": lambda who: who.tell(SIGN_IN, password=""),
    "forgot": lambda who: who.tell(FORGOT),
    "reset": lambda who: who.tell(
        RESET, code="000000", newPassword=GUESSED, requestId=who.ids.get("requestId", who.email)
    ),
    "move there": lambda who: who.tell(ASK, password=PASSWORD),
}


@dataclass
class Worked:
    """Counts the passwords hashed and the mails sent."""

    hashed: int = 0
    sent: int = 0

    async def send(self, mail: Mail) -> None:
        """Take a mail."""
        self.sent += 1


@pytest.fixture
async def fast(quest: Quest, monkeypatch: pytest.MonkeyPatch) -> tuple[Quest, Worked]:
    """Yield the service with hashes that cost nothing, counted."""
    for name, value in (("MEMORY_KIB", 8), ("PASSES", 1)):
        monkeypatch.setattr(argon2, name, value)
    worked = Worked()
    counted = argon2.Hasher._work

    async def work(self: argon2.Hasher, hashing: Callable[[], Any]) -> Any:
        worked.hashed += 1
        return await counted(self, hashing)

    monkeypatch.setattr(argon2.Hasher, "_work", work)
    identity = BuiltinIdentity(quest.runtime.writer, worked)
    return Quest(replace(quest.runtime, identity=identity)), worked


async def told(quest: Quest, worked: Worked, sequence: list[Step], known: bool) -> list[tuple[str, int, int]]:
    """Return a stranger's observations on a new network, call by call: the answer, the hashes and the mails."""
    number = next(_numbers)
    quest.runtime.rate_limits._counts.windows.clear()
    fresh = replace(quest.runtime, rate_limits=RateLimits(quest.runtime.redis))
    identity = fresh.identity
    assert isinstance(identity, BuiltinIdentity)
    own = await identity.add_account(checked_sign_up("own@example.org", PASSWORD, "Own"), quest.anonymous.now)
    email = f"somebody-{number}@example.org"
    if known:
        await identity.add_account(checked_sign_up(email, PASSWORD, "Somebody"), quest.anonymous.now)
    user = (await quest.user("Own")).user_id
    signed_in = Caller(
        fresh,
        Identity(IdentityKind.USER, user, own.issuer, own.subject),
        address=f"10.0.{number // 250}.{number % 250}",
    )
    stranger = Stranger(Caller(fresh, address=f"10.1.{number // 250}.{number % 250}"), signed_in, email)
    learned = []
    for step in sequence:
        worked.hashed = worked.sent = 0
        learned.append((await step(stranger), worked.hashed, worked.sent))
    return learned


@pytest.mark.parametrize("first", STEPS)
async def test_sequence_of_account_calls_never_reveals_an_account(fast: tuple[Quest, Worked], first: str) -> None:
    quest, worked = fast
    for second in STEPS:
        sequence = [STEPS[name] for name in (first, second, "sign in")]
        known, unknown = [await told(quest, worked, sequence, known) for known in (True, False)]
        assert known == unknown, second


async def test_sign_up_then_sign_in_of_a_known_address_answers_like_an_unknown_one(fast: tuple[Quest, Worked]) -> None:
    quest, worked = fast
    for known in (True, False):
        learned = await told(quest, worked, [STEPS["sign up"], STEPS["sign in"]], known)
        assert "EMAIL_NOT_VERIFIED" in learned[1][0]
        assert [(hashed, sent) for _, hashed, sent in learned] == [(2, 1), (2, 0)]


async def test_stranger_in_the_owners_network_may_find_out_as_documented(quest: Quest) -> None:
    """A test of a weakness: once it fails, “Who shares a network” in docs/accounts.md is to be rewritten."""
    await account(quest)
    home = elsewhere(quest)
    await home.run(SIGN_IN, input=PAIR)
    told = {}
    for email in (PAIR["email"], "stranger@example.org"):
        for limit in (FAILED_SIGN_INS_ELSEWHERE, MAILS_OF_ADDRESS):
            for _ in range(limit.most):
                with suppress(RateLimited):  # the owner's own mail was one
                    await quest.runtime.rate_limits.spend(limit, email)
        answers = Stranger(home, home, email)
        told[email] = [
            "RATE_LIMITED" in await answers.tell(document, **given)
            for document, given in ((SIGN_IN, {"password": GUESSED}), (FORGOT, {}))
        ]
    assert told == {PAIR["email"]: [False, False], "stranger@example.org": [True, True]}
