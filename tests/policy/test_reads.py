"""Every field and query, as every kind of viewer, of a public, a private and a deleted team: as the table says."""

from collections.abc import Mapping
from typing import Any

import orjson
from graphql import GraphQLInterfaceType, GraphQLObjectType, get_named_type

from milequest.rules.access import TeamPart
from milequest.rules.enums import Delivery
from milequest.store.sql import log
from resolvers.context import Request
from resolvers.feeds import EventEnvelope, LogFeed
from schema.build import runner
from schema.error_payloads import RequestRefused
from tests.policy.asking import HOW_TO, NODES, REFUSED, ROWS, SCHEMA, Shown, document, everything, variables_of
from tests.policy.table import ALL, FIELDS, HOLDER, OWN, QUERIES, SUBSCRIPTIONS, Read
from tests.policy.world import TeamOf, World, build_world
from tests.quest import Caller, Quest

SUBJECTS = {"viewer": "Viewer"} | {
    prefix: kind
    for kind in NODES
    for prefix in [
        {
            "TeamMember": "member",
            "TeamBan": "ban",
            "WalkRuling": "ruling",
            "JoinRequest": "request",
            "GoalProgress": "progress",
            "Leaderboard": "board",
        }.get(kind, kind.lower())
    ]
}
AT_ONCE = 8  # nodes of one type in one document


def test_every_field_has_a_row_and_every_row_a_field() -> None:
    roots = (SCHEMA.query_type, SCHEMA.mutation_type, SCHEMA.subscription_type)
    assert SCHEMA.mutation_type is not None
    payloads = {get_named_type(one.type).name for one in SCHEMA.mutation_type.fields.values()}
    there = {
        (kind.name, name)
        for kind in SCHEMA.type_map.values()
        if isinstance(kind, GraphQLObjectType) and kind not in roots
        if not kind.name.startswith("__") and kind.name not in payloads
        for name in kind.fields
    }
    named = [name for rows in FIELDS.values() for names in rows for name in names.split()]
    assert len(named) == len(ROWS), "a field has two rows"
    assert sorted(there - ROWS.keys()) == [], HOW_TO
    assert sorted(ROWS.keys() - there) == [], "the table has rows of fields that are gone"


def test_every_query_and_subscription_has_a_row() -> None:
    assert SCHEMA.query_type is not None
    assert SCHEMA.subscription_type is not None
    assert set(SCHEMA.query_type.fields) == set(QUERIES), HOW_TO
    assert set(SCHEMA.subscription_type.fields) == set(SUBSCRIPTIONS), HOW_TO


async def test_every_viewer_is_shown_what_the_table_says_and_nothing_else(quest: Quest) -> None:
    world = await build_world(quest)
    faults = []
    for team, who, caller in world.cells():
        shown = Shown(team, who)
        await _by_ids(shown, caller)
        await _by_queries(shown, caller)
        await _by_subscriptions(world, shown, caller)
        faults += [f"{team.kind}, {who}: {what}" for what in (*dict.fromkeys(shown.faults), *shown.missing())]
    assert not faults, "\n".join(faults)


async def _by_ids(shown: Shown, caller: Caller) -> None:
    """Query every node of the team by its id."""
    kinds: dict[str, list[str]] = {}
    for id in shown.team.subjects:
        kinds.setdefault(SUBJECTS[id.partition("_")[0]], []).append(id)
    for kind, ids in kinds.items():
        for start in range(0, len(ids), AT_ONCE):
            await _nodes(shown, caller, kind, ids[start : start + AT_ONCE])


async def _nodes(shown: Shown, caller: Caller, kind: str, ids: list[str]) -> None:
    named = " ".join(f"n{n}: node(id: $n{n}) {{ __typename ...All }}" for n in range(len(ids)))
    text = document(named, f"fragment All on {kind} {{ {everything(NODES[kind])} }}")
    data = await _answer(shown, caller, text, {f"n{n}": id for n, id in enumerate(ids)})
    for n, id in enumerate(ids):
        subject, found = shown.team.subjects[id], data[f"n{n}"] is not None
        wanted = shown.team.owns(subject, shown.who) or (shown.team.sees(subject, shown.who) and not subject.has_gone)
        if found != wanted:
            shown.faults.append(f"{id} was {'found' if found else 'not found'}")


