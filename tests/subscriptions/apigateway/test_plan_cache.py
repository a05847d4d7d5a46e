"""Plans that a function keeps: made once however many ask, and bounded by their memory."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest

from milequest.rules.identity import Identity, IdentityKind
from subscriptions.apigateway import plan_cache
from subscriptions.apigateway.plan_cache import PlanCache
from subscriptions.plans import Plan, PlanKey
from tests.documents import WALKS_LIVE as WALKS
from tests.subscriptions.gateway_of_aws import Gateway
from tests.subscriptions.team import Team

Ask = Callable[[str], Coroutine[Any, Any, Plan]]


async def cache(gate: Gateway, team: Team) -> tuple[PlanCache, Ask]:
    """Return an empty cache, and how a member asks it for the plan of a document."""
    rows = await team.rows("SELECT user_id FROM team_member WHERE team_id = $1", team.uuid)
    member, cached = Identity(IdentityKind.USER, rows[0][0]), PlanCache(gate.deps.runtime, gate.deps.table)

    async def ask(text: str) -> Plan:
        digest = await cached.store(PlanKey(text, None, b"{}"), {"team": team.id}, datetime.now(UTC))
        return await cached.plan(digest, member)

    return cached, ask


async def test_plan_that_several_ask_for_at_once_is_let_go_with_its_place(
    gate: Gateway, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_cache, "MOST", 1)
    cached, ask = await cache(gate, team)

    async def ask_at_once() -> set[Plan]:
        return set(await asyncio.gather(*(ask(WALKS) for _ in range(5))))

    assert len(await gate.run(ask_at_once())) == 1
    await gate.run(ask(WALKS + " "))
    assert len(cached.plans) == 1


async def test_plans_whose_memory_is_large_push_out_those_used_least_lately(
    gate: Gateway, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ask = await cache(gate, team)
    size = sum((await gate.run(ask(WALKS))).cost.weights.values())
    monkeypatch.setattr(plan_cache, "MOST_BYTES", size * 5 // 2)  # two have room
    cached, ask = await cache(gate, team)
    first, second = [await gate.run(ask(WALKS + " " * index)) for index in range(2)]
    await gate.run(ask(WALKS))
    third = await gate.run(ask(WALKS + "  "))
    assert len(cached.plans) == 2
    assert await gate.run(ask(WALKS)) is first
    assert await gate.run(ask(WALKS + "  ")) is third
    assert await gate.run(ask(WALKS + " ")) is not second


async def test_plan_larger_than_all_memory_is_kept_until_the_next(
    gate: Gateway, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_cache, "MOST_BYTES", 1)
    cached, ask = await cache(gate, team)
    large = await gate.run(ask(WALKS))
    assert await gate.run(ask(WALKS)) is large
    assert await gate.run(ask(WALKS + " ")) is not large
    assert len(cached.plans) == 1
