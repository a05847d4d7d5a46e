"""The life of a team with followers: steps that write or disturb, each made definite by two numbers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import uuid4

from tests.journeys import along
from tests.quest import just_begun
from tests.subscriptions import team as texts
from tests.subscriptions.oracle.followers import Follower, Person
from tests.subscriptions.oracle.gateways import Gateway
from tests.subscriptions.oracle.protocols import PROTOCOLS
from tests.subscriptions.oracle.views import VIEWS
from tests.wires import wire_to

Step: TypeAlias = tuple[str, int, int]

PEOPLE = ("ann", "ben", "cid", "eve")  # the first one founds the team, the second one is in it
HIDE = "mutation ($input: UpdatePrivacySettingsInput!) { updatePrivacySettings(input: $input) { viewer { id } } }"
RENAME = "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { viewer { id } } }"
SIGN_OUT = "mutation ($input: SignOutInput!) { signOut(input: $input) { ok } }"
MEMBERSHIP = "query ($team: ID!) { team(id: $team) { members { nodes { id } } } }"
REJECT = "mutation ($input: RejectActivityInput!) { rejectActivity(input: $input) { team { id } } }"
APPROVE = "mutation ($input: ApproveActivityInput!) { approveActivity(input: $input) { team { id } } }"
HIDE_NOTES = "mutation ($input: HideNotesInput!) { hideNotes(input: $input) { team { id } } }"
ACTIVE_GOAL = "query ($team: ID!) { team(id: $team) { activeGoal { id } } }"
# Refusals of steps that are impossible just now; any other refusal is an error.
REFUSALS = {"NOT_FOUND", "FORBIDDEN", "LAST_ADMIN", "ALREADY_MEMBER", "NOT_MEMBER", "TEAM_HAS_ACTIVE_GOAL", "CONFLICT"}
MOST_WALKS = 36  # of a team: its page shows a few more
FLOOD = """
    WITH moved AS (UPDATE channel SET sequence = sequence + $2 WHERE id = $1 RETURNING sequence)
    INSERT INTO event (channel, sequence, kind, subject_id, occurred_at)
    SELECT $1, moved.sequence - $2 + n, 'ACTIVITY_CHANGED', $3::uuid, now()
    FROM moved, generate_series(1, $2::int) n"""


class Life:
    """A team and its followers. Each of STEPS is a method that runs one step, unless it is impossible."""

    def __init__(self, gateway: Gateway, people: list[Person], team_id: str) -> None:
        self.gateway = gateway
        self.people = people
        self.team_id = team_id
        self.followers: list[Follower] = []
        self.ended: set[str] = set()  # tokens of ended sessions
        self.shut_out: set[Person] = set()  # people who may have lost a right since the last check
        self._walks: dict[str, Person] = {}
        self._memberships: dict[Person, str] = {}
        self._is_public = True

    async def write(self, who: Person, text: str, **given: Any) -> Any:
        """Run a mutation by HTTP; return its payload, None where it is impossible just now."""
        service = self.gateway.service
        variables = {"input": given}
        body = (await asyncio.to_thread(lambda: service.post(text, token=who.token, variables=variables))).json()
        if "errors" in body:
            codes = {error["extensions"]["code"] for error in body["errors"]}
            assert codes <= REFUSALS, body
            return None
        return next(iter(body["data"].values()))

    async def ask(self, who: Person, text: str) -> Any:
        """Return the team as the person sees it now."""
        service = self.gateway.service
        return (await asyncio.to_thread(lambda: service.data(text, token=who.token, team=self.team_id)))["team"]

    async def found(self) -> None:
        """Begin with a team of two and a goal of two legs."""
        ann, ben, *_ = self.people
        made = await self.write(
            ann, texts.FOUND, name=f"Team {uuid4().hex[:12]}", isPublic=self._is_public, joinPolicy="OPEN"
        )
        self.team_id = made["team"]["id"]
        self._memberships[ann] = (await self.ask(ann, MEMBERSHIP))["members"]["nodes"][0]["id"]
        await self.join(1, 0)
        await self.begin_goal(0, 0)
        assert len(self._memberships) == 2, ben.name

    def someone(self, number: int) -> Person:
        """Return one of the people."""
        return self.people[number % len(self.people)]

    def a_walk(self, number: int) -> tuple[str, Person] | None:
        """Return one of the walks, and its walker."""
        return list(self._walks.items())[number % len(self._walks)] if self._walks else None

    async def as_admin(self, text: str, **given: Any) -> Any:
        """Run a mutation as an admin; return its payload, None where nobody may run it."""
        for who in self.people:
            if payload := await self.write(who, text, **given):
                return payload
        return None

    async def log(self, a: int, b: int) -> None:
        if len(self._walks) < MOST_WALKS:
            who, begun = self.someone(a), {"startedAt": datetime.now(UTC).isoformat()}  # earlier might be yesterday
            given = just_begun(100 + 9 * b + 0.25) | begun | {"privacy": "PRIVATE" if b % 4 == 0 else "PUBLIC"}
            logged = await self.write(who, texts.LOG, allowDuplicate=True, notes="x" * (5 * b), **given)
            self._walks[logged["activity"]["id"]] = who

    async def edit(self, a: int, b: int) -> None:
        if chosen := self.a_walk(a):
            changes: list[dict[str, Any]] = [
                {"distanceMeters": 100 + 9 * b + 0.5},
                {"notes": f"note {b}"},
                {"privacy": "PRIVATE"},
                {"privacy": "PUBLIC"},
            ]
            await self.write(chosen[1], texts.UPDATE, activityId=chosen[0], **changes[b % len(changes)])

    async def delete(self, a: int, _: int) -> None:
        if chosen := self.a_walk(a):
            await self.write(chosen[1], texts.DELETE, activityId=chosen[0])
            del self._walks[chosen[0]]

    async def join(self, a: int, _: int) -> None:
        who = self.someone(a)
        joined = await self.write(who, texts.JOIN, teamId=self.team_id)
        if joined is None and (invite := await self.as_admin(texts.INVITE, teamId=self.team_id)):
            joined = await self.write(who, texts.ACCEPT, code=invite["code"])
        if joined is not None:
            self._memberships[who] = joined["memberEdge"]["node"]["id"]

    async def leave(self, a: int, _: int) -> None:
        who = self.someone(a)
        self.shut_out.add(who)
        await self.write(who, texts.LEAVE, teamId=self.team_id)

    async def remove(self, a: int, _: int) -> None:
        who = self.someone(a)
        if who in self._memberships:
            self.shut_out.add(who)
            await self.as_admin(texts.REMOVE, memberId=self._memberships[who])

    async def judge(self, a: int, b: int) -> None:
        if chosen := self.a_walk(a):
            given = {"teamId": self.team_id, "activityId": chosen[0]}
            decisions: list[tuple[str, dict[str, Any]]] = [
                (REJECT, {"reason": f"reason {b}"}),
                (APPROVE, {}),
                (HIDE_NOTES, {"hidden": b % 8 < 4}),
            ]
            text, more = decisions[b % len(decisions)]
            await self.as_admin(text, **given, **more)

    async def promote(self, a: int, b: int) -> None:
        if (who := self.someone(a)) in self._memberships:
            role = ("ADMIN", "ADMIN", "MEMBER")[b % 3]
            await self.as_admin(texts.ROLE, memberId=self._memberships[who], role=role)

    async def hide_team(self, _: int, __: int) -> None:
        self.shut_out.update(self.people)
        if await self.as_admin(texts.UPDATE_TEAM, teamId=self.team_id, isPublic=not self._is_public):
            self._is_public = not self._is_public

    async def hide_person(self, a: int, b: int) -> None:
        await self.write(self.someone(a), HIDE, showOnLeaderboards=b % 3 > 0, shareStatsWithTeam=b % 2 > 0)

    async def rename(self, a: int, b: int) -> None:
        await self.write(self.someone(a), RENAME, name=f"{self.someone(a).name[:3]} {b}")

    async def begin_goal(self, _: int, b: int) -> None:
        line = {"name": "The line", "startsOn": str(datetime.now(UTC).date()), "waypoints": along(0, 0.01, 0.02)}
        await self.as_admin(texts.GOAL, teamId=self.team_id, activate=True, **line)

    async def give_up(self, _: int, __: int) -> None:
        for who in self.people:
            if (page := await self.ask(who, ACTIVE_GOAL)) and page["activeGoal"]:
                await self.as_admin(texts.CANCEL, goalId=page["activeGoal"]["id"])
                return

    async def sign_out(self, a: int, _: int) -> None:
        """End all of a person's sessions; they sign in again."""
        who = self.someone(a)
        await self.write(who, SIGN_OUT, everywhere=True)
        self.ended.add(who.token)
        await who.sign_in()

    async def flood(self, a: int, _: int) -> None:
        """Grow the log by so much that a client that does not read is too slow."""
        if chosen := self.a_walk(a):
            service, channel = self.gateway.service, f"team:{self.team_id.removeprefix('team_')}"
            walk = chosen[0].removeprefix("activity_")
            work = service.runtime.writer.execute(FLOOD, channel, self.gateway.flood, walk)
            await asyncio.to_thread(service.call, work)

    async def cut(self, a: int, _: int) -> None:
        self._follower(a).wire.cut()

    async def hold(self, a: int, _: int) -> None:
        await self.gateway.hold(self._follower(a).wire)

    async def close_all(self, _: int, b: int) -> None:
        await self.gateway.close_all(b)

    async def lose_wakeups(self, _: int, __: int) -> None:
        await self.gateway.lose()

    async def restart(self, _: int, __: int) -> None:
        await self.gateway.restart()

    def _follower(self, number: int) -> Follower:
        return self.followers[number % len(self.followers)]


