"""Limits of mutations: each has some, and a repeated request gets its answer again however many are spent."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
)

from milequest.rules.rate_limits import WALKS_LOGGED, Memory, RateLimit
from milequest.store.cache.counts import AttemptCounts, AttemptSlot
from milequest.store.cache.rate_limits import RateLimits
from milequest.store.cache.windows import SlotState
from schema.build import build
from tests.documents import FOUND_TEAM as TEAM
from tests.documents import LOG_WALK as LOG
from tests.journeys import along
from tests.quest import Caller, Quest, just_begun, noon

MUTATIONS = build()._schema.mutation_type
assert MUTATIONS is not None
OF_TYPE = {"String": "Sample text 1", "Int": 1, "Float": 500.0, "Boolean": True}
OF_NAME: dict[str, Any] = {
    "email": "ann@example.com",
    "newEmail": "anna@example.com",
    "password": "Correct-Horse-1",
    "newPassword": "Correct-Horse-2",
    "contentType": "image/png",
    "requestId": "x" * 43,
    "startsOn": "2026-11-30",
    "startedAt": "2026-11-30T10:00:00Z",
}
ONE_OF: dict[str, dict[str, Any]] = {  # of fields of which one is required
    "acceptInvite": {"code": "AAAAAAAAAA"},
    "declineInvite": {"code": "AAAAAAAAAA"},
}


class Full(AttemptCounts):
    """Windows that are all full, whomever they count."""

    async def add(self, window: RateLimit | Memory, who: str, attempts: int) -> tuple[int, int]:
        return (window.most + 1 if isinstance(window, RateLimit) else 0), window.seconds

    async def hold(self, limit: RateLimit, who: str, place_id: str) -> tuple[SlotState, int, AttemptSlot]:
        return SlotState.FULL, limit.seconds, AttemptSlot(limit, who, place_id, is_here=False)


def spent(caller: Caller) -> Caller:
    """The same caller, with nothing left of any limit."""
    limits = RateLimits(caller.runtime.redis)
    limits._counts = Full(caller.runtime.redis)
    return replace(caller, runtime=replace(caller.runtime, rate_limits=limits))


def sample(name: str, kind: GraphQLInputType) -> Any:
    """Return a value that the engine accepts for an input field."""
    named = get_named_type(kind)
    if isinstance(named, GraphQLInputObjectType):
        value: Any = {
            field: sample(field, each.type)
            for field, each in named.fields.items()
            if isinstance(each.type, GraphQLNonNull)
        }
    elif isinstance(named, GraphQLEnumType):
        value = next(iter(named.values))
    elif named.name == "ID":
        value = f"{name.removesuffix('Id')}_{UUID(int=7).hex}"
    else:
        value = OF_NAME.get(name, OF_TYPE.get(named.name, "ann@example.com"))
    return [value] if isinstance(kind, GraphQLNonNull) and isinstance(kind.of_type, GraphQLList) else value


@pytest.mark.parametrize("name", sorted(MUTATIONS.fields))
async def test_every_mutation_has_a_limit(quest: Quest, name: str) -> None:
    assert MUTATIONS is not None
    argument = MUTATIONS.fields[name].args["input"].type
    text = f"mutation ($input: {argument}) {{ {name}(input: $input) {{ __typename }} }}"
    given = sample("input", argument) | ONE_OF.get(name, {})
    if name == "logActivities":  # each of its items is refused by itself
        given["items"] = [just_begun(500) | {"startedAt": noon().isoformat(), "idempotencyKey": "one-walk"}]
        text = text.replace("__typename", "results { problem { code } retryAfterSeconds }")
        (result,) = (await spent(await quest.user("Ann")).run(text, input=given))[name]["results"]
        assert result["problem"]["code"] == "RATE_LIMITED", (result, given)
        assert result["retryAfterSeconds"] >= 1
        return
    refused = await spent(await quest.user("Ann")).refused(text, input=given)
    assert refused["code"] == "RATE_LIMITED", refused
    assert refused["retryAfterSeconds"] >= 1


@pytest.mark.parametrize("signed_in", [True, False])
async def test_searches_for_teams_are_limited_for_everybody(quest: Quest, signed_in: bool) -> None:
    caller = await quest.user("Ann") if signed_in else quest.anonymous
    text = '{ searchTeams(query: "x") { nodes { id } } }'
    await caller.run(text)
    assert (await spent(caller).refused(text))["code"] == "RATE_LIMITED"


GOAL = """mutation ($input: CreateGoalInput!) { createGoal(input: $input) {
  goalEdge { node { id name } } warnings { code message } } }"""
WAY = "mutation ($input: UpdateGoalInput!) { updateGoal(input: $input) { goal { id } warnings { code message } } }"
INVITE = "mutation ($input: CreateInviteInput!) { createInvite(input: $input) { code } }"
ACCEPT = "mutation ($input: AcceptInviteInput!) { acceptInvite(input: $input) { memberEdge { node { id } } } }"
DECLINE = "mutation ($input: DeclineInviteInput!) { declineInvite(input: $input) { ok } }"
PROFILE = "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { viewer { id } } }"


async def test_a_repeat_gets_its_answer_whatever_is_spent(quest: Quest) -> None:
    ann, bob = await quest.user("Ann"), await quest.user("Bob")
    ann.now = datetime.now(UTC)
    team = await ann.found("Walkers")
    code, other = await ann.invite(team), await ann.invite(team)
    line = {"teamId": team, "name": "North", "startsOn": str(ann.now.date()), "waypoints": along(0, 0.1)}
    goal = (await ann.run(GOAL, input=line))["createGoal"]["goalEdge"]["node"]["id"]
    requests: list[tuple[Caller, str, dict[str, Any]]] = [
        (ann, LOG, just_begun(500) | {"startedAt": ann.now.isoformat()}),
        (ann, TEAM, {"name": "Larks"}),
        (ann, INVITE, {"teamId": team}),
        (ann, GOAL, line),
        (ann, WAY, {"goalId": goal, "waypoints": along(0, 0.2)}),
        (bob, DECLINE, {"code": other}),
        (bob, ACCEPT, {"code": code}),
        (bob, PROFILE, {"name": "Bobby"}),
    ]
    for caller, text, given in requests:
        keyed = given | {"idempotencyKey": f"only once: {text[17:40]}"}
        first = await caller.run(text, input=keyed)
        assert await spent(caller).run(text, input=keyed) == first
        new = given | {"idempotencyKey": "another request"}
        assert (await spent(caller).refused(text, input=new))["code"] == "RATE_LIMITED"
        assert (await spent(caller).refused(text, input=given))["code"] == "RATE_LIMITED"


async def test_repeats_and_tries_of_a_transaction_count_once(quest: Quest) -> None:
    ann = await quest.user("Ann")
    ann.now = datetime.now(UTC)
    given = just_begun(500) | {"startedAt": ann.now.isoformat(), "idempotencyKey": "a walk of mine"}
    for _ in range(5):
        await ann.run(LOG, input=given)
    assert await ann.runtime.rate_limits.count(WALKS_LOGGED, ann.user_id.hex) == 1
