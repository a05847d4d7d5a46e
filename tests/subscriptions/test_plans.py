"""Plans: which subscriptions share one, and the scope of an answer."""

import asyncio
import gc
from dataclasses import dataclass
from typing import Any

import pytest

from milequest.rules.access import AccessLevel
from milequest.rules.enums import Delivery
from milequest.rules.errors import ValidationError
from resolvers.context import Request
from resolvers.feeds import EventEnvelope
from schema.build import runner
from schema.error_payloads import RequestRefused
from schema.execution import Prepared, PreparedSubscription, Runner
from schema.paths import readers
from schema.scope import is_per_viewer
from schema.variables import MAX_TEXT, MAX_VALUES
from subscriptions.plans import Plan, Plans, request_for
from tests.journeys import Crew, crew
from tests.quest import Caller, Quest

WALKS = """subscription ($team: ID!, $after: String) {
    teamActivityChanged(teamId: $team, after: $after) { sequence edge { node { id } } } }"""
PAGED = """subscription ($team: ID!, $after: String) {
    teamActivityChanged(teamId: $team, after: $after) { snapshot { activities(after: $after) { nodes { id } } } } }"""
OWN = """subscription ($team: ID!) {
    teamProgressUpdated(teamId: $team) { progress { viewerContribution { distanceMeters } } } }"""
TEAMS = """subscription { teamsLeaderboardUpdated(period: WEEK, basis: TOTAL) {
    leaderboard { entries { nodes { competitor { %s } } } } } }"""


@pytest.fixture
async def team(quest: Quest) -> Crew:
    return await crew(quest)


async def planned(plans: Plans, caller: Caller, text: str, **variables: Any) -> tuple[Plan, str | None]:
    """Return the plan of a caller's subscription."""
    request = Request("0192", caller.now, caller.identity, caller.runtime)
    return await plans.subscribe(text, variables, None, request)


async def test_the_same_document_and_variables_are_one_plan_wherever_they_begin(team: Crew) -> None:
    plans = Plans()
    first, after = await planned(plans, team.admin, WALKS, team=team.team)
    second, later = await planned(plans, team.member, WALKS, after="a place", team=team.team)
    assert first is second
    assert (after, later) == (None, "a place")
    other, _ = await planned(plans, team.member, WALKS + " ", team=team.team)
    assert other is not first
    assert len(plans) == 2
    for plan in (first, second, other):
        plans.release(plan)
    assert len(plans) == 0


SPREADS = [
    "subscription ($team: ID!, $after: String) { ...F }",
    "subscription ($team: ID!, $after: String) { ...Outer } fragment Outer on Subscription { ...F }",
    "subscription ($team: ID!, $after: String) { ... on Subscription { ...F } }",
    "subscription ($team: ID!, $after: String) { ...F ...F }",
    "subscription ($team: ID!, $after: String) { ... { teamActivityChanged(teamId: $team, after: $after) { cursor }}}",
]
FRAGMENT = "fragment F on Subscription { teamActivityChanged(teamId: $team, after: $after) { sequence } }"


@pytest.mark.parametrize("text", SPREADS)
async def test_a_field_in_a_fragment_begins_where_its_variable_says_and_shares_a_plan(team: Crew, text: str) -> None:
    plans, document = Plans(), text + (FRAGMENT if "...F" in text else "")
    first, nowhere = await planned(plans, team.admin, document, team=team.team)
    second, after = await planned(plans, team.member, document, team=team.team, after="a place")
    assert first is second
    assert (nowhere, after) == (None, "a place")


@pytest.mark.parametrize("text", [WALKS, WALKS.replace(", $after: String", "").replace(", after: $after", "")])
async def test_second_subscriber_of_a_plan_without_access_is_refused(team: Crew, text: str) -> None:
    plans = Plans()
    given = {"team": team.team} | ({"after": "a place"} if "$after" in text else {})
    first, _ = await planned(plans, team.admin, text, **given)
    with pytest.raises(RequestRefused) as refused:
        await planned(plans, team.stranger, text, **given)
    assert (refused.value.errors[0].extensions or {})["code"] == "NOT_FOUND"
    plans.release(first)
    assert len(plans) == 0


async def test_subscribers_of_one_plan_at_once_prepare_it_once(team: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    plans, made, subscribe = Plans(), [], Runner.subscribe

    async def counted(self: Runner, *given: Any) -> PreparedSubscription:
        made.append(given)
        return await subscribe(self, *given)

    monkeypatch.setattr(Runner, "subscribe", counted)
    places = [("one", team.admin), ("two", team.member), (None, team.member)]
    begun = await asyncio.gather(*(planned(plans, one, WALKS, team=team.team, after=after) for after, one in places))
    assert len({plan for plan, _ in begun}) == len(made) == 1
    assert [after for _, after in begun] == ["one", "two", None]


@pytest.mark.parametrize("is_first", [True, False])
async def test_refused_subscriber_spoils_no_plan_for_those_who_begin_at_once(team: Crew, is_first: bool) -> None:
    plans = Plans()
    callers = [team.stranger, team.admin, team.member] if is_first else [team.admin, team.member, team.stranger]
    asked = (planned(plans, caller, WALKS, team=team.team) for caller in callers)
    begun = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(one, RequestRefused) for one in begun] == [caller is team.stranger for caller in callers]
    assert len(plans) == 1


async def test_a_place_that_must_be_said_must_be_said_by_everybody(team: Crew) -> None:
    plans, text = Plans(), WALKS.replace("$after: String", "$after: String!")
    await planned(plans, team.admin, text, team=team.team, after="a place")
    for given in ({}, {"after": None}, {"after": 1}):
        with pytest.raises(RequestRefused):
            await planned(plans, team.admin, text, team=team.team, **given)


