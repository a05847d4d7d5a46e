"""Teams in the API, and inputs of creating, changing and deleting them."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from resolvers import activities, boards, goals, invites, join_requests, live, members, moderation, stats
from schema.boards import Day, Leaderboard, Metric, Period, TeamStats
from schema.connections import Connection
from schema.enums import GoalStatus, JoinPolicy, LeaderboardMetric, LeaderboardPeriod, TeamRole
from schema.fields import After, First, arg, attribute, field, idempotency_key, optional
from schema.interfaces import Competitor, Node
from schema.scalars import AWSURL, AWSDateTime

if TYPE_CHECKING:
    from schema.activities import ActivityConnection, TeamActivityFilter
    from schema.goals import Goal, GoalConnection
    from schema.invites import InviteConnection
    from schema.join_requests import JoinRequestConnection
    from schema.members import TeamBanConnection, TeamMember, TeamMemberConnection
    from schema.moderation import WalkRulingConnection


@strawberry.type(description="A group of people who walk together. A private team is visible to its members only.")
class Team(Node, Competitor):
    id: strawberry.ID = attribute("The team's id.")
    name: str = attribute("Unique among live teams, public and private ones.")
    avatar_url: AWSURL | None = attribute("The team's picture.")
    description: str | None = attribute("The team's description.")
    is_public: bool = attribute("Whether anyone may find it.")
    join_policy: JoinPolicy = attribute("Condition for joining.")
    member_count: int = attribute("Number of members.")
    max_members: int = attribute("Most members.")
    timezone: str = attribute("IANA name; sets the team's today.")
    created_at: AWSDateTime = attribute("When it was founded.")
    version: int = attribute("Rises with each change; goes into `expectedVersion`.")
    viewer_role: TeamRole | None = attribute("Your role; null if you are not a member.")

    @field(goals.active_of_team)
    def active_goal(self) -> Annotated["Goal", strawberry.lazy("schema.goals")] | None:
        """The goal whose status is ACTIVE; of two, as the next may begin in the grace of the last, the next."""

    @field(goals.current_of_team)
    def current_goal(self) -> Annotated["Goal", strawberry.lazy("schema.goals")] | None:
        """The goal to show: the running one, else the latest that wasn't cancelled, until the next begins."""

    @field(goals.of_team)
    def goals(
        self,
        status: Annotated[GoalStatus | None, arg("Only goals of this status.")] = strawberry.UNSET,
        first: First = 20,
        after: After = strawberry.UNSET,
    ) -> Annotated["GoalConnection", strawberry.lazy("schema.goals")] | None:
        """Goals, newest first; null for viewers who may not see them. Drafts are visible to members."""

    @field(members.bans_of_team)
    def bans(
        self, first: First = 20, after: After = strawberry.UNSET
    ) -> Annotated["TeamBanConnection", strawberry.lazy("schema.members")] | None:
        """Standing bans, newest first; null for viewers who are not ADMINs."""

    @field(moderation.flagged_of_team)
    def flagged_activities(
        self, first: First = 20, after: After = strawberry.UNSET
    ) -> Annotated["ActivityConnection", strawberry.lazy("schema.activities")] | None:
        """Public walks that are FLAGGED and wait for an ADMIN's decision, newest first; null for other viewers."""

    @field(moderation.rulings_of_team)
    def rulings(
        self, first: First = 20, after: After = strawberry.UNSET
    ) -> Annotated["WalkRulingConnection", strawberry.lazy("schema.moderation")] | None:
        """Decisions about walks that stand, newest first; null for viewers who are not ADMINs."""

    @field(members.of_team)
    def members(
        self, first: First = 20, after: After = strawberry.UNSET
    ) -> Annotated["TeamMemberConnection", strawberry.lazy("schema.members")] | None:
        """Members, oldest first; null for viewers who are not members."""

    @field(activities.of_team)
    def activities(
        self,
        first: First = 20,
        after: After = strawberry.UNSET,
        filter: Annotated[
            Annotated["TeamActivityFilter", strawberry.lazy("schema.activities")] | None, arg("Only some of them.")
        ] = strawberry.UNSET,
    ) -> Annotated["ActivityConnection", strawberry.lazy("schema.activities")] | None:
        """Public, counted walks, newest first; null for viewers who are not members."""

    @field(invites.of_team)
    def invites(
        self, first: First = 20, after: After = strawberry.UNSET
    ) -> Annotated["InviteConnection", strawberry.lazy("schema.invites")] | None:
        """Invites, newest first; null for viewers who are not ADMINs."""

    @field(join_requests.of_team)
    def join_requests(
        self, first: First = 20, after: After = strawberry.UNSET
    ) -> Annotated["JoinRequestConnection", strawberry.lazy("schema.join_requests")] | None:
        """Pending requests to join, oldest first; null for viewers who are not ADMINs."""

    @field(boards.of_team)
    def leaderboard(
        self,
        period: Period = LeaderboardPeriod.WEEK,
        metric: Metric = LeaderboardMetric.DISTANCE,
        date: Day = strawberry.UNSET,
    ) -> Leaderboard | None:
        """Leaderboard of the members, for them. Days are the team's; GOAL is the current goal's, null without one."""

    @field(stats.of_team)
    def team_stats(self) -> TeamStats | None:
        """Numbers of the team; null for viewers who are not members."""

    @field(live.live_cursor)
    def live_cursor(self) -> str | None:
        """Cursor in the team's log at which this answer was read, for `after`; null for who may not subscribe."""


@strawberry.input(description="A new team. You become its first ADMIN.")
class CreateTeamInput:
    name: str = attribute("3 to 50 characters, unique among live teams, public and private ones.")
    description: str | None = optional("At most 500 characters.")
    is_public: bool | None = optional("Whether anyone may find it; false without it.")
    join_policy: JoinPolicy | None = optional("INVITE_ONLY without it.")
    max_members: int | None = optional("1 to 500; 50 without it.")
    timezone: str | None = optional("IANA name; yours without it.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The new team.")
class CreateTeamPayload:
    team: Team = attribute("The team.")
    membership: Annotated["TeamMember", strawberry.lazy("schema.members")] = attribute("Your membership of it.")


@strawberry.input(description="Changes to a team; for its ADMINs. Absent fields stay; null clears the description.")
class UpdateTeamInput:
    team_id: strawberry.ID = attribute("The team.")
    name: str | None = optional("3 to 50 characters, unique among live teams, public and private ones.")
    description: str | None = optional("At most 500 characters; null clears it.")
    is_public: bool | None = optional("Whether anyone may find it.")
    join_policy: JoinPolicy | None = optional("Condition for joining.")
    max_members: int | None = optional("From the number of members to 500.")
    timezone: str | None = optional("IANA name; sets the team's today.")
    expected_version: int | None = optional("The version you read; STALE_VERSION if it has changed since.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The changed team.")
class UpdateTeamPayload:
    team: Team = attribute("The team.")


@strawberry.input(description="A team to delete; for its ADMINs.")
class DeleteTeamInput:
    team_id: strawberry.ID = attribute("The team.")
    confirm_name: str = attribute("Its name, letter by letter.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The team is gone; its name is free again.")
class DeleteTeamPayload:
    deleted_team_id: strawberry.ID = attribute("The deleted team's id.")


@strawberry.type(description="A page of teams.")
class TeamConnection(Connection[Team]):
    pass