STEPS = [  # as often as they are named
    *("log " * 8 + "edit " * 8 + "delete " * 2 + "judge " * 3).split(),
    *("join " * 4 + "leave remove remove promote promote hide_team hide_team hide_person rename").split(),
    *("begin_goal " * 2 + "give_up " + "sign_out " * 2).split(),
    *("cut " * 5 + "hold hold hold flood close_all close_all lose_wakeups restart").split(),
]


@asynccontextmanager
async def living(gateway: Gateway, turn: int) -> AsyncIterator[Life]:
    """Yield a life that has begun, with followers by every protocol; `turn` assigns them."""
    mark = uuid4().hex[:10]
    names = [f"{name}-{mark}" for name in PEOPLE]
    people = [Person(gateway.service, name, await asyncio.to_thread(gateway.service.sign_up, name)) for name in names]
    life = Life(gateway, people, "")
    await life.found()
    protocols = list(gateway.paths)
    async with AsyncExitStack() as stack:
        for number in range(len(people) * gateway.views):
            who, name = people[number // gateway.views], list(VIEWS)[number % len(VIEWS)]
            protocol = protocols[(number + turn) % len(protocols)]
            wire = await stack.enter_async_context(wire_to(gateway.origin))
            wire.url += gateway.paths[protocol]
            follower = Follower(who, f"{name} by {protocol}", VIEWS[name], PROTOCOLS[protocol], wire, life.team_id)
            life.followers.append(follower)
            stack.push_async_callback(follower.end)
            follower.begin()
        yield life
