"""Nodes by id: the loader of each type. Each applies its noun's policy, so hidden rows appear missing.

Ids are pairs of a prefix and the rest: 32 hex digits, except for derived ids, which their loader parses.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias
from uuid import UUID

from milequest.rules.text import whole
from milequest.store.sql import activities, bans, invites, join_requests, members, rulings, teams, users
from resolvers import boards, goals, progress, routes, sessions, transient_routes
from resolvers.arguments import NodeArgs, NodesArgs
from resolvers.context import Context, Request

MAX_IDS = 100

NodeId: TypeAlias = tuple[str, str]
Load: TypeAlias = Callable[[Request, list[str]], Awaitable[Mapping[str, object]]]


def by_uuid(load: Callable[[Request, list[UUID]], Awaitable[Mapping[UUID, object]]]) -> Load:
    """Return a loader by hexadecimal ids for one by UUIDs."""

    async def load_hex(request: Request, ids: list[str]) -> dict[str, object]:
        return {node_id.hex: row for node_id, row in (await load(request, [UUID(text) for text in ids])).items()}

    return load_hex


async def _viewer(request: Request, ids: list[UUID]) -> dict[UUID, object]:
    own = request.identity.user_id
    return {own: await users.profile(request.db, own)} if own is not None and own in ids else {}


LOADERS: dict[str, Load] = {
    "activity": by_uuid(lambda request, ids: activities.activities(request.db, request.viewer.user_id, ids)),
    "ban": by_uuid(lambda request, ids: bans.by_ids(request.db, request.viewer, ids)),
    "board": boards.by_name,
    "goal": by_uuid(goals.load),
    "invite": by_uuid(lambda request, ids: invites.by_ids(request.db, request.viewer, ids, request.now)),
    "member": by_uuid(lambda request, ids: members.by_ids(request.db, request.viewer, ids)),
    "milestone": by_uuid(progress.load_milestones),
    "progress": by_uuid(progress.load),
    "request": by_uuid(lambda request, ids: join_requests.by_ids(request.db, request.viewer, ids)),
    "route": by_uuid(routes.load),
    "ruling": by_uuid(lambda request, ids: rulings.by_ids(request.db, request.viewer, ids)),
    "session": by_uuid(sessions.load),
    "team": by_uuid(lambda request, ids: teams.teams(request.db, request.viewer, ids)),
    "template": by_uuid(transient_routes.load_templates),
    "user": by_uuid(lambda request, ids: users.visible_cards(request.db, request.viewer, ids)),
    "viewer": by_uuid(_viewer),
}


async def node(ctx: "Context[NodeArgs, None]") -> object:
    """Return the node of an id; None if the viewer may not see it."""
    node_id = ctx.args["id"]
    return (await _load(ctx.request, [node_id])).get(node_id)


async def nodes(ctx: "Context[NodesArgs, None]") -> list[object]:
    """Return the nodes of ids, in their order; None for those the viewer may not see."""
    ids = ctx.args["ids"]
    whole("ids", len(ids), 0, MAX_IDS)
    found = await _load(ctx.request, ids)
    return [found.get(node_id) for node_id in ids]


async def _load(request: Request, ids: Sequence[NodeId]) -> dict[NodeId, object]:
    """Load nodes by one statement per type."""
    of_type: dict[str, list[str]] = {}
    for prefix, rest in dict.fromkeys(ids):
        of_type.setdefault(prefix, []).append(rest)
    found: dict[NodeId, object] = {}
    for prefix, wanted in of_type.items():
        if load := LOADERS.get(prefix):
            found |= {(prefix, rest): row for rest, row in (await load(request, wanted)).items()}
    return found
