"""Bring a file's contents in through the same actions as all else, as ourselves, with the clock at the data's dates.

Running one twice brings nothing twice: people, their records and the team are found again by what they are called.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import BinaryIO, TextIO
from uuid import UUID
from zoneinfo import ZoneInfo

from milequest.actions.accounts import user_for_identity
from milequest.actions.activities import Once, as_it_is, log_walk
from milequest.actions.goals import create_goal
from milequest.actions.members import admit
from milequest.actions.teams import create_team
from milequest.imports.fitbit_csv import DailyRecord, SkippedRow, read_daily_activity
from milequest.imports.gpx import read_gpx
from milequest.rules.access import Viewer, refuse_unless_admin
from milequest.rules.activities import Walk, new_walk
from milequest.rules.credentials import email_key
from milequest.rules.enums import ActivityPrivacy, ActivitySource, ActivityType, JoinPolicy, RouteSource, TeamRole
from milequest.rules.errors import ErrorCode, Refused, found, invalid
from milequest.rules.geo import line_length_m
from milequest.rules.goals import new_terms
from milequest.rules.identity import Account
from milequest.rules.ids import new_id
from milequest.rules.teams import MEMBERS, new_team, refuse_if_full
from milequest.store import accounts, members, teams, users
from milequest.store.routes import NewRoute, routes_by_ids
from milequest.store.transaction import Pool, Tx, transact

ISSUER = "import:fitbit"  # of the people in files: nobody can sign in as them
BATCH = 100  # records a transaction

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class WalksImported:
    """What an import of walks came to."""

    team_id: UUID
    people: int
    added: int = 0
    known: int = 0
    skipped: list[SkippedRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RouteImported:
    """The draft goal whose route the file's track is; its length as PostGIS measures it counts."""

    team_id: UUID
    goal_id: UUID
    points: int
    sphere_meters: float
    length_meters: float


async def import_walks(
    pool: Pool, source: TextIO, zone: ZoneInfo, team_name: str, progress: Progress, owner: str | None = None
) -> WalksImported:
    """Log a file of daily totals as device records of its people, who become members of the team.

    `owner` is the address of who is to see them; see `_team`. Raises ValidationError at `file` for what is no such
    file, CONFLICT for another zone than before, and TEAM_FULL. `progress` is told how many of how many rows are done.
    """
    rows = list(read_daily_activity(source))
    records = [row for row in rows if isinstance(row, DailyRecord)]
    if not records:
        raise invalid("file", "EMPTY", "no row has a distance")
    first_day = min(record.local_date for record in records)
    began = datetime.combine(first_day, time(), zone).astimezone(UTC)
    people = _people(records)
    await _refuse_another_zone(pool, people, zone)
    admin, team_id = await _team(pool, team_name, zone.key, began, owner)
    joined = {person: await _member(pool, person, zone.key, admin, team_id, began) for person in people}
    done = WalksImported(team_id, len(joined), skipped=[row for row in rows if isinstance(row, SkippedRow)])
    for batch in _batches(sorted(records, key=lambda record: (record.local_date, record.line))):
        new = (await transact(pool, partial(_log, batch=batch, joined=joined, zone=zone))).result
        done.added += new
        done.known += len(batch) - new
        progress(done.added + done.known, len(records))
    return done


async def import_route(
    pool: Pool, source: BinaryIO, team_name: str, name: str | None, now: datetime, owner: str | None = None
) -> RouteImported:
    """Make a draft goal of the team out of a GPX track; `owner` as in `import_walks`. ValidationError at `file`."""
    track = read_gpx(source)
    admin, team_id = await _team(pool, team_name, "UTC", now, owner)
    today = now.date()
    title = name or track.name or "Imported route"
    terms = new_terms(title, today, ends_on=today + timedelta(days=365), today=today)
    route = NewRoute(new_id(now), track.waypoints, track.legs, RouteSource.GPX, track.elevation_gain_meters)
    made = await transact(pool, lambda tx: create_goal(tx, admin, now, team_id, terms, route))
    stored = (await routes_by_ids(pool, [route.id]))[route.id]
    return RouteImported(team_id, made.result.goal_id, len(track.line), line_length_m(track.line), stored.length_meters)


async def _log(tx: Tx, batch: Sequence[DailyRecord], joined: dict[str, UUID], zone: ZoneInfo) -> int:
    new = 0
    await users.lock(tx, *{joined[record.person] for record in batch})  # all users before any team
    for record in batch:
        walk, now = _walk(record, zone)
        once = Once(external_id=record.external_id)
        new += (await log_walk(tx, joined[record.person], now, as_it_is(walk), once)).is_new
    return new


