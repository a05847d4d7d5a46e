"""Counting of walks: the only code that changes totals, whether a walk is new, edited, hidden or deleted.

The caller has locked the walk's owner. Locks here: boards by team, then goals by id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from milequest.rules.boards import final_windows
from milequest.rules.contributions import Amounts, counted_by
from milequest.rules.enums import EventKind, GoalStatus
from milequest.rules.events import team_event
from milequest.rules.progress import crossed
from milequest.store.sql import board_corrections, contributions, entries, goal_transitions
from milequest.store.sql.contributions import CountedForGoal, GoalTotal, LockedGoal
from milequest.store.sql.transaction import Tx


@dataclass(frozen=True, slots=True)
class Counted:
    """Result of counting a walk: the goals that count it or did, and the milestones it reached."""

    goal_ids: list[UUID]
    milestone_ids: list[UUID]


@dataclass(frozen=True, slots=True)
class TotalApplied:
    """Result of applying a total: the milestones first reached by it, and whether any milestone or the goal changed."""

    reached: list[UUID]
    has_changed: bool


@dataclass(frozen=True, slots=True)
class _TotalChanges:
    """Goals that take the walk, lose it, or only show or hide it, and by how much each total changes."""

    put: list[tuple[UUID, UUID]]
    drop: list[UUID]
    show: list[UUID]
    deltas_mm: dict[UUID, int]
    reattributed: set[UUID]  # goals whose total is attributed differently, since the walk was hidden or shown


async def count(
    tx: Tx,
    activity_id: UUID,
    user_id: UUID,
    amounts: Amounts | None,
    now: datetime,
    *,
    new: bool = False,
    only_team: UUID | None = None,
) -> Counted:
    """Bring every total in line with a walk that is now `amounts`, or None when it no longer counts.

    `new` means that nothing of the walk was counted before, `only_team` that nothing changes for other teams.
    """
    started_at, day = (amounts.started_at, amounts.local_date) if amounts else (None, None)
    await contributions.lock_boards(tx, user_id, started_at, activity_id)
    old_teams = {} if new else await contributions.counted_teams(tx, activity_id)
    old_goals = [] if new else await contributions.counted_goals(tx, activity_id)
    takers, locked = await contributions.lock_goals(tx, user_id, started_at, day, activity_id)
    if only_team is not None:
        old_teams = {id: counted for id, counted in old_teams.items() if id == only_team}
        old_goals = [goal for goal in old_goals if goal.team_id == only_team]
        takers = {id: taker for id, taker in takers.items() if id == only_team}
    teams = counted_by({id: taker.stay for id, taker in takers.items()}, old_teams, amounts)
    goals = {id: taker.goal_id for id, taker in takers.items()}
    changes = plan_changes(old_goals, teams, goals, locked, amounts)
    totals = await _store(tx, activity_id, teams, old_teams, changes, amounts)
    if days := public_days(old_teams, teams):
        touched = sorted({*teams, *old_teams})
        await entries.refresh(
            tx, user_id, touched, days, [goal for goal, _ in changes.put] + changes.drop + changes.show
        )
        before, after = _teams_that_show(old_teams), _teams_that_show(teams)
        await board_corrections.record(tx, sorted(before ^ after), final_windows(days, now), now)
        await board_corrections.record_goals(tx, changes.show, now)
    announced = record_walk_events(tx, activity_id, old_teams, teams, now)
    milestones = []
    for goal_id, total in totals.items():
        if locked[goal_id].team_id not in announced:  # the walk has no event there, but the marker moves
            tx.record(team_event(locked[goal_id].team_id, EventKind.PROGRESS_MOVED, goal_id, now))
        by_mm = changes.deltas_mm[goal_id]
        applied = await apply_total(tx, locked[goal_id], total, by_mm, activity_id, day or now.date(), now)
        milestones += applied.reached
    return Counted(sorted(changes.deltas_mm), milestones)


async def begin_goal(tx: Tx, goal_id: UUID, now: datetime, today: date) -> None:
    """Start a goal: count the walks in its window that no goal of the team has counted yet."""
    goal = await contributions.lock_goal(tx, goal_id)
    walkers, distance_mm = await goal_transitions.count_earlier_walks(tx, goal_id)
    await entries.refresh_goal(tx, goal_id, sorted(walkers))
    totals = await contributions.add_to_totals(tx, {goal_id: distance_mm})
    await apply_total(tx, goal, totals[goal_id], distance_mm, None, today, now)


def public_days(old_teams: Mapping[UUID, Amounts], teams: Mapping[UUID, Amounts]) -> list[date]:
    """Return the days whose boards may change: those of a walk that was, or now is, public."""
    return sorted({each.local_date for each in (*old_teams.values(), *teams.values()) if each.is_public})


def plan_changes(
    old_goals: Sequence[CountedForGoal],
    teams: Mapping[UUID, Amounts],
    goals: Mapping[UUID, UUID | None],
    locked: Mapping[UUID, LockedGoal],
    walk: Amounts | None,
) -> _TotalChanges:
    """Return the changes for a walk that `old_goals` have counted so far, and `teams` count now.

    `goals` are those that would take it in these teams.
    """
    changes = _TotalChanges([], [], [], {}, set())
    settled: set[UUID] = set()
    for old in old_goals:
        if old.is_final:  # its total stays as it is; privacy always holds
            settled.add(old.team_id)
            if walk and walk.is_public != old.is_public and not (old.is_closed and walk.is_public):
                changes.show.append(old.goal_id)
        elif (amounts := teams.get(old.team_id)) and old.starts_on <= amounts.local_date <= old.ends_on:
            settled.add(old.team_id)
            changes.put.append((old.goal_id, old.team_id))
            changes.deltas_mm[old.goal_id] = amounts.distance_mm - old.distance_mm
            if amounts.is_public != old.is_public:
                changes.reattributed.add(old.goal_id)
        else:
            changes.drop.append(old.goal_id)
            changes.deltas_mm[old.goal_id] = -old.distance_mm
    for team_id, amounts in teams.items():
        goal_id = goals[team_id]
        if goal_id and team_id not in settled and accepts_walks(locked[goal_id]):
            changes.put.append((goal_id, team_id))
            changes.deltas_mm[goal_id] = amounts.distance_mm
    return changes


def accepts_walks(goal: LockedGoal) -> bool:
    """Return whether the goal, now that it is locked, still takes walks."""
    return not goal.is_final and goal.status in (GoalStatus.ACTIVE, GoalStatus.COMPLETED)


async def _store(
    tx: Tx,
    activity_id: UUID,
    teams: Mapping[UUID, Amounts],
    old_teams: Mapping[UUID, Amounts],
    changes: _TotalChanges,
    walk: Amounts | None,
) -> dict[UUID, GoalTotal]:
    """Store the teams and goals that count the walk. Returns the changed totals by goal, in the goals' order."""
    await contributions.drop(tx, activity_id, [team_id for team_id in old_teams if team_id not in teams])
    await contributions.drop_goals(tx, activity_id, changes.drop)
    deltas_mm = {
        goal_id: by_mm
        for goal_id, by_mm in sorted(changes.deltas_mm.items())
        if by_mm or goal_id in changes.reattributed
    }
    if walk is not None:
        await contributions.show_in_goals(tx, activity_id, changes.show, walk.is_public)
    for amounts in set(teams.values()) - {walk}:  # closed memberships count their own
        its_teams = [team_id for team_id, counted in teams.items() if counted == amounts]
        await contributions.put(tx, its_teams, [put for put in changes.put if put[1] in its_teams], amounts, {})
    if walk is None:
        return await contributions.add_to_totals(tx, deltas_mm)
    its_teams = [team_id for team_id, counted in teams.items() if counted == walk]
    return await contributions.put(tx, its_teams, [put for put in changes.put if put[1] in its_teams], walk, deltas_mm)


