"""Every total by the rules alone: a world of plain objects without tables or statements."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.milequest.plain_objects import Goal, Person, Team
from tests.milequest.plain_walks import Key, Sums, Walk, first_day, latest, minutes, sums

PERIODS = ("DAY", "WEEK", "MONTH", "ALL_TIME")


@dataclass
class World:
    """All objects. Deleted teams are removed from it."""

    people: dict[UUID, Person] = field(default_factory=dict)
    teams: dict[UUID, Team] = field(default_factory=dict)
    now: datetime = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
    walks: dict[UUID, Walk] = field(default_factory=dict)
    deleted: dict[UUID, Walk] = field(default_factory=dict)

    def joined(self, team: Team, who: Person) -> None:
        """Begin a membership, from the start of the person's day."""
        zone = ZoneInfo(who.zone)
        since = datetime.combine(self.now.astimezone(zone).date(), time(), zone).astimezone(UTC)
        stays = team.stays.setdefault(who.id, [])
        since = max([since, *(left for _, left in stays if left)])
        stays.append((since, None))
        self._recount_since(team, who, since)

    def left(self, team: Team, who: Person, *, was_removed: bool = False) -> None:
        """End a membership, and close it if it ends by removal."""
        before = {walk.id: team.counted(walk) for walk in self.walks.values() if walk.owner == who.id}
        stays = team.stays[who.id]
        since, _ = stays.pop()
        stays.append((since, max(since, self.now)))
        if was_removed:
            team.closed.add((who.id, len(stays) - 1))
            for walk_id, counted in before.items():
                team.keep(self.walks[walk_id], counted)
        self._recount_since(team, who, self.now)

    def _recount_since(self, team: Team, who: Person, since: datetime) -> None:
        for walk in sorted(self.walks.values(), key=lambda walk: walk.id):
            if walk.owner == who.id and walk.started_at >= since:
                self.put(walk, team)

    def put(self, walk: Walk, joined: Team | None = None) -> None:
        """Add a walk, or replace it by its new state, or count it for the team its owner joined."""
        before = self.walks.get(walk.id)
        for team in self.teams.values() if joined is None else [joined]:
            counted = before and team.counted(before)
            if before and walk.measures != before.measures and team.verdicts.get(walk.id) == "APPROVED":
                del team.verdicts[walk.id]
            team.keep(walk, counted)
        self._apply(list(self.teams.values()) if joined is None else [joined], walk)

    def rule(self, team: Team, walk: Walk, verdict: str | None) -> None:
        """Let an admin's decision about the walk stand for the team, or none."""
        counted = team.counted(walk)
        team.verdicts.pop(walk.id, None)
        if verdict:
            team.verdicts[walk.id] = verdict
        team.keep(walk, counted)
        self._apply([team], walk)

    def _apply(self, teams: list[Team], walk: Walk) -> None:
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
            if walk.is_live and not (team.is_closed(held) and walk.is_public):
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

    def days_of(self, who: UUID) -> dict[date, Key]:
        """Return someone's sums by day: millimetres, seconds, steps and walks."""
        days: dict[date, list[Walk]] = {}
        for walk in self.walks.values():
            if walk.owner == who and walk.counts:
                days.setdefault(walk.local_date, []).append(walk)
        return {day: sums(walks)[:4] for day, walks in days.items()}

    def runs_of(self, who: UUID) -> list[tuple[list[date], int]]:
        """Return someone's runs of walked days, oldest first, each with the offset of its last walk in minutes."""
        runs: list[tuple[list[date], int]] = []
        own = [walk for walk in self.walks.values() if walk.owner == who and walk.counts]
        for walk in sorted(own, key=lambda walk: (walk.local_date, walk.started_at, walk.id)):
            days, offset = runs.pop() if runs else ([], 0)
            missed = (walk.local_date - days[-1]).days - 1 if days else 0
            if missed > 1 or (missed == 1 and walk.offset_minutes - offset < 720):
                runs.append((days, offset))
                days = []
            new = [] if days and days[-1] == walk.local_date else [walk.local_date]
            runs.append((days + new, walk.offset_minutes))
        return runs

    def streak_of(self, who: UUID) -> Key:
        """Return the days of someone's current run, its first day, and the longest run's number of days."""
        runs = self.runs_of(who)
        if not runs:
            return 0, None, 0
        days, offset = runs[-1]
        here = self.now.astimezone(ZoneInfo(self.people[who].zone))
        missed, risen = (here.date() - days[-1]).days - 1, minutes(here) - offset
        current = days if missed <= 0 or (missed == 1 and risen >= 720) else []
        return len(current), current[0] if current else None, max(len(run) for run, _ in runs)

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
