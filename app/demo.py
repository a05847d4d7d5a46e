"""Demo data: five teams, forty people and ninety days of believable walks, made through the actions of the API."""

import random
from asyncio import gather
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from secrets import token_hex
from uuid import UUID
from zoneinfo import ZoneInfo

from app.accounts import ensure_account
from app.environment import SetupError
from app.http.graphiql import DemoAccount
from milequest.actions.activities import DedupKey, draft_from, log_walk
from milequest.actions.goals import create_goal
from milequest.actions.invites import accept_invite, create_invite
from milequest.actions.teams import create_team
from milequest.rules.access import Viewer
from milequest.rules.activities import new_walk
from milequest.rules.calendar import local_date
from milequest.rules.enums import ActivityPrivacy, ActivityType, JoinPolicy, RouteSource, Units
from milequest.rules.goals import Terms, new_terms
from milequest.rules.ids import new_id
from milequest.rules.invites import InviteName, code_of, new_invite, new_salt
from milequest.rules.teams import new_team
from milequest.rules.templates import ROUTE_TEMPLATES, RouteTemplate
from milequest.runtime import Runtime
from milequest.settings import Settings
from milequest.store.sql import goals, teams
from milequest.store.sql.routes import NewRoute
from milequest.store.sql.transaction import Tx

PASSWORD = "Walk2gether"  # of every demo account; they exist on embedded servers only
DAYS = 90
SEED = 20261122

_NAMES = (
    "Ada Amara Ben Bianca Carlos Chloe Dana Diego Elif Emil Fatima Felix Grace Hana Hugo Ines Ivan Jonas Julia Kai "
    "Kira Lars Leila Liam Mara Mei Milan Nadia Noah Nora Omar Paula Quinn Rosa Sami Tara Theo Uma Viktor Yuki"
)
NAMES = tuple(_NAMES.split())


@dataclass(frozen=True, slots=True)
class DemoTeam:
    """A team of the demo: its zone, its route, and the places of its eight people in NAMES."""

    name: str
    description: str
    timezone: str
    template: RouteTemplate
    goal_days: int  # days since the goal began, chosen so that it is not reached yet
    is_public: bool = True


TEAMS = (
    DemoTeam("Dawn Patrol", "Before breakfast, whatever the weather.", "Europe/Berlin", ROUTE_TEMPLATES[0], 10),
    DemoTeam("Harbour Hikers", "Lunch breaks along the water.", "Pacific/Auckland", ROUTE_TEMPLATES[1], 38),
    DemoTeam("Lunch Loop", "Forty minutes, every working day.", "America/New_York", ROUTE_TEMPLATES[1], 35),
    DemoTeam("Night Owls", "After ten, with lamps.", "Asia/Kolkata", ROUTE_TEMPLATES[0], 9, is_public=False),
    DemoTeam(
        "Weekend Wanderers", "Saturdays and Sundays, the long way round.", "America/Los_Angeles", ROUTE_TEMPLATES[1], 40
    ),
)
SEATS = len(NAMES) // len(TEAMS)


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the demo, and their habits: metres on a usual day, and the probability of a walk."""

    index: int
    team: DemoTeam

    @property
    def name(self) -> str:
        return NAMES[self.index]

    @property
    def email(self) -> str:
        return f"{self.name.lower()}@demo.milequest.invalid"

    @property
    def habit_meters(self) -> float:
        return 2_500 + 900 * (self.index * 7 % 8)


PEOPLE = tuple(Person(index, TEAMS[index // SEATS]) for index in range(len(NAMES)))


def accounts() -> list[DemoAccount]:
    """Return an account of each team, for GraphiQL and the greeting: its founder, who is its ADMIN."""
    return [DemoAccount(f"{p.name}, {p.team.name}", p.email, PASSWORD) for p in PEOPLE[::SEATS]]


def founder_of(team: DemoTeam) -> Person:
    """Return the founder of the team, who is its ADMIN."""
    return PEOPLE[TEAMS.index(team) * SEATS]


async def user_of(runtime: Runtime, person: Person) -> UUID | None:
    """Return the person's user, None if there is none (any more)."""
    user_id: UUID | None = await runtime.writer.fetchval("SELECT id FROM app_user WHERE email_key = $1", person.email)
    return user_id