async def test_variable_too_large_is_refused_to_everybody_though_others_have_the_plan(team: Crew) -> None:
    plans, large = Plans(), "x" * (MAX_TEXT + 1)
    await planned(plans, team.admin, WALKS, team=team.team)
    for beside in ({"after": large}, {"nowhere": large}, {"nowhere": [1] * (MAX_VALUES + 1)}):
        with pytest.raises(RequestRefused):
            await planned(plans, team.member, WALKS, team=team.team, **beside)
    assert len(plans) == 1


@dataclass
class Billed(Request):
    """A request that keeps what it was charged."""

    points: int = 0

    async def charge(self, points: int) -> None:
        """Charge, and keep it."""
        self.points += points
        await Request.charge(self, points)


async def test_variables_nobody_defined_are_charged_to_everybody_who_sends_them(team: Crew) -> None:
    plans, charged = Plans(), []
    for beside in ({}, {}, {"nowhere": ["x" * MAX_TEXT] * 4}, {"nowhere": ["x" * MAX_TEXT] * 4}, {}):
        request = Billed("0192", team.admin.now, team.admin.identity, team.admin.runtime)
        await plans.subscribe(WALKS, {"team": team.team} | beside, None, request, at_cost=True)
        charged.append(request.points)
    plain, same, first, second, last = charged
    assert plain == same == last < first == second
    assert len(plans) == 1


async def test_document_that_nobody_follows_is_kept_by_the_cache_of_documents_alone(
    team: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Runner(runner().schema, kept_bytes=1)  # it forgets each document at once
    monkeypatch.setattr("subscriptions.plans.runner", lambda: small)

    def documents() -> int:
        gc.collect()
        return sum(type(one) is Prepared for one in gc.get_objects())

    plans, before = Plans(), documents()
    for index in range(3):
        plan, _ = await planned(plans, team.admin, WALKS + " " * index, team=team.team)
        plans.release(plan)
    del plan
    assert documents() == before


async def test_a_place_that_is_used_elsewhere_too_makes_plans_differ(team: Crew) -> None:
    plans = Plans()
    first, _ = await planned(plans, team.admin, PAGED, team=team.team)
    second, _ = await planned(plans, team.admin, PAGED, team=team.team, after="a place")
    assert first is not second


async def test_members_share_a_scope_unless_the_answer_is_about_the_viewer(team: Crew) -> None:
    plans = Plans()
    shared, _ = await planned(plans, team.admin, WALKS, team=team.team)
    own, _ = await planned(plans, team.admin, OWN, team=team.team)
    ann, ben = team.admin.identity, team.member.identity
    standing = (await planned(plans, team.member, WALKS, team=team.team))[0].scope(ann, AccessLevel.MEMBER)
    assert shared.scope(ben, AccessLevel.MEMBER) == standing
    assert own.scope(ann, AccessLevel.MEMBER) != own.scope(ben, AccessLevel.MEMBER)


@pytest.mark.parametrize(
    ("selection", "own"),
    [
        ("id name avatarUrl __typename", False),
        ("... on Team { memberCount description version }", False),
        ("... on Team { viewerRole }", True),
        ("... on Team { members { totalCount } }", True),
        ("... on Team { activeGoal { id } }", True),
        ("... on Team { liveCursor }", True),
    ],
)
def test_selection_on_many_teams_is_per_viewer_unless_everybody_sees_it(selection: str, own: bool) -> None:
    document = runner().prepare(TEAMS % selection).document
    assert is_per_viewer(runner().schema, document, of_team=False) is own


async def test_a_plan_reads_off_an_event_what_the_engine_would_answer(quest: Quest, team: Crew) -> None:
    """The plain parts by the plan, a snapshot by the engine: both as one document."""
    plan, _ = await planned(Plans(), team.admin, PAGED, team=team.team)
    feed: Any = plan.feed
    request = request_for(quest.runtime, team.admin.identity)
    head = EventEnvelope("c", 1, Delivery.LIVE, team.admin.now, feed.team_id)
    assert await plan.answer(feed.event(*(getattr(head, name) for name in EventEnvelope.__slots__)), request) == (
        '{"data":{"teamActivityChanged":{"snapshot":null}}}'
    )
    assert await plan.answer(await feed.start(request, head), request) == (
        '{"data":{"teamActivityChanged":{"snapshot":{"activities":{"nodes":[]}}}}}'
    )


async def test_a_plan_does_not_grow_with_what_it_answers(quest: Quest, team: Crew) -> None:
    plan, _ = await planned(Plans(), team.admin, PAGED, team=team.team)
    feed: Any = plan.feed
    request = request_for(quest.runtime, team.admin.identity)
    event = await feed.start(request, EventEnvelope("c", 1, Delivery.LIVE, team.admin.now, feed.team_id))

    async def held(answers: int) -> int:
        for _ in range(answers):
            await plan.answer(event, request)
        gc.collect()
        return len(gc.get_objects())

    before = await held(3)  # the first ones' leftovers are kept once
    assert await held(30) - before < 300  # it was a thousand when graphql-core kept what it made for each


@pytest.mark.parametrize(
    "name", ["nothing", "edge", "edge.node", "edge.node.nothing", "snapshot.activities", "cursor.x"]
)
def test_a_filter_names_fields_that_can_be_read(name: str) -> None:
    event = runner().schema.type_map["TeamActivityEvent"]
    with pytest.raises(ValidationError):
        readers(event, [name])
    assert readers(event, ["edge.node.user.name", "change", "teamId"]).keys() == {
        "edge.node.user.name", "change", "teamId",
    }  # fmt: skip
