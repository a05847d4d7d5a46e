"""A world with data behind every field: three teams, in each of them every kind of person, goal and walk.

Each nullable field has a value in at least one object of each type, partly by SQL: pictures, attributions, texts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from milequest.rules.access import AccessLevel, TeamPart, Viewer, may_see
from milequest.rules.identity import Identity, IdentityKind
from tests.journeys import ACTIVATE, CANCEL, NOW, along, draft, walk
from tests.quest import Caller, Quest

TEAMS = ("public", "private", "deleted")
PEOPLE = ("admin", "member", "top", "last", "left", "removed")
ASKING = ("request", "rejected")  # those outside who ask to join
VIEWERS = ("nobody", "machine", "stranger", "left", "removed", "member", "admin")
GOALS = {
    "reached": TeamPart.GOALS,
    "goal": TeamPart.GOALS,
    "draft": TeamPart.DRAFTS,
    "dropped": TeamPart.DRAFTS,
}
WALKS = {("top", "PUBLIC"): "walk", ("top", "PRIVATE"): "hers", ("member", "PRIVATE"): "private"}
LEAVE = "mutation ($t: ID!) { leaveTeam(input: {teamId: $t}) { deletedMemberId } }"
REJECT_WALK = "mutation ($i: RejectActivityInput!) { rejectActivity(input: $i) { team { id } } }"
REMOVE = "mutation ($m: ID!) { removeMember(input: {memberId: $m, ban: true}) { deletedMemberId } }"
DELETE_WALK = "mutation ($w: ID!) { deleteActivity(input: {activityId: $w}) { deletedActivityId } }"
DELETE_TEAM = "mutation ($t: ID!, $n: String!) { deleteTeam(input: {teamId: $t, confirmName: $n}) { deletedTeamId } }"
PRESENCE = "mutation ($t: ID!) { setPresence(input: {teamId: $t, walking: true}) { ok } }"
PENDING = "UPDATE join_request SET state = 'PENDING', answered_at = NULL WHERE state = 'ENDED'"
PUBLISH = "mutation ($i: UpdateTeamInput!) { updateTeam(input: $i) { team { id } } }"
ASK = "mutation ($i: RequestToJoinInput!) { requestToJoin(input: $i) { joinRequest { id } } }"
REJECT = "mutation ($r: ID!) { rejectJoinRequest(input: {requestId: $r}) { joinRequest { id } } }"
INVITE = """mutation ($i: CreateInviteInput!) { createInvite(input: $i) { code inviteEdge { node { id } } } }"""
FILLED = (
    "UPDATE app_user SET avatar_url = 'https://pictures.example/' || name",
    "UPDATE team SET avatar_url = 'https://pictures.example/' || id",
    "UPDATE route SET elevation_gain_m = 5, attribution = 'The mapmakers'",
    "UPDATE route_leg SET duration_s = 60",
    "UPDATE milestone SET description = 'A bench.', image_url = 'https://pictures.example/bench'",
    "UPDATE goal SET finalized_at = now() WHERE status = 'COMPLETED'",
    "INSERT INTO board_correction SELECT id, 'GOAL', '-infinity', now() FROM goal WHERE status = 'COMPLETED'",
)


@dataclass(frozen=True, slots=True)
class Subject:
    """An object with an id: the part of the team that shows it, or its only viewer."""

    id: str
    part: TeamPart | None
    owner: UUID | None = None
    has_gone: bool = False  # by its id only its owner still finds it


@dataclass
class TeamOf:
    """One team of the world, and its objects."""

    kind: str
    id: str
    people: Mapping[str, Caller]
    ids: dict[str, str] = field(default_factory=dict)
    subjects: dict[str, Subject] = field(default_factory=dict)
    secrets: dict[str, Subject] = field(default_factory=dict)  # texts, and the access they need

    def add(self, id: str, part: TeamPart | None, owner: UUID | None = None, *, has_gone: bool = False) -> Subject:
        """Record a subject, whose id is a secret as well."""
        subject = self.subjects[id] = self.secrets[id.rpartition("_")[2]] = Subject(id, part, owner, has_gone)
        return subject

    def sees(self, what: Subject | TeamPart, who: str) -> bool:
        """Return the policy's decision for one of the viewers."""
        if isinstance(what, Subject) and self.owns(what, who):
            return True
        part = what.part if isinstance(what, Subject) else what
        return (
            part is not None
            and self.kind != "deleted"
            and may_see(part, self.access_level(who), is_public=self.kind == "public")
        )

    def owns(self, what: Subject, who: str) -> bool:
        """Return whether it is the viewer's own."""
        return what.owner is not None and who in self.people and self.people[who].user_id == what.owner

    def access_level(self, who: str) -> AccessLevel:
        """Return a viewer's access level."""
        role = {"admin": "ADMIN", "member": "MEMBER"}.get(who) if self.kind != "deleted" else None
        is_known = who not in ("nobody", "machine")
        return Viewer(UUID(int=1) if is_known else None).access_level(role)


