"""Every total by the rules alone: a world of plain objects without tables or statements."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from tests.milequest.plain_walks import Key, Sums, Walk, first_day, latest, sums

PERIODS = ("DAY", "WEEK", "MONTH", "ALL_TIME")


@dataclass
class Person:
    """A user."""

    id: UUID
    name: str
    zone: str
    shows: bool = True


@dataclass
class Goal:
    """A goal and the walks it holds, as they were when it counted them."""

    id: UUID
    starts_on: date
    ends_on: date
    grace_hours: int
    marks_mm: list[int]
    status: str = "DRAFT"
    activated_at: datetime | None = None
    is_final: bool = False
    is_replaced: bool = False
    is_corrected: bool = False
    held: dict[UUID, Walk] = field(default_factory=dict)

    @property
    def total_mm(self) -> int:
        """The distance walked."""
        return sum(walk.distance_mm for walk in self.held.values())

    @property
    def target_mm(self) -> int:
        """The last milestone's distance."""
        return self.marks_mm[-1]

    @property
    def closes_at(self) -> datetime:
        """The instant when its days have ended at UTC−12, and the grace too."""
        return datetime(*self.ends_on.timetuple()[:3], tzinfo=UTC) + timedelta(hours=36 + self.grace_hours)

    def holds_day(self, day: date) -> bool:
        """Return whether a day is one of its own."""
        return self.starts_on <= day <= self.ends_on


@dataclass
class Team:
    """A team, its memberships as [from, to) by user, and its goals by age.

    `closed` are memberships that ended by removal, as (user, number); `kept` are the walks that count
    of them, as they count.
    """

    id: UUID
    name: str
    zone: str
    is_public: bool
    stays: dict[UUID, list[tuple[datetime, datetime | None]]] = field(default_factory=dict)
    admins: set[UUID] = field(default_factory=set)
    goals: list[Goal] = field(default_factory=list)
    closed: set[tuple[UUID, int | None]] = field(default_factory=set)
    kept: dict[UUID, Walk] = field(default_factory=dict)

    @property
    def members(self) -> set[UUID]:
        """The current members."""
        return {who for who, stays in self.stays.items() if stays[-1][1] is None}

    def counted(self, walk: Walk) -> Walk | None:
        """Return the walk as it counts for the team, None if it doesn't."""
        if self.is_closed(walk):
            return self.kept.get(walk.id)
        return walk if walk.counts and self._stay(walk) is not None else None

    def is_closed(self, walk: Walk) -> bool:
        """Return whether the walk began in a membership that ended by removal."""
        return (walk.owner, self._stay(walk)) in self.closed

    def _stay(self, walk: Walk) -> int | None:
        """Return the number of the owner's membership in which the walk began."""
        stays = enumerate(self.stays.get(walk.owner, ()))
        return next((n for n, (a, b) in stays if a <= walk.started_at and (b is None or walk.started_at < b)), None)

    def keep(self, walk: Walk, before: Walk | None) -> None:
        """Keep of a walk in a closed membership the lesser of what counted `before` and of what it is now."""
        self.kept.pop(walk.id, None)
        if before and walk.counts and self.is_closed(walk):
            less = replace(
                before,
                is_public=before.is_public and walk.is_public,
                distance_mm=min(before.distance_mm, walk.distance_mm),
                duration_s=min(before.duration_s, walk.duration_s),
                steps=min(before.steps, walk.steps),
            )
            self.kept[walk.id] = before if less == before else replace(less, counted_at=walk.counted_at)