def _walk(record: DailyRecord, zone: ZoneInfo) -> tuple[Walk, datetime]:
    """The record as a walk that begins with its day, and the clock at that day's end."""
    start = datetime.combine(record.local_date, time(12), zone).astimezone(UTC)
    end = datetime.combine(record.local_date + timedelta(days=1), time(), zone).astimezone(UTC)
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
    return walk, end


def _people(records: Sequence[DailyRecord]) -> list[str]:
    return sorted({record.person for record in records})


def _batches(records: Sequence[DailyRecord]) -> Iterator[Sequence[DailyRecord]]:
    for start in range(0, len(records), BATCH):
        yield records[start : start + BATCH]


async def _refuse_another_zone(pool: Pool, people: Sequence[str], zone: ZoneInfo) -> None:
    """A walk's day is fixed when it is logged: a second import in another zone would change nothing, silently."""
    others = await accounts.zones(pool, ISSUER, people) - {zone.key}
    if others:
        known = ", ".join(sorted(others))
        raise Refused(
            ErrorCode.CONFLICT, f"These people's days are known already, in the zone {known}: import in that."
        )


async def _ourselves(pool: Pool, now: datetime) -> UUID:
    """Ourselves as a user: who founds the teams that imports need and nobody owns."""
    account = Account(ISSUER, "founder", "import@milequest.invalid", True, "Mile Quest import")
    return (await transact(pool, lambda tx: user_for_identity(tx, account, now))).result


async def _owner(pool: Pool, email: str) -> UUID:
    user_id = await users.by_email(pool, email_key(email))
    if user_id is None:
        raise Refused(ErrorCode.NOT_FOUND, f"No account has the address {email}: sign in with it once first.")
    return user_id


async def _team(pool: Pool, name: str, zone: str, now: datetime, owner: str | None) -> tuple[Viewer, UUID]:
    """The team of this name and an ADMIN of it, in whose name we act: the owner, or ourselves where there is none.

    A new team is the owner's. One that an earlier import founded is shared with the owner, who becomes an ADMIN too;
    of any other the owner is ADMIN already. Raises NOT_FOUND, FORBIDDEN and CONFLICT.
    """
    ourselves = await _ourselves(pool, now)
    admin = ourselves if owner is None else await _owner(pool, owner)
    ours = await teams.by_name(pool, Viewer(ourselves), name)
    if ours is not None and ours.viewer_role == TeamRole.ADMIN:
        await transact(pool, partial(_share, team_id=ours.id, founder=ourselves, user_id=admin, now=now))
        return Viewer(ourselves), ours.id
    known = await teams.by_name(pool, Viewer(admin), name)
    if known is not None:
        refuse_unless_admin(known.standing(Viewer(admin)), is_public=known.is_public)
        return Viewer(admin), known.id
    new = new_team(name, is_public=False, join_policy=JoinPolicy.INVITE_ONLY, max_members=MEMBERS[1], timezone=zone)
    founded = await transact(pool, partial(create_team, founder_id=admin, now=now, new=new))
    return Viewer(admin), founded.result.team_id


async def _share(tx: Tx, team_id: UUID, founder: UUID, user_id: UUID, now: datetime) -> None:
    """Make the user an ADMIN of a team of ours, unless they are in it."""
    user = found(await users.lock_profile(tx, user_id), "user")
    found(await teams.lock(tx, Viewer(founder), team_id), "team")
    if await members.open_id(tx, team_id, user_id) is None:
        await admit(tx, team_id, user, TeamRole.ADMIN, now, founder)


async def _member(pool: Pool, person: str, zone: str, admin: Viewer, team_id: UUID, now: datetime) -> UUID:
    """The person as a user of ours and a member of the team."""
    account = Account(ISSUER, person, f"fitbit-{person}@milequest.invalid", True, f"Fitbit {person}", zone)

    async def work(tx: Tx) -> UUID:
        user_id = await user_for_identity(tx, account, now)
        user = found(await users.lock_profile(tx, user_id), "user")
        team = found(await teams.lock(tx, admin, team_id), "team")
        if await members.open_id(tx, team_id, user_id) is None:
            refuse_if_full(team.member_count, team.max_members)
            await admit(tx, team_id, user, TeamRole.MEMBER, now, admin.user_id)
        return user_id

    return (await transact(pool, work)).result