async def is_loaded(runtime: Runtime) -> bool:
    """Return whether the demo is loaded to its end: the walks of its last person are loaded last."""
    walks = "SELECT count(*) FROM activity a JOIN app_user u ON u.id = a.user_id WHERE u.email_key = $1"
    return bool(await runtime.writer.fetchval(walks, PEOPLE[-1].email))


class NotDemoServerError(SetupError):
    """The demo may not be loaded on these servers."""

    status = 2


def is_demo_server(settings: Settings) -> bool:
    """Return whether the demo may be loaded: the servers are embedded, and its people can sign in by password."""
    return settings.embedded and not settings.jwks_url


async def load(runtime: Runtime, now: datetime, progress: Callable[[int, int], None], days: int = DAYS) -> None:
    """Load the demo as if it had happened over the last `days` days. Existing data stays as it is.

    Raises NotDemoServerError unless `is_demo_server`, as the accounts' password is public.
    """
    if not is_demo_server(runtime.settings):
        raise NotDemoServerError(
            "the demo's accounts have a public password, so they are made on the embedded servers only, with the "
            "built-in identity provider: unset MILEQUEST_DATABASE_URL, MILEQUEST_REDIS_URL and MILEQUEST_JWKS_URL"
        )
    began = now - timedelta(days=days)
    users: dict[Person, UUID] = {}
    for team in TEAMS:
        people = [person for person in PEOPLE if person.team is team]
        users |= zip(people, await gather(*(_account(runtime, person, began) for person in people)), strict=True)
        await _team(runtime, team, [users[person] for person in people], began, days)
    for done, person in enumerate(PEOPLE, start=1):
        for batch in _batches(list(walks_of(person, now, days))):
            await runtime.commit(partial(_log, user_id=users[person], walks=batch))
        progress(done, len(PEOPLE))


@dataclass(frozen=True, slots=True)
class DemoWalk:
    """One walk of the demo: `key` is the same each time the demo is made."""

    key: str
    started_at: datetime
    timezone: str
    meters: float
    seconds: int
    type: ActivityType
    privacy: ActivityPrivacy
    notes: str | None


def walks_of(person: Person, now: datetime, days: int = DAYS) -> Iterator[DemoWalk]:
    """Yield some days of one person's walks, the same every time: longer at weekends, shorter in bad weeks."""
    zone = ZoneInfo(person.team.timezone)
    today = now.astimezone(zone).date()
    for ago in range(days - 1, -1, -1):
        day = today - timedelta(days=ago)
        chance = random.Random(f"{SEED}:{person.index}:{day}")
        if chance.random() < _chance(person, day):
            walk = _walk(person, day, zone, chance)
            if walk.started_at + timedelta(seconds=walk.seconds) < now:
                yield walk


def _chance(person: Person, day: date) -> float:
    weekend = day.weekday() >= 5
    if person.team.name == "Weekend Wanderers":
        return 0.95 if weekend else 0.25
    return 0.55 if weekend else 0.45 + 0.06 * (person.index % 7)


def _walk(person: Person, day: date, zone: ZoneInfo, chance: random.Random) -> DemoWalk:
    week = 0.85 + 0.3 * random.Random(f"{SEED}:{day.isocalendar()[:2]}").random()  # the same for everybody
    meters = person.habit_meters * week * chance.lognormvariate(0, 0.3) * (1.5 if day.weekday() >= 5 else 1.0)
    hour = {"Dawn Patrol": 6, "Night Owls": 20}.get(person.team.name, 12) + chance.randrange(3)
    started = datetime.combine(day, time(hour, chance.randrange(60), chance.randrange(60)), zone)
    kind = ActivityType.RUN if chance.random() < 0.08 else ActivityType.WALK
    speed = chance.uniform(2.4, 3.2) if kind is ActivityType.RUN else chance.uniform(1.15, 1.65)
    return DemoWalk(
        f"demo-{person.index}-{day}",
        started.astimezone(UTC),
        zone.key,
        round(min(meters, 28_000), 1),
        round(meters / speed),
        kind,
        ActivityPrivacy.PRIVATE if chance.random() < 0.06 else ActivityPrivacy.PUBLIC,
        chance.choice(("Lovely light today.", "Rain, but worth it.", "With the dog."))
        if chance.random() < 0.12
        else None,
    )


