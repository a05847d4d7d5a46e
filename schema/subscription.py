"""Subscriptions: one line per root field, naming its resolver."""

from typing import Annotated

import strawberry

from resolvers import live, team_events
from schema.directives import IDENTIFIED, SIGNED_IN
from schema.enums import LeaderboardBasis, LeaderboardMetric, LeaderboardPeriod
from schema.fields import TeamId, arg, subscription
from schema.live import (
    LeaderboardUpdate,
    TeamActivityEvent,
    TeamGoalEvent,
    TeamJoinRequestEvent,
    TeamMemberEvent,
    TeamMilestoneEvent,
    TeamPresenceUpdate,
    TeamProgressUpdate,
    TeamUpdate,
)
from schema.scalars import AWSJSON

Since = Annotated[
    str | None,
    arg(
        "The `cursor` of an event, or `Team.liveCursor`: events since then are sent first. Without it, or if it is no "
        "longer valid, the first event has your place in the log and the team as `snapshot`."
    ),
]


@strawberry.type(
    description="Live operations. `…Updated` is a state: the current one is sent at once on each subscribe, later the "
    "newest. `…Changed` and `…Reached` are events of a log: each one, in order, and those missed since `after`."
)
class Subscription:
    @subscription(team_events.team_activity_changed, *SIGNED_IN)
    def team_activity_changed(
        self,
        team_id: TeamId,
        filter: Annotated[
            AWSJSON | None,
            arg(
                "AppSync's `filterGroup` over the event's fields, such as `edge.node.distanceMeters`, at most 4 KB. "
                "What is REMOVED or empty always comes."
            ),
        ] = strawberry.UNSET,
        after: Since = strawberry.UNSET,
    ) -> TeamActivityEvent | None:
        """Changes of a team's list of public walks; for its members."""

    @subscription(team_events.team_member_changed, *SIGNED_IN)
    def team_member_changed(self, team_id: TeamId, after: Since = strawberry.UNSET) -> TeamMemberEvent | None:
        """Changes of a team's list of members; for its members."""

    @subscription(team_events.team_join_request_changed, *SIGNED_IN)
    def team_join_request_changed(
        self, team_id: TeamId, after: Since = strawberry.UNSET
    ) -> TeamJoinRequestEvent | None:
        """Changes of a team's list of pending requests to join; for its ADMINs."""

    @subscription(team_events.team_goal_changed, *SIGNED_IN)
    def team_goal_changed(self, team_id: TeamId, after: Since = strawberry.UNSET) -> TeamGoalEvent | None:
        """Goals that are activated, completed, failed, reopened by a correction, finalised or cancelled."""

    @subscription(team_events.team_milestone_reached, *SIGNED_IN)
    def team_milestone_reached(self, team_id: TeamId, after: Since = strawberry.UNSET) -> TeamMilestoneEvent | None:
        """Milestones that the team reaches, each once."""

    @subscription(live.team_updated, *SIGNED_IN)
    def team_updated(self, team_id: TeamId) -> TeamUpdate | None:
        """The team's own fields: its card, its number of members, your role."""

    @subscription(live.team_progress_updated, *SIGNED_IN)
    def team_progress_updated(self, team_id: TeamId) -> TeamProgressUpdate | None:
        """The team's progress. It follows the team from one goal to the next."""

    @subscription(live.team_leaderboard_updated, *SIGNED_IN)
    def team_leaderboard_updated(
        self,
        team_id: TeamId,
        period: Annotated[LeaderboardPeriod, arg("Length of the window.")],
        metric: Annotated[LeaderboardMetric, arg("The ranked metric.")],
    ) -> LeaderboardUpdate | None:
        """A team's board; for its members. Follows the window too: on Monday WEEK is the new week."""

    @subscription(live.teams_leaderboard_updated, *IDENTIFIED)
    def teams_leaderboard_updated(
        self,
        period: Annotated[LeaderboardPeriod, arg("Length of the window; not GOAL.")],
        basis: Annotated[LeaderboardBasis, arg("Basis of comparison of teams.")],
    ) -> LeaderboardUpdate | None:
        """The board of public teams."""

    @subscription(live.team_presence_updated, *SIGNED_IN)
    def team_presence_updated(self, team_id: TeamId) -> TeamPresenceUpdate | None:
        """Members who are walking now; for the team's members."""