@dataclass
class World:
    """All objects. Deleted teams are removed from it."""

    people: dict[UUID, Person] = field(default_factory=dict)
    teams: dict[UUID, Team] = field(default_factory=dict)
    now: datetime = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
    walks: dict[UUID, Walk] = field(default_factory=dict)

    def put(self, walk: Walk, joined: Team | None = None) -> None:
        """Add a walk, or replace it by its new state, or count it for the team its owner joined."""
        before = self.walks.get(walk.id)
        teams = self.teams.values() if joined is None else [joined]
        for team in teams:
            team.keep(walk, before and team.counted(before))
        self.walks[walk.id] = walk
        moved = {goal.id: (team, goal, by_mm) for team in teams for goal, by_mm in self._recount(team, walk)}
        for goal_id in sorted(moved):
            self._settle(*moved[goal_id])

    def _recount(self, team: Team, walk: Walk) -> Iterator[tuple[Goal, int]]:
        """Let the team's goals add or remove the walk; yield those whose total changed, and by how much."""
        running = max(
            (goal for goal in team.goals if not goal.is_final and goal.status in ("ACTIVE", "COMPLETED")),
            key=lambda goal: (goal.holds_day(walk.local_date), goal.status == "ACTIVE", goal.activated_at, goal.id),
            default=None,
        )
        holder = next((goal for goal in team.goals if walk.id in goal.held), None)
        if holder is not None and holder.is_final:
            held = holder.held[walk.id]
            if walk.counts and not (team.is_closed(held) and walk.is_public):
                holder.held[walk.id] = replace(held, is_public=walk.is_public)
            return
        before = holder.held.pop(walk.id).distance_mm if holder else 0
        counted = team.counted(walk)
        if holder is not None and counted and holder.holds_day(counted.local_date):
            holder.held[walk.id] = counted
            if before != counted.distance_mm:
                yield holder, counted.distance_mm - before
            return
        if holder is not None:
            yield holder, -before
        if running is not None and counted and not team.is_closed(walk) and running.holds_day(walk.local_date):
            running.held[walk.id] = walk
            yield running, walk.distance_mm

    def begin(self, team: Team, goal: Goal) -> None:
        """Begin or extend a goal: it takes the walks that no other goal of the team holds."""
        for walk in self.walks.values():
            free, counted = all(walk.id not in other.held for other in team.goals), team.counted(walk)
            if free and counted and goal.holds_day(counted.local_date):
                goal.held[walk.id] = counted
        self._settle(team, goal, 0)

    def _settle(self, team: Team, goal: Goal, by_mm: int) -> None:
        reached = goal.total_mm >= goal.target_mm
        if goal.status == "ACTIVE" and reached:
            goal.status = "COMPLETED"
        elif goal.status == "COMPLETED":
            goal.is_corrected = not reached
            is_alone = all(other.status != "ACTIVE" or other.is_replaced for other in team.goals)
            if not reached and by_mm < 0 and self.now < goal.closes_at and is_alone:
                goal.status, goal.is_corrected = "ACTIVE", False

    def contributions(self) -> dict[Key, Key]:
        """Return which walk counts for which team, and with how much."""
        return {
            (team.id, walk.id): counted.amounts
            for team in self.teams.values()
            for walk in self.walks.values()
            if (counted := team.counted(walk))
        }

    def goal_contributions(self) -> dict[Key, Key]:
        """Return which walk counts for which goal, and with how much."""
        return {
            (goal.id, walk.id): (team.id, *walk.amounts)
            for team in self.teams.values()
            for goal in team.goals
            for walk in goal.held.values()
        }

    def board_entries(self) -> dict[Key, Sums]:
        """Return sums by team, period, the window's first day and user."""
        groups: dict[Key, list[Walk]] = {}
        for team in self.teams.values():
            for walk in self.walks.values():
                counted = team.counted(walk)
                if counted and counted.is_public:
                    for period in PERIODS:
                        key = team.id, period, first_day(period, counted.local_date), walk.owner
                        groups.setdefault(key, []).append(counted)
        return {key: sums(walks) for key, walks in groups.items()}

    def team_entries(self) -> dict[Key, Key]:
        """Return for public teams, by team, period and the window's first day, the number of walkers and their sums."""
        groups: dict[Key, list[Sums]] = {}
        for (team_id, period, day, _), entry in self.board_entries().items():
            if self.teams[team_id].is_public:
                groups.setdefault((team_id, period, day), []).append(entry)
        return {
            key: (len(entries), *(sum(one[n] for one in entries) for n in range(5)), *latest(entries))
            for key, entries in groups.items()
        }

    def goal_entries(self) -> dict[Key, Sums]:
        """Return sums by goal and user."""
        groups: dict[Key, list[Walk]] = {}
        for team in self.teams.values():
            for goal in team.goals:
                for walk in goal.held.values():
                    if walk.is_public:
                        groups.setdefault((goal.id, walk.owner), []).append(walk)
        return {key: sums(walks) for key, walks in groups.items()}

    def progress(self) -> dict[Key, Key]:
        """Return by goal its status, whether it is corrected, its total, and the distances of reached milestones."""
        return {
            (goal.id,): (
                goal.status,
                goal.is_corrected,
                goal.total_mm,
                [at for at in goal.marks_mm if at <= goal.total_mm] or None,
            )
            for team in self.teams.values()
            for goal in team.goals
        }

    def member_counts(self) -> dict[Key, Key]:
        """Return by team its number of members, and whether it is public."""
        return {(team.id,): (len(team.members), team.is_public) for team in self.teams.values()}

    def shown(self, team: Team) -> list[Key]:
        """Return all rows on the team's boards and its goals'."""
        people = {who for who, person in self.people.items() if person.shows}
        entries = [(key, sums) for key, sums in self.board_entries().items() if key[0] == team.id]
        seen = [entry for entry in entries if entry[0][3] in people & team.members]
        ours = {goal.id for goal in team.goals}
        return seen + [entry for entry in self.goal_entries().items() if entry[0][0] in ours and entry[0][1] in people]

    def ranking(self, team: Team, period: str, day: date, metric: int) -> list[tuple[int, UUID, int]]:
        """Return (rank, user, value) on a team's board, best first; `metric` is the value's index among the sums."""
        rows = []
        for (team_id, of, start, who), entry in self.board_entries().items():
            if (team_id, of, start) == (team.id, period, first_day(period, day)) and who in team.members:
                person = self.people[who]
                if person.shows and entry[metric]:
                    rows.append((-entry[metric], entry[5], person.name.encode().lower(), who.bytes, who))
        values = [row[0] for row in sorted(rows)]
        return [(1 + values.index(row[0]), row[-1], -row[0]) for row in sorted(rows)]