@dataclass
class World:
    """The three teams and their viewers."""

    quest: Quest
    teams: Mapping[str, TeamOf]
    stranger: Caller

    def cells(self) -> Iterator[tuple[TeamOf, str, Caller]]:
        """Yield each team with each of the viewers."""
        for team in self.teams.values():
            outside = {"nobody": self.quest.anonymous, "machine": self._machine(), "stranger": self.stranger}
            for who in VIEWERS:
                caller = outside.get(who) or team.people[who]
                caller.now = NOW
                yield team, who, caller

    def _machine(self) -> Caller:
        return Caller(self.quest.runtime, Identity(IdentityKind.LAMBDA))


async def build_world(quest: Quest) -> World:
    """Build it: everything begins a week ago, and continues today."""
    teams = {kind: await _found(quest, kind) for kind in TEAMS}
    stranger = await quest.user("Stranger")
    for statement in FILLED:
        await quest.runtime.writer.execute(statement)
    for team in teams.values():
        await _collect(quest, team)
    return World(quest, teams, stranger)


async def _found(quest: Quest, kind: str) -> TeamOf:
    people = {name: await quest.user(f"{name.title()}Of{kind.title()}") for name in PEOPLE}
    for caller in people.values():
        caller.now = NOW - timedelta(days=7)
    admin, name = people["admin"], f"The {kind} walkers"
    team = TeamOf(kind, await admin.found(name, isPublic=kind == "public", description=f"We are {kind}."), people)
    code = await admin.invite(team.id, expiresInHours=720)
    members = {who: await caller.accept(code) for who, caller in people.items() if who != "admin"}
    team.ids = {"team": team.id, "name": name, "last": members["last"], "code": code}
    await _walk(team)
    for who in ("left", "admin"):
        people[who].now = NOW + timedelta(minutes=10)  # earlier walks stay counted
    await people["left"].run(LEAVE, t=team.id)
    await admin.run(REMOVE, m=members["removed"])
    message = {"teamId": team.id, "email": f"friend@{kind}.example", "message": f"Come to the {kind} ones"}
    made = (await admin.run(INVITE, i=message))["createInvite"]
    team.ids |= {"addressed": made["code"], "invite": made["inviteEdge"]["node"]["id"]}
    await _be_asked(quest, team)
    await people["member"].run(PRESENCE, t=team.id)
    if kind == "deleted":
        await admin.run(DELETE_TEAM, t=team.id, n=name)
    return team


async def _be_asked(quest: Quest, team: TeamOf) -> None:
    """Have two ask to join, and reject one; the other's stays pending, by SQL where the team takes no requests."""
    admin = team.people["admin"]
    await admin.run(PUBLISH, i={"teamId": team.id, "isPublic": True, "joinPolicy": "REQUEST"})
    for what in ASKING:
        caller = await quest.user(f"{what.title()}Of{team.kind.title()}")
        asked = {"teamId": team.id, "message": f"{what} {team.kind} wish"}
        team.ids[what] = (await caller.run(ASK, i=asked))["requestToJoin"]["joinRequest"]["id"]
        request = team.add(team.ids[what], TeamPart.INVITES, caller.user_id)
        card = team.add(f"user_{caller.user_id.hex}", TeamPart.INVITES, caller.user_id, has_gone=True)
        team.secrets |= {asked["message"]: request, f"{what.title()}Of{team.kind.title()}": card}
    await admin.run(REJECT, r=team.ids["rejected"])
    await admin.run(PUBLISH, i={"teamId": team.id, "isPublic": team.kind == "public", "joinPolicy": "INVITE_ONLY"})
    await quest.runtime.writer.execute(PENDING)


async def _walk(team: TeamOf) -> None:
    """Create a goal that was reached, one that runs, a draft, and one given up before it began; log walks for them."""
    people, admin, goals = team.people, team.people["admin"], {}
    for what in GOALS:
        name, days = f"{what} {team.kind}", timedelta(days=7 if what == "reached" else 0)
        way = [{**one, "name": f"{name} {one['name']}"} for one in along(0, 0.1, 0.2)]
        terms = {"name": name, "description": "Far", "startsOn": str((NOW - days).date())}
        goals[what] = await draft(admin, team.id, waypoints=way, **terms)
    await admin.run(ACTIVATE, input={"goalId": goals["reached"]})
    await admin.run(CANCEL, input={"goalId": goals["dropped"]})
    await _all_walk(team, "early", 6_000)
    await admin.run(ACTIVATE, input={"goalId": goals["goal"]})
    for caller in people.values():
        caller.now = NOW
    await _all_walk(team, "late", 500)
    gone = await walk(people["top"], 700)
    await people["top"].run(DELETE_WALK, w=gone)
    team.ids["gone"] = gone
    for what, part in GOALS.items():
        team.ids[what] = team.add(goals[what], part).id
    await _be_judged(team)