def record_walk_events(
    tx: Tx,
    activity_id: UUID,
    old_teams: Mapping[UUID, Amounts],
    teams: Mapping[UUID, Amounts],
    now: datetime,
) -> set[UUID]:
    """Record the events of a walk for the teams that see it, and return those teams. A private walk has no events."""
    before, after = _teams_that_show(old_teams), _teams_that_show(teams)
    for team_id in sorted(before | after):
        if team_id not in before:
            kind = EventKind.ACTIVITY_ADDED
        else:
            kind = EventKind.ACTIVITY_CHANGED if team_id in after else EventKind.ACTIVITY_REMOVED
        tx.record(team_event(team_id, kind, activity_id, now))
    return before | after


def _teams_that_show(teams: Mapping[UUID, Amounts]) -> set[UUID]:
    """Return the teams that count the walk as a public one."""
    return {team_id for team_id, amounts in teams.items() if amounts.is_public}


async def apply_total(
    tx: Tx, goal: LockedGoal, total: GoalTotal, by_mm: int, activity_id: UUID | None, day: date, now: datetime
) -> TotalApplied:
    """Apply the new total, which has changed by `by_mm`, to the goal's milestones and status."""
    crossing = crossed(total.marks, total.total_mm)
    reached = [mark.id for mark in crossing.reached]
    await goal_transitions.mark_reached(tx, reached, now, activity_id)
    await goal_transitions.restore(tx, [mark.id for mark in crossing.restored])
    await goal_transitions.revoke(tx, [mark.id for mark in crossing.revoked], now)
    tx.record(*(team_event(goal.team_id, EventKind.MILESTONE_REACHED, mark, now, goal=goal.id.hex) for mark in reached))
    has_changed = await _apply_status(tx, goal, total.total_mm, by_mm, day, now)
    if has_changed:
        tx.record(team_event(goal.team_id, EventKind.GOAL_CHANGED, goal.id, now))
    return TotalApplied(reached, has_changed or bool(crossing.reached or crossing.restored or crossing.revoked))


async def _apply_status(tx: Tx, goal: LockedGoal, total_mm: int, by_mm: int, day: date, now: datetime) -> bool:
    """Complete the goal, reopen it or mark it as corrected; return whether any of this was done.

    It reopens only when its total falls, before it closes, and while no other goal runs; else it stays COMPLETED.
    """
    is_short = total_mm < goal.target_mm
    if goal.status == GoalStatus.ACTIVE:
        if not is_short:
            await goal_transitions.complete(tx, goal.id, now, day)
        return not is_short
    if goal.status != GoalStatus.COMPLETED:
        return False
    if is_short and by_mm < 0 and now < goal.closes_at and await goal_transitions.reopen(tx, goal.id, now):
        return True
    if is_short != goal.corrected:
        await goal_transitions.correct(tx, goal.id, now, corrected=is_short)
    return is_short != goal.corrected
