"""The viewer's own sessions: the list, and ending one of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from milequest.providers.identity.builtin_base import session_of
from milequest.rules.errors import unauthenticated
from milequest.rules.sessions import ActiveSession
from milequest.store.sql import users
from milequest.store.sql.users import Profile
from resolvers.arguments import EndSessionArgs
from resolvers.context import Context, NoArgs, Request
from resolvers.limiting import sign_outs


@dataclass(frozen=True, slots=True)
class EndSessionResult:
    """Id of the ended session, and its user."""

    deleted_session_id: UUID
    viewer: Profile


async def of_viewer(ctx: "Context[NoArgs, Profile]") -> Sequence[ActiveSession]:
    """Return the viewer's sessions that have not ended."""
    return await _own_sessions(ctx.request)


async def load(request: Request, ids: list[UUID]) -> dict[UUID, ActiveSession]:
    """Return the viewer's sessions by id."""
    own = await _own_sessions(request)
    return {session.id: session for session in own if session.id in ids}


async def end_session(ctx: "Context[EndSessionArgs, None]") -> EndSessionResult:
    """End one of the viewer's sessions."""
    user_id, request, runtime = ctx.user_id, ctx.request, ctx.request.runtime
    session_id: UUID = ctx.args["input"]["session_id"]
    async with runtime.rate_limits.calls(sign_outs(ctx)):
        await runtime.identity.end_session(ctx.identity, session_id, request.now)
    viewer = await users.profile(runtime.writer, user_id)
    if viewer is None:
        raise unauthenticated()
    return EndSessionResult(session_id, viewer)


async def _own_sessions(request: Request) -> Sequence[ActiveSession]:
    if request.identity.subject is None:
        return []
    found = await request.runtime.identity.sessions(request.identity, request.now)
    current = session_of(request.identity)
    return [replace(session, is_current=session.id == current) for session in found]
