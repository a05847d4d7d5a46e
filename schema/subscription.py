"""Subscriptions: one line per root field, naming its resolver."""

from typing import Annotated

import strawberry

from resolvers import live, news
from schema.directives import IDENTIFIED, SIGNED_IN
from schema.enums import LeaderboardBasis, LeaderboardMetric, LeaderboardPeriod
from schema.fields import TeamId, arg, subscription
from schema.live import (
    LeaderboardUpdate,
    TeamActivityEvent,
    TeamGoalEvent,
    TeamMemberEvent,
    TeamMilestoneEvent,
    TeamPresenceUpdate,
    TeamProgressUpdate,
)
from schema.scalars import AWSJSON

Since = Annotated[
    str | None,
    arg(
        "The `cursor` of an event, or `Team.liveCursor`: what was missed since comes first. Without it, or when it is "
        "no longer good, the first event tells where you are and brings the team as `snapshot`."
    ),
]


@strawberry.type(
    description="What clients can follow. `…Updated` is state: it comes at once on every subscribe, then the newest of "
    "it. `…Changed` and `…Reached` are news: each one, in order, and what was missed since `after`."
)
class Subscription:
    @subscription(news.team_activity_changed, *SIGNED_IN)
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
        """A team's public walks as its list of them shows them; for its members."""

    @subscription(news.team_member_changed, *SIGNED_IN)
    def team_member_changed(self, team_id: TeamId, after: Since = strawberry.UNSET) -> TeamMemberEvent | None:
        """A team's members as its list of them shows them; for its members."""

    @subscription(news.team_goal_changed, *SIGNED_IN)
    def team_goal_changed(self, team_id: TeamId, after: Since = strawberry.UNSET) -> TeamGoalEvent | None:
        """Goals that are activated, completed, failed, reopened by a correction, finalised or cancelled."""

    @subscription(news.team_milestone_reached, *SIGNED_IN)
    def team_milestone_reached(self, team_id: TeamId, after: Since = strawberry.UNSET) -> TeamMilestoneEvent | None:
        """Milestones the team passes, each told once."""

    @subscription(live.team_progress_updated, *SIGNED_IN)
    def team_progress_updated(self, team_id: TeamId) -> TeamProgressUpdate | None:
        """Where the team's marker stands. Follows the team from one active goal to the next."""

    @subscription(live.team_leaderboard_updated, *SIGNED_IN)
    def team_leaderboard_updated(
        self,
        team_id: TeamId,
        period: Annotated[LeaderboardPeriod, arg("How long the window is.")],
        metric: Annotated[LeaderboardMetric, arg("What is ranked.")],
    ) -> LeaderboardUpdate | None:
        """A team's board; for its members. Follows the window too: on Monday WEEK is the new week."""

    @subscription(live.teams_leaderboard_updated, *IDENTIFIED)
    def teams_leaderboard_updated(
        self,
        period: Annotated[LeaderboardPeriod, arg("How long the window is; not GOAL.")],
        basis: Annotated[LeaderboardBasis, arg("How teams are compared.")],
    ) -> LeaderboardUpdate | None:
        """The board of public teams."""

    @subscription(live.team_presence_updated, *SIGNED_IN)
    def team_presence_updated(self, team_id: TeamId) -> TeamPresenceUpdate | None:
        """Who is walking now; for the team's members."""
