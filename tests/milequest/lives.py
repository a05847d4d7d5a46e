"""Lives of teams, for tests: random steps, run through the actions and on the plain model beside them."""

import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from redis.asyncio import Redis

from app.embedded.valkey import Valkey
from milequest.actions import activities, goals, invites, members, moderation, profiles, teams
from milequest.rules.access import Viewer
from milequest.rules.activities import new_walk
from milequest.rules.enums import ActivityPrivacy, JoinPolicy, LegQuality, RouteSource
from milequest.rules.errors import QuestError
from milequest.rules.geo import LatLng, great_circle
from milequest.rules.goals import new_terms
from milequest.rules.ids import new_id
from milequest.rules.invites import InviteName, code_of, new_invite
from milequest.rules.routes import Leg, Waypoint
from milequest.rules.teams import new_team
from milequest.store.cache.bus import Bus
from milequest.store.sql.routes import NewRoute
from milequest.store.sql.transaction import Pool, Tx, transact
from tests.milequest.plain_objects import Goal, Person, Team
from tests.milequest.plain_walks import Walk, changed
from tests.milequest.totals import World

T = TypeVar("T")

ZONES = ("UTC", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland")
WAYPOINTS = (Waypoint(LatLng(0, 0), "Start"), Waypoint(LatLng(0, 0.01), "Half"), Waypoint(LatLng(0, 0.02), "End"))
LINES = [great_circle(here.position, there.position) for here, there in pairwise(WAYPOINTS)]
LEGS = tuple(Leg(line, LegQuality.ESTIMATED) for line in LINES)


@dataclass
class Life:
    """Each of THINGS is a method that runs one step, made definite by its numbers, unless it is impossible."""

    db: Pool
    redis: Redis
    valkey: Valkey
    world: World = field(default_factory=World)

    @property
    def now(self) -> datetime:
        """The world's instant."""
        return self.world.now

    @now.setter
    def now(self, now: datetime) -> None:
        self.world.now = now

    async def write(self, action: Callable[[Tx], Awaitable[Any]]) -> Any:
        """Run an action as a resolver does; return None when it was refused."""
        try:
            committed = await transact(self.db, action)
        except QuestError:
            return None
        await Bus(self.redis, self.db).wake(committed.positions)
        return committed.result

    async def person(self, name: str, zone: str) -> None:
        someone = Person(new_id(self.now), name, zone)
        await self.db.execute(
            "INSERT INTO app_user (id, email, email_key, name, timezone, created_at, updated_at) "
            "VALUES ($1, $2, $2, $3, $4, $5, $5)",
            *(someone.id, f"{someone.id.hex}@example.com", name, zone, self.now),
        )
        self.world.people[someone.id] = someone

    def pick(self, of: dict[UUID, T], number: int) -> T | None:
        return list(of.values())[number % len(of)] if of else None

    def someone(self, number: int) -> Person:
        return list(self.world.people.values())[number % len(self.world.people)]

    async def found(self, a: int, b: int, c: int) -> None:
        if len(self.world.teams) == 3:
            return
        who, zone = self.someone(a), ZONES[b % len(ZONES)]
        new = new_team(f"Team {len(self.world.teams)} {self.now}", None, c % 4 > 0, JoinPolicy.OPEN, None, zone)
        made = await self.write(lambda tx: teams.create_team(tx, who.id, self.now, new))
        if made:
            self.world.teams[made.team_id] = Team(made.team_id, new.name, zone, new.is_public, admins={who.id})
            self.world.joined(self.world.teams[made.team_id], who)

    async def join(self, a: int, b: int, _: int) -> None:
        who = self.someone(a)
        team = self.pick({team.id: team for team in self.world.teams.values() if who.id not in team.members}, b)
        if not team:
            return
        is_open = (who.id, len(team.stays.get(who.id, ())) - 1) not in team.closed
        came_in = await self.write(lambda tx: members.join_team(tx, who.id, self.now, team.id))
        assert came_in is None or is_open, "somebody who was removed takes an invite that is newer"
        if came_in or (not is_open and await self._by_invite(team, who)):
            self.world.joined(team, who)

    async def _by_invite(self, team: Team, who: Person) -> bool:
        """Let somebody in who was removed, by an invite made a moment later."""
        self.now += timedelta(milliseconds=1)
        admin, new = next(iter(team.admins)), new_invite(self.now)
        made = await self.write(lambda tx: invites.create_invite(tx, admin, self.now, team.id, new, "secret", "salt"))
        name = InviteName(code=code_of("secret", made.salt))
        return await self.write(lambda tx: invites.accept_invite(tx, who.id, self.now, name)) is not None

    async def leave(self, a: int, b: int, _: int) -> None:
        who = self.someone(a)
        team = self.pick({team.id: team for team in self.world.teams.values() if who.id in team.members}, b)
        if team and await self.write(lambda tx: members.leave_team(tx, who.id, self.now, team.id)):
            self.world.left(team, who)
            if not team.members:
                del self.world.teams[team.id]

    async def remove(self, a: int, b: int, _: int) -> None:
        team = self.pick(self.world.teams, a)
        who = team and self.pick({who: who for who in team.members - team.admins}, b)
        if not team or not who:
            return
        member = await self.db.fetchval(
            "SELECT id FROM team_member WHERE user_id = $1 AND left_at IS NULL AND team_id = $2", who, team.id
        )
        admin = next(iter(team.admins))
        assert await self.write(lambda tx: members.remove_member(tx, admin, self.now, member))
        self.world.left(team, self.world.people[who], was_removed=True)

    async def hide_team(self, a: int, _: int, __: int) -> None:
        if team := self.pick(self.world.teams, a):
            changes = {"is_public": not team.is_public}
            admin = next(iter(team.admins))
            if await self.write(lambda tx: teams.update_team(tx, admin, self.now, team.id, changes)):
                team.is_public = not team.is_public

    async def end_team(self, a: int, b: int, _: int) -> None:
        team = self.pick(self.world.teams, a)
        if team and b % 4 == 0:
            admin = next(iter(team.admins))
            if await self.write(lambda tx: teams.delete_team(tx, admin, self.now, team.id, team.name)):
                del self.world.teams[team.id]

    async def hide_person(self, a: int, _: int, __: int) -> None:
        who = self.someone(a)
        changes = {"show_on_leaderboards": not who.shows}
        assert await self.write(lambda tx: profiles.update_profile(tx, who.id, self.now, changes))
        who.shows = not who.shows

    async def log(self, a: int, b: int, c: int) -> None:
        who = self.someone(a)
        zone = who.zone if b % 3 else ZONES[c % len(ZONES)]
        minutes = b % 3000 if b % 4 else b % 9 - 4  # a clock may be fast
        try:
            walk = new_walk(
                started_at=self.now - timedelta(minutes=minutes),
                now=self.now,
                timezone=zone,
                distance_meters=(c % 9000 + 1) / 3,
                steps=c % 5000 or None,
                duration_seconds=c % 2000 + 60,
                privacy=ActivityPrivacy.PRIVATE if a % 4 == 0 else None,
            )
        except QuestError:
            return
        done = await self.write(
            lambda tx: activities.log_walk(tx, who.id, self.now, activities.draft_from(walk), allow_duplicate=True)
        )
        if done:
            public, steps, seconds = walk.privacy == "PUBLIC", walk.steps or 0, walk.duration_s or 0
            day = walk.started_at.astimezone(ZoneInfo(zone)).date()
            counts = walk.distance_mm <= 7000 * seconds
            what = (walk.distance_mm, seconds, steps)
            self.world.put(Walk(done.activity_id, who.id, walk.started_at, zone, day, *what, public, counts, self.now))

    async def edit(self, a: int, b: int, c: int) -> None:
        walk = self.pick(self.world.walks, a)
        if walk is None:
            return
        sent, change = changed(walk, b, c)
        if await self.write(lambda tx: activities.update_walk(tx, walk.owner, self.now, walk.id, sent)):
            new = replace(walk, **change)
            day = new.started_at.astimezone(ZoneInfo(new.zone)).date()
            new = replace(new, local_date=day, counts=new.distance_mm <= 7000 * new.duration_s)
            if replace(new, notes=walk.notes) != walk:
                new = replace(new, counted_at=self.now)
            if new != walk:
                self.world.put(new)

    async def delete(self, a: int, _: int, __: int) -> None:
        walk = self.pick(self.world.walks, a)
        if walk and await self.write(lambda tx: activities.delete_walk(tx, walk.owner, self.now, walk.id)):
            self.world.put(replace(walk, is_live=False))
            self.world.deleted[walk.id] = self.world.walks.pop(walk.id)

    async def restore(self, a: int, _: int, __: int) -> None:
        walk = self.pick(self.world.deleted | self.world.walks, a)
        if walk is None or not await self.write(lambda tx: activities.restore_walk(tx, walk.owner, self.now, walk.id)):
            return
        if self.world.deleted.pop(walk.id, None):
            self.world.put(replace(walk, is_live=True, counted_at=self.now))

    async def rule(self, a: int, b: int, c: int) -> None:
        team, walk = self.pick(self.world.teams, a), self.pick(self.world.walks, b)
        if not team or not walk:
            return
        admin, may = next(iter(team.admins)), team.may_rule(walk)
        action, why = (moderation.reject_walk, ["No."]) if c % 2 else (moderation.approve_walk, [])
        done = await self.write(lambda tx: action(tx, admin, self.now, team.id, walk.id, *why))
        assert (done is not None) is may
        if done:
            self.world.rule(team, walk, "REJECTED" if c % 2 else None if walk.counts else "APPROVED")

    async def draft(self, a: int, b: int, c: int) -> None:
        team = self.pick(self.world.teams, a)
        if team is None:
            return
        today = self.now.astimezone(ZoneInfo(team.zone)).date()
        terms = new_terms("Far", today, None, today + timedelta(days=b % 4 + 1), c % 24, today=today)
        route = NewRoute(new_id(self.now), WAYPOINTS, LEGS, RouteSource.WAYPOINTS)
        viewer, activate = Viewer(next(iter(team.admins))), b % 8 > 0
        made = await self.write(
            lambda tx: goals.create_goal(tx, viewer, self.now, team.id, terms, route, activate=activate)
        )
        if made:
            marks = await self.db.fetch("SELECT at_mm FROM milestone WHERE goal_id = $1 ORDER BY at_mm", made.goal_id)
            marks_mm = [row[0] for row in marks]
            team.goals.append(Goal(made.goal_id, terms.starts_on, terms.ends_on, terms.grace_hours, marks_mm))
            if activate:
                self._begun(team, team.goals[-1])

    def _begun(self, team: Team, goal: Goal) -> None:
        today = self.now.astimezone(ZoneInfo(team.zone)).date()
        for other in team.goals:
            other.is_replaced |= other.status == "ACTIVE" and other.ends_on < today
        goal.status, goal.activated_at = "ACTIVE", self.now
        self.world.begin(team, goal)

    def a_goal(self, number: int, *statuses: str) -> tuple[Team, Goal] | None:
        """Return one of the goals of these statuses that are not final."""
        teams = self.world.teams.values()
        choice = {goal.id: (team, goal) for team in teams for goal in team.goals if goal.status in statuses}
        return self.pick({key: chosen for key, chosen in choice.items() if not chosen[1].is_final}, number)

    async def activate(self, a: int, b: int, _: int) -> None:
        if chosen := self.a_goal(a, "DRAFT"):
            team, goal = chosen
            viewer = Viewer(next(iter(team.admins)))
            if await self.write(lambda tx: goals.activate_goal(tx, viewer, self.now, goal.id)):
                self._begun(team, goal)

    async def extend(self, a: int, b: int, c: int) -> None:
        if chosen := self.a_goal(a, "DRAFT", "ACTIVE", "COMPLETED"):
            team, goal = chosen
            viewer, changes = Viewer(next(iter(team.admins))), {"ends_on": goal.ends_on + timedelta(days=c % 3)}
            if await self.write(lambda tx: goals.update_goal(tx, viewer, self.now, goal.id, changes)):
                goal.ends_on = changes["ends_on"]
                if goal.status == "ACTIVE":
                    self.world.begin(team, goal)

    async def cancel(self, a: int, b: int, c: int) -> None:
        if (chosen := self.a_goal(a, "DRAFT", "ACTIVE", "COMPLETED")) and c % 3 == 0:
            team, goal = chosen
            viewer = Viewer(next(iter(team.admins)))
            if await self.write(lambda tx: goals.cancel_goal(tx, viewer, self.now, goal.id)):
                goal.status = "CANCELLED"

    async def finalize(self, a: int, b: int, _: int) -> None:
        if chosen := self.a_goal(a, "DRAFT", "ACTIVE", "COMPLETED"):
            goal = chosen[1]
            if b % 2 and goal.status != "DRAFT":
                self.now = max(self.now, goal.closes_at)
            due = self.now >= goal.closes_at and goal.status in ("ACTIVE", "COMPLETED") and not goal.is_final
            assert await self.write(lambda tx: goals.finalize_goal(tx, goal.id, self.now)) is due
            if due:
                goal.is_final, goal.status = True, "COMPLETED" if goal.status == "COMPLETED" else "FAILED"

    async def wait(self, a: int, b: int, _: int) -> None:
        self.now += timedelta(minutes=b % 5000 if a % 3 else b % 300)

    async def flush(self, _: int, __: int, ___: int) -> None:
        if self.valkey.answers():
            await self.redis.flushall()

    async def kill(self, a: int, _: int, __: int) -> None:
        if self.valkey.answers():
            os.kill(int((self.valkey.data / "pid").read_text()), signal.SIGKILL)
        elif a % 2:
            self.valkey.start()


THINGS = [  # as often as they are named
    *("log " * 9 + "edit " * 8 + "delete delete restore rule rule rule " + "wait " * 4).split(),
    *("join " * 4 + "leave leave remove remove found hide_team end_team hide_person").split(),
    *("draft " * 4 + "activate " * 2 + "extend cancel finalize finalize").split(),
    *("flush", "kill"),
]
