"""Import a file through the same actions as everything else, as the system user, with the clock at the data's dates.

A file is imported whole or not at all: it is checked before anything is written, and written in one transaction. Walks
that exist are not written twice: people, their records and the team are found by name. Each import of a route is
another draft.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import BinaryIO, TextIO
from uuid import UUID
from zoneinfo import ZoneInfo

from milequest.actions.accounts import user_for_identity
from milequest.actions.activities import DedupKey, draft_from, log_walk
from milequest.actions.goals import create_goal
from milequest.actions.members import admit
from milequest.actions.teams import create_team
from milequest.imports.fitbit_csv import DailyRecord, SkippedRow, read_daily_activity
from milequest.imports.gpx import read_gpx
from milequest.rules.access import Viewer, refuse_unless_admin
from milequest.rules.activities import Walk, new_walk
from milequest.rules.credentials import email_key
from milequest.rules.enums import ActivityPrivacy, ActivitySource, ActivityType, JoinPolicy, RouteSource, TeamRole
from milequest.rules.errors import ErrorCode, Refused, ValidationError, invalid, require
from milequest.rules.geo import line_length_m
from milequest.rules.goals import new_terms
from milequest.rules.identity import IssuerAccount
from milequest.rules.ids import new_id
from milequest.rules.teams import MEMBERS, new_team, refuse_if_full
from milequest.runtime import Runtime
from milequest.store.sql import accounts, members, teams, users
from milequest.store.sql.routes import NewRoute, routes_by_ids
from milequest.store.sql.transaction import Pool, Tx

ISSUER = "import:fitbit"  # the issuer of people from files, who cannot sign in
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class WalksImported:
    """Result of an import of walks."""

    team_id: UUID
    people: int
    added: int = 0
    known: int = 0
    skipped: list[SkippedRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RouteImported:
    """The draft goal made of the file's track; its length as measured by PostGIS counts."""

    team_id: UUID
    goal_id: UUID
    points: int
    sphere_meters: float
    length_meters: float


async def import_walks(
    runtime: Runtime,
    source: TextIO,
    zone: ZoneInfo,
    team_name: str,
    now: datetime,
    progress: Progress,
    owner: str | None = None,
) -> WalksImported:
    """Log a file of daily totals as device records of its people, who become members of the team.

    `owner` is the address of the user who is to see them; see `_team`. Raises ValidationError at `file` for what is no
    such file, CONFLICT for another zone than before, and TEAM_FULL. `progress` gets the rows done and all rows.
    """
    days, skipped = _judged(read_daily_activity(source, now.astimezone(zone).date()), zone, now)
    if not days:
        raise invalid("file", "EMPTY", "no row is a walk")
    people = sorted({day.record.person for day in days})
    await _refuse_another_zone(runtime.writer, people, zone)

    async def work(tx: Tx) -> WalksImported:
        began = days[0].walk.started_at
        joined = {person: await _user(tx, person, zone.key, began) for person in people}
        admin, team_id = await _team(tx, team_name, zone.key, began, owner, joined.values())
        for person in people:
            await _ensure_member(tx, joined[person], admin, team_id, began)
        done = WalksImported(team_id, len(joined), skipped=skipped)
        for day in days:
            once = DedupKey(external_id=day.record.external_id)
            written = await log_walk(tx, joined[day.record.person], day.ended_at, draft_from(day.walk), once)
            done.added += written.is_new
            done.known += not written.is_new
            progress(done.added + done.known, len(days))
        return done

    return await runtime.commit(work)


async def import_route(
    runtime: Runtime, source: BinaryIO, team_name: str, name: str | None, now: datetime, owner: str | None = None
) -> RouteImported:
    """Make a draft goal of the team from a GPX track; `owner` as in `import_walks`. ValidationError at `file`."""
    track = read_gpx(source)
    today = now.date()
    title = name or track.name or "Imported route"
    terms = new_terms(title, today, ends_on=today + timedelta(days=365), today=today)
    route = NewRoute(new_id(now), track.waypoints, track.legs, RouteSource.GPX, track.elevation_gain_meters)

    async def work(tx: Tx) -> tuple[UUID, UUID]:
        admin, team_id = await _team(tx, team_name, "UTC", now, owner)
        return team_id, (await create_goal(tx, admin, now, team_id, terms, route)).goal_id

    team_id, goal_id = await runtime.commit(work)
    stored = (await routes_by_ids(runtime.writer, [route.id]))[route.id]
    return RouteImported(team_id, goal_id, len(track.line), line_length_m(track.line), stored.length_meters)


@dataclass(frozen=True, slots=True)
class _Day:
    """A record as the walk that it becomes, and the instant at which its day ended."""

    record: DailyRecord
    walk: Walk
    ended_at: datetime


