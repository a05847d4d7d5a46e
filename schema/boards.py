"""Leaderboards and personal totals in the API."""

from typing import Annotated

import strawberry

from resolvers import boards
from schema.connections import CountedConnection
from schema.enums import LeaderboardBasis, LeaderboardMetric, LeaderboardPeriod
from schema.fields import After, First, attribute, field
from schema.interfaces import Competitor, Node
from schema.scalars import AWSDate, AWSDateTime

Period = Annotated[LeaderboardPeriod | None, strawberry.argument(description="Length of the window; WEEK without it.")]
Metric = Annotated[LeaderboardMetric | None, strawberry.argument(description="The ranked metric; DISTANCE without it.")]
Basis = Annotated[
    LeaderboardBasis | None, strawberry.argument(description="Basis of comparison of teams; TOTAL without it.")
]
Day = Annotated[
    AWSDate | None,
    strawberry.argument(description="A day of the window; without it the window now, from one to the next."),
]


@strawberry.type(
    description="A competitor's row: public, counted walks. Equal values share a rank: 1, 2, 2, 4; among them who had "
    "the value first comes first."
)
class LeaderboardEntry:
    rank: int = attribute("1 for the best.")
    value: float = attribute("The ranked value: metres, seconds, steps or days.")
    competitor: Competitor = attribute("The user, or on boards of teams the team.")
    distance_meters: float = attribute("Metres in the window.")
    activity_count: int = attribute("Walks in the window.")
    last_activity_at: AWSDateTime | None = attribute("When the latest public walk in the window began.")

    @field(boards.rank_change)
    def rank_change(self) -> int | None:
        """Ranks gained since the window before, lost ones negative, counted among those on the board now.

        Null for users who were not on it then, for ALL_TIME and GOAL, and on boards of teams.
        """


@strawberry.type(description="Your own standing. On boards of teams that of your best placed team.")
class Standing:
    entry: LeaderboardEntry | None = attribute(
        "Your row; null without public walks in the window. If you are hidden from leaderboards it has the rank you "
        "would have."
    )
    true_value: float = attribute(
        "Your value with private walks included; for a team the value of its row. A private walk alone does not change "
        "the board, so subscriptions send it with the next change."
    )
    ahead: LeaderboardEntry | None = attribute("The nearest row with a better value; null for the best.")
    behind: LeaderboardEntry | None = attribute("The nearest row with a worse value; null for the last.")


@strawberry.type(
    description="Ranking of a window, by public walks. A team's board ranks its present members, a goal's all who "
    "walked for it. Users who don't show on leaderboards are on none, and don't count in others' ranks."
)
class Leaderboard(Node):
    id: strawberry.ID = attribute(
        "Stands for the window now, from one to the next; with a `date`, for that one window."
    )
    period: LeaderboardPeriod = attribute("Length of the window.")
    metric: LeaderboardMetric = attribute("The ranked metric.")
    basis: LeaderboardBasis = attribute("Basis of comparison of teams; TOTAL on boards of people.")
    window_starts_on: AWSDate | None = attribute("The window's first day; null for ALL_TIME.")
    window_ends_on: AWSDate | None = attribute("The window's last day; null for ALL_TIME.")
    is_final: bool = attribute("Whether `closesAt` has passed; of a goal's board, whether its outcome is fixed.")
    closes_at: AWSDateTime | None = attribute(
        "When no walk can be added any more: 30 days after the window has ended everywhere; of a goal's board, when "
        "the goal closes; null for ALL_TIME."
    )

    @field(boards.corrected_at)
    def corrected_at(self) -> AWSDateTime | None:
        """When a walk was last deleted, hidden or moderated after the board was final; null if none was."""

    version: int = attribute("Rises whenever a row may have changed.")

    @field(boards.entries)
    def entries(self, first: First = 10, after: After = strawberry.UNSET) -> CountedConnection[LeaderboardEntry]:
        """Rows, best first, at most 100 a page."""

    @field(boards.viewer_standing)
    def viewer_standing(self) -> Standing | None:
        """Your own standing, also if you are not on the page or the board."""


@strawberry.type(description="Totals of your own walks in a window, private ones included, by their local dates.")
class ActivityStats:
    starts_on: AWSDate | None = attribute("The window's first day; null for ALL_TIME.")
    ends_on: AWSDate | None = attribute("The window's last day; null for ALL_TIME.")
    distance_meters: float = attribute("Metres.")
    duration_seconds: int = attribute("Seconds.")
    steps: int = attribute("Steps.")
    activity_count: int = attribute("Walks.")
    active_days: int = attribute("Days with a walk.")


@strawberry.type(description="Numbers of a team. Walks are its public, counted ones since it began.")
class TeamStats:
    distance_meters: float = attribute("Metres.")
    duration_seconds: int = attribute("Seconds.")
    steps: int = attribute("Steps.")
    activity_count: int = attribute("Number of walks.")
    active_member_count: int = attribute("Number of members with a public walk in this week of the team's.")
    completed_goal_count: int = attribute("Number of goals that were reached.")