async def _be_judged(team: TeamOf) -> None:
    """Log a walk that is rejected, and one that is too fast to be believed, which waits for a decision."""
    top, given = team.people["top"], {"teamId": team.id, "reason": f"{team.kind} reason"}
    fast: dict[str, Any] = {"durationSeconds": 10}
    for what, more in (("judged", {}), ("flagged", fast)):
        notes = f"{what} {team.kind} notes"
        team.ids[what] = await walk(top, 900, notes=notes, steps=1_000, **more)
        team.secrets[notes] = team.add(team.ids[what], TeamPart.INVITES, top.user_id)
    del team.secrets[team.ids["judged"].rpartition("_")[2]]  # the list of walks tells that it has lost it
    await team.people["admin"].run(REJECT_WALK, i=given | {"activityId": team.ids["judged"]})


async def _all_walk(team: TeamOf, when: str, meters: float) -> None:
    """Log public and private walks of everybody; the top one's are the longest."""
    more = {"top": 3_000, "admin": 200, "member": 100}
    for name, caller in team.people.items():
        for privacy, part in (("PUBLIC", TeamPart.PEOPLE), ("PRIVATE", None)):
            notes = f"{name} {when} {privacy} {team.kind} notes"
            given: dict[str, Any] = {"notes": notes, "privacy": privacy, "steps": 1_000}
            id = await walk(caller, meters + more.get(name, 0), **given)
            team.secrets[notes] = team.add(id, part if name != "removed" else None, caller.user_id)
            if name == "removed" and part is not None:
                del team.secrets[id.rpartition("_")[2]]  # the list of walks tells that it has lost it
            if (name, privacy) in WALKS:
                team.ids[WALKS[name, privacy]] = id


async def _collect(quest: Quest, team: TeamOf) -> None:
    """Record all other ids, and the texts that reveal them."""
    db, team_id = quest.runtime.writer, UUID(team.id.removeprefix("team_"))
    team.add(team.id, TeamPart.CARD)
    team.secrets[team.ids["name"]] = team.subjects[team.id]
    for name, caller in team.people.items():
        has_gone, id = name in ("left", "removed"), f"user_{caller.user_id.hex}"
        part = TeamPart.INVITES if name == "removed" else TeamPart.PEOPLE  # admins see whom they banned
        card = team.add(id, part, caller.user_id, has_gone=has_gone)
        team.secrets[f"{name.title()}Of{team.kind.title()}"] = card
        team.secrets[f"{name}of{team.kind}-"] = Subject(id, None, caller.user_id)  # the address's beginning
    team.ids["user"] = f"user_{team.people['top'].user_id.hex}"
    for row in await db.fetch("SELECT id, left_reason FROM team_member WHERE team_id = $1", team_id):
        has_gone = row["left_reason"] in ("LEFT", "REMOVED")
        team.add(f"member_{row['id'].hex}", TeamPart.PEOPLE, has_gone=has_gone)
    for row in await db.fetch("SELECT id, message, email FROM team_invite WHERE team_id = $1", team_id):
        invite = team.add(f"invite_{row['id'].hex}", TeamPart.INVITES)
        team.secrets |= {text: invite for text in (row["message"], row["email"]) if text}
    for row in await db.fetch("SELECT id, reason FROM walk_ruling WHERE team_id = $1", team_id):
        ruling = team.add(f"ruling_{row['id'].hex}", TeamPart.INVITES)
        team.ids["ruling"], team.secrets[row["reason"]] = ruling.id, ruling
    for row in await db.fetch("SELECT id FROM team_ban WHERE team_id = $1", team_id):
        team.ids["ban"] = team.add(f"ban_{row['id'].hex}", TeamPart.INVITES).id
    for what, part in GOALS.items():
        goal_id = UUID(team.ids[what].removeprefix("goal_"))
        team.secrets[f"{what} {team.kind}"] = team.subjects[team.ids[what]]
        team.add(f"progress_{goal_id.hex}", part)
        team.add(f"board_goal_distance_{goal_id.hex}", TeamPart.PEOPLE)
        team.secrets[goal_id.hex] = team.subjects[team.ids[what]]
        route = await db.fetchval("SELECT route_id FROM goal WHERE id = $1", goal_id)
        team.add(f"route_{route.hex}", part)
        for row in await db.fetch("SELECT id FROM milestone WHERE goal_id = $1", goal_id):
            team.add(f"milestone_{row['id'].hex}", part)
    team.add(f"board_week_distance_{team_id.hex}", TeamPart.PEOPLE)
    team.secrets[team_id.hex] = team.subjects[team.id]