async def _account(runtime: Runtime, person: Person, began: datetime) -> UUID:
    units = Units.MILES if person.team.timezone.startswith("America/") else Units.KILOMETERS
    zone = person.team.timezone
    return await ensure_account(
        runtime, person.email, PASSWORD, person.name, began, timezone=zone, preferred_units=units
    )


async def _team(runtime: Runtime, team: DemoTeam, people: Sequence[UUID], began: datetime, days: int) -> None:
    """Found the team, add all its people, and start its goal, in one transaction: it exists whole or not at all."""
    founder, *others = people
    if await teams.by_name(runtime.writer, Viewer(founder), team.name):
        return
    new = new_team(team.name, team.description, team.is_public, JoinPolicy.OPEN, timezone=team.timezone)
    goal = await _goal(runtime, team, team.template, began, max(0, days - team.goal_days))

    async def work(tx: Tx) -> None:
        made = await create_team(tx, founder, began, new)
        secret, salt = token_hex(), new_salt()
        link = new_invite(began, max_uses=len(others))
        await create_invite(tx, founder, began, made.team_id, link, secret, salt)
        for other in others:
            await accept_invite(tx, other, began, InviteName(code_of(secret, salt)))
        await create_goal(tx, Viewer(founder), began, made.team_id, *goal, activate=True)

    await runtime.commit(work)


async def _goal(
    runtime: Runtime, team: DemoTeam, template: RouteTemplate, now: datetime, begins_in_days: int = 0
) -> tuple[Terms, NewRoute]:
    """Return the terms of a goal along a famous walk, and its route."""
    plan = await runtime.providers.router.route(template.waypoints)
    today = now.astimezone(ZoneInfo(team.timezone)).date()
    first = today + timedelta(days=begins_in_days)
    terms = new_terms(template.name, first, ends_on=first + timedelta(days=DAYS), today=today)
    return terms, NewRoute(new_id(now), template.waypoints, plan.legs, RouteSource.TEMPLATE, None, plan.attribution)


async def ensure_goal(runtime: Runtime, team: DemoTeam, now: datetime) -> UUID | None:
    """Return the team's running goal. A team without one gets the famous walk that follows the last one it walked."""
    db, viewer = runtime.writer, Viewer(await user_of(runtime, founder_of(team)))
    known = await teams.by_name(db, viewer, team.name)
    if known is None:  # renamed or deleted
        return None
    running = (await goals.active_of(db, viewer, [known.id])).get(known.id)
    if running and local_date(now, ZoneInfo(team.timezone)) <= running.ends_on:
        return running.id
    past = (await goals.pages_of(db, viewer, [known.id], None, None, 1)).get(known.id, [])
    goal = await _goal(runtime, team, _after(past[0].name if past else ""), now)
    made = await runtime.commit(lambda tx: create_goal(tx, viewer, now, known.id, *goal, activate=True))
    return made.goal_id


def _after(name: str) -> RouteTemplate:
    """Return the famous walk after the one of this name."""
    names = [template.name for template in ROUTE_TEMPLATES]
    return ROUTE_TEMPLATES[(names.index(name) + 1) % len(names) if name in names else 0]


async def _log(tx: Tx, user_id: UUID, walks: Sequence[DemoWalk]) -> None:
    for walk in walks:
        ended = walk.started_at + timedelta(seconds=walk.seconds)
        checked = new_walk(
            started_at=walk.started_at,
            now=ended,
            timezone=walk.timezone,
            distance_meters=walk.meters,
            duration_seconds=walk.seconds,
            type=walk.type,
            privacy=walk.privacy,
            notes=walk.notes,
        )
        await log_walk(tx, user_id, ended, draft_from(checked), DedupKey(walk.key, walk.key.encode()))


def _batches(walks: Sequence[DemoWalk]) -> Iterator[Sequence[DemoWalk]]:
    for start in range(0, len(walks), 100):
        yield walks[start : start + 100]