async def _by_queries(shown: Shown, caller: Caller) -> None:
    """Query every root field."""
    assert SCHEMA.query_type is not None
    for name, reads in QUERIES.items():
        kind = get_named_type(SCHEMA.query_type.fields[name].type)
        inner = "... on Team { ...TeamCard }" if isinstance(kind, GraphQLInterfaceType) else everything(kind)
        for read in reads:
            arguments = f"({read.arguments})" if read.arguments else ""
            text = document(f"{name}{arguments} {{ __typename {inner} }}")
            outcome, value = await _root(caller, text, name, variables_of(text, shown.team.ids))
            if outcome != (wanted := _wanted(shown, read, caller)):
                shown.faults.append(f"{name}: {outcome} instead of {wanted}")
            if read.row is ALL or isinstance(read.row, TeamPart):
                shown.look(_of_team(shown.team, value) if read.row is ALL else value)
                shown.search(orjson.dumps(value).decode())


def _wanted(shown: Shown, read: Read, caller: Caller) -> str:
    if caller.identity.kind not in read.who:
        return REFUSED[caller.identity.kind]
    if read.row is OWN:
        is_own = shown.who == "member" if read.arguments else caller.identity.user_id is not None
        return "shown" if is_own else "null"
    if read.row is HOLDER:
        return "null" if shown.team.kind == "deleted" else "shown"
    return "shown" if read.row is ALL or shown.team.sees(TeamPart(read.row), shown.who) else "null"


def _of_team(team: TeamOf, value: Any) -> Any:
    """Return this team's part of an answer that is of no team."""
    if isinstance(value, list):
        return [_of_team(team, item) for item in value]
    if isinstance(value, dict) and value.get("__typename") != "Team":
        return [_of_team(team, inner) for inner in value.values()]
    return value if isinstance(value, dict) and value["id"] == team.id else None


async def _root(caller: Caller, text: str, name: str, variables: dict[str, Any]) -> tuple[str, Any]:
    """Return a root field's answer: whether something is shown, null, or refused."""
    result = await caller.result(text, variables)
    if result.errors:
        return str((result.errors[0].extensions or {})["code"]), None
    value = (result.data or {})[name]
    return ("null" if value is None or value == [None] else "shown"), value


async def _answer(shown: Shown, caller: Caller, text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of a query that is permitted to everybody."""
    data = await caller.run(text, **variables)
    shown.look(data)
    shown.search(orjson.dumps([value for value in data.values() if value is not None]).decode())
    return data


async def _by_subscriptions(world: World, shown: Shown, caller: Caller) -> None:
    """Begin every subscription, and check all events that the team's log holds."""
    assert SCHEMA.subscription_type is not None
    for name, read in SUBSCRIPTIONS.items():
        inner = everything(get_named_type(SCHEMA.subscription_type.fields[name].type))
        text = document(f"{name}({read.arguments}) {{ {inner} }}", operation="subscription")
        request = Request("", caller.now, caller.identity, caller.runtime, fresh=True)
        wanted = "NOT_FOUND" if _wanted(shown, read, caller) == "null" else _wanted(shown, read, caller)
        try:
            subscribed = await runner().subscribe(
                runner().prepare(text), request, variables_of(text, shown.team.ids), None
            )
        except RequestRefused as refused:
            if (refused.errors[0].extensions or {})["code"] != wanted:
                shown.faults.append(f"{name}: {refused.errors[0]} instead of {wanted}")
            continue
        if wanted != "shown":
            shown.faults.append(f"{name}: begun instead of {wanted}")
        for event in await _events(world, shown.team, subscribed.feed, request):
            result = await subscribed.run(event, request)
            assert not result.errors, result.errors
            shown.look(_of_team(shown.team, result.data) if read.row is ALL else result.data)
            shown.search(orjson.dumps(result.data).decode())


async def _events(world: World, team: TeamOf, feed: Any, request: Request) -> list[Any]:
    """Return a feed's events of the log, and its snapshot; or the state as it is."""
    if not isinstance(feed, LogFeed):
        return [(await feed.snapshot(request)).value]
    entries = [
        one for one in await log.read(world.quest.runtime.writer, feed.channel, 0, 500) if one.kind in feed.kinds
    ]
    heads = [EventEnvelope("cursor", one.sequence, Delivery.LIVE, one.occurred_at, feed.team_id) for one in entries]
    return [await feed.start(request, heads[0]), *await feed.events(request, heads, entries)]
