"""Counting many walks of one member for one team, as when they join: `contributions` does the same walk by walk.

The caller has locked the member and the team. The walks are processed in memory in their order, so each milestone is
reached by the walk that reached it, and storing takes as many statements for a thousand walks as for one.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from milequest.actions import contributions as single
from milequest.rules.contributions import Amounts, Stay, counted_by
from milequest.rules.enums import EventKind, GoalStatus, Verdict
from milequest.rules.events import team_event
from milequest.store.sql import contributions, entries, recounting
from milequest.store.sql.contributions import CountedForGoal
from milequest.store.sql.recounting import MembershipPeriod, OpenGoal
from milequest.store.sql.transaction import Tx


@dataclass(slots=True)
class _Changes:
    """Changes to be stored for all walks together."""

    put: list[Amounts] = field(default_factory=list)
    put_goals: list[tuple[UUID, Amounts]] = field(default_factory=list)
    drop: list[UUID] = field(default_factory=list)
    drop_goals: list[tuple[UUID, UUID]] = field(default_factory=list)
    show: list[tuple[UUID, UUID, bool]] = field(default_factory=list)
    deltas_mm: Counter[UUID] = field(default_factory=Counter)
    days: set[date] = field(default_factory=set)
    goals: set[UUID] = field(default_factory=set)  # goals whose boards change


@dataclass(slots=True)
class _Recount:
    """A member's walks, and the teams and goals to count them for."""

    tx: Tx
    team_id: UUID
    now: datetime
    periods: Sequence[MembershipPeriod]
    verdicts: dict[UUID, Verdict]
    old_walks: dict[UUID, Amounts]
    old_goals: dict[UUID, CountedForGoal]
    goals: dict[UUID, OpenGoal]
    changes: _Changes = field(default_factory=_Changes)

    async def count(self, walk: Amounts) -> None:
        """Count one walk in memory, and apply the totals that it changes."""
        id, changes = walk.activity_id, self.changes
        stay = next((period for period in self.periods if period.holds(walk.started_at)), None)
        stays = {} if stay is None else {self.team_id: Stay(stay.is_closed, self.verdicts.get(id))}
        old_teams = {self.team_id: self.old_walks[id]} if id in self.old_walks else {}
        teams = counted_by(stays, old_teams, walk)
        goals = {self.team_id: None if stay and stay.is_closed else self._goal_on(walk.local_date)}
        old_goals = [self.old_goals[id]] if id in self.old_goals else []
        locked = {key: one.goal for key, one in self.goals.items()}
        planned = single.plan_changes(old_goals, teams, goals, locked, walk)
        if not teams and old_teams:
            changes.drop.append(id)
        for counted in teams.values():
            changes.put.append(counted)
            changes.put_goals += [(goal_id, counted) for goal_id, _ in planned.put]
        changes.drop_goals += [(goal_id, id) for goal_id in planned.drop]
        changes.show += [(goal_id, id, walk.is_public) for goal_id in planned.show]
        if days := single.public_days(old_teams, teams):
            changes.days |= set(days)
            changes.goals |= {goal_id for goal_id, _ in planned.put} | {*planned.drop, *planned.show}
        announced = single.record_walk_events(self.tx, id, old_teams, teams, self.now)
        for goal_id, by_mm in sorted(planned.deltas_mm.items()):
            if by_mm:
                changes.deltas_mm[goal_id] += by_mm
                await self._add_to_total(goal_id, by_mm, walk, is_announced=bool(announced))

    def _goal_on(self, day: date) -> UUID | None:
        """Return the goal that a walk of this day would count for: the running one, else the latest completed one."""
        candidates = [
            one
            for one in self.goals.values()
            if single.accepts_walks(one.goal) and one.starts_on <= day <= one.ends_on and one.activated_at is not None
        ]
        latest = max(
            candidates,
            key=lambda one: (one.goal.status == GoalStatus.ACTIVE, one.activated_at, one.goal.id),
            default=None,
        )
        return latest.goal.id if latest else None

    async def _add_to_total(self, goal_id: UUID, by_mm: int, walk: Amounts, *, is_announced: bool) -> None:
        one = self.goals[goal_id]
        one.total.total_mm += by_mm
        if not is_announced:
            self.tx.record(team_event(self.team_id, EventKind.PROGRESS_MOVED, goal_id, self.now))
        applied = await single.apply_total(
            self.tx, one.goal, one.total, by_mm, walk.activity_id, walk.local_date, self.now
        )
        if applied.has_changed:
            one.total.marks = (await recounting.totals(self.tx, [goal_id]))[goal_id].marks
            one.goal = await contributions.lock_goal(self.tx, goal_id)

    async def store(self, user_id: UUID) -> None:
        """Store all changes."""
        tx, changes = self.tx, self.changes
        await recounting.drop(tx, self.team_id, changes.drop, changes.drop_goals)
        await recounting.set_visibility(tx, changes.show)
        await recounting.put(tx, self.team_id, changes.put, changes.put_goals)
        await contributions.add_to_totals(tx, dict(sorted(changes.deltas_mm.items())))
        if changes.days:
            await entries.refresh(tx, user_id, [self.team_id], sorted(changes.days), sorted(changes.goals))


async def recount(tx: Tx, user_id: UUID, team_id: UUID, walks: Sequence[Amounts], now: datetime) -> None:
    """Bring all totals of the team in line with a user's walks after a change of their membership only."""
    if not walks:
        return
    ids = [walk.activity_id for walk in walks]
    periods = await recounting.membership_periods(tx, team_id, user_id)
    verdicts = await recounting.verdicts(tx, team_id, ids)
    old_walks = await recounting.counted_walks(tx, team_id, ids)
    old_goals = await recounting.counted_goals(tx, team_id, ids)
    goals = await recounting.lock_goals(tx, team_id, ids)
    recounted = _Recount(tx, team_id, now, periods, verdicts, old_walks, old_goals, goals)
    for walk in walks:
        await recounted.count(walk)
    await recounted.store(user_id)