def _judged(
    rows: Iterable[DailyRecord | SkippedRow], zone: ZoneInfo, now: datetime
) -> tuple[list[_Day], list[SkippedRow]]:
    """Return the days that can be logged, in order, and the rows that cannot."""
    days: list[_Day] = []
    skipped: list[SkippedRow] = []
    for row in rows:
        try:
            day = row if isinstance(row, SkippedRow) else _day(row, zone, now)
        except ValidationError as refusal:
            reasons = "; ".join(f"{fault.path.removeprefix('input.')}: {fault.message}" for fault in refusal.fields)
            day = SkippedRow(row.line, reasons)
        if isinstance(day, _Day):
            days.append(day)
        else:
            skipped.append(day)
    return sorted(days, key=lambda day: (day.record.local_date, day.record.line)), skipped


def _day(record: DailyRecord, zone: ZoneInfo, now: datetime) -> _Day | SkippedRow:
    """Return the record as a walk that begins at its day's noon, seen from that day's end, or from now if earlier."""
    start = datetime.combine(record.local_date, time(12), zone).astimezone(UTC)
    if start.astimezone(zone).date() != record.local_date:
        return SkippedRow(record.line, f"there was no {record.local_date} in {zone.key}")
    end = min(datetime.combine(record.local_date + timedelta(days=1), time(), zone).astimezone(UTC), now)
    walk = new_walk(
        started_at=start,
        now=end,
        source=ActivitySource.FITBIT,
        timezone=zone.key,
        distance_meters=record.distance_mm / 1000,
        steps=record.steps or None,
        duration_seconds=record.duration_s,
        type=ActivityType.WALK,
        privacy=ActivityPrivacy.PUBLIC,
    )
    return _Day(record, walk, end)


async def _refuse_another_zone(pool: Pool, people: Sequence[str], zone: ZoneInfo) -> None:
    """Raise CONFLICT for people whose walks have another zone; people without walks have none yet.

    A walk's day is fixed when it is logged: a second import in another zone would silently change nothing.
    """
    others = await accounts.zones(pool, ISSUER, people) - {zone.key}
    if others:
        known = ", ".join(sorted(others))
        raise Refused(
            ErrorCode.CONFLICT, f"These people's days are known already, in the zone {known}: import in that."
        )


async def _ourselves(tx: Tx, now: datetime) -> UUID:
    """Return the system user, which founds the teams that imports need and that have no owner."""
    return await user_for_identity(
        tx, IssuerAccount(ISSUER, "founder", "import@milequest.invalid", True, "Mile Quest import"), now
    )


async def _owner(tx: Tx, email: str) -> UUID:
    user_id = await users.by_email(tx, email_key(email))
    if user_id is None:
        raise Refused(ErrorCode.NOT_FOUND, f"No account has the address {email}: sign in with it once first.")
    return user_id


async def _team(
    tx: Tx, name: str, zone: str, now: datetime, owner: str | None, joining: Iterable[UUID] = ()
) -> tuple[Viewer, UUID]:
    """Return the team of this name, and an ADMIN of it on whose behalf we act: the owner, or the system user.

    A new team is the owner's. One that an earlier import founded is shared with the owner, who becomes an ADMIN too; of
    any other the owner is ADMIN already. Locks the acting users and those who are `joining`, as users precede teams in
    the order of locks. Raises NOT_FOUND, FORBIDDEN and CONFLICT.
    """
    ourselves = await _ourselves(tx, now)
    admin = ourselves if owner is None else await _owner(tx, owner)
    await users.lock(tx, ourselves, admin, *joining)
    ours = await teams.by_name(tx, Viewer(ourselves), name)
    if ours is not None and ours.viewer_role == TeamRole.ADMIN:
        await _ensure_member(tx, admin, Viewer(ourselves), ours.id, now, TeamRole.ADMIN)
        return Viewer(ourselves), ours.id
    known = await teams.by_name(tx, Viewer(admin), name)
    if known is not None:
        refuse_unless_admin(known.access_level(Viewer(admin)), is_public=known.is_public)
        return Viewer(admin), known.id
    new = new_team(name, is_public=False, join_policy=JoinPolicy.INVITE_ONLY, max_members=MEMBERS[1], timezone=zone)
    return Viewer(admin), (await create_team(tx, founder_id=admin, now=now, new=new)).team_id


async def _user(tx: Tx, person: str, zone: str, now: datetime) -> UUID:
    """Return the person as a user of ours."""
    account = IssuerAccount(ISSUER, person, f"fitbit-{person}@milequest.invalid", True, f"Fitbit {person}", zone)
    return await user_for_identity(tx, account, now)


async def _ensure_member(
    tx: Tx, user_id: UUID, admin: Viewer, team_id: UUID, now: datetime, role: TeamRole = TeamRole.MEMBER
) -> None:
    """Make the user a member of the team, unless they are one. Raises TEAM_FULL for a MEMBER without a seat."""
    user = require(await users.lock_profile(tx, user_id), "user")
    team = require(await teams.lock(tx, admin, team_id), "team")
    if await members.open_id(tx, team_id, user_id) is None:
        if role is TeamRole.MEMBER:
            refuse_if_full(team.member_count, team.max_members)
        await admit(tx, team_id, user, role, now, admin.user_id, now)
