"""GraphQL enums of the domain's own enum classes."""

import strawberry

from milequest.rules.enums import (
    ActivityPrivacy,
    ActivitySource,
    ActivityType,
    CountStatus,
    Delivery,
    GoalStatus,
    InviteState,
    JoinPolicy,
    LeaderboardBasis,
    LeaderboardMetric,
    LeaderboardPeriod,
    LegQuality,
    ListChange,
    MilestoneKind,
    TeamRole,
    Units,
    WaypointKind,
)
from milequest.rules.errors import ErrorCode

__all__ = [
    "ActivityPrivacy",
    "ActivitySource",
    "ActivityType",
    "CountStatus",
    "Delivery",
    "ErrorCode",
    "GoalStatus",
    "InviteState",
    "JoinPolicy",
    "LeaderboardBasis",
    "LeaderboardMetric",
    "LeaderboardPeriod",
    "LegQuality",
    "ListChange",
    "MilestoneKind",
    "TeamRole",
    "Units",
    "WaypointKind",
]

strawberry.enum(ActivityPrivacy, description="Who sees a walk.")
strawberry.enum(ActivitySource, description="Where a walk came from.")
strawberry.enum(ActivityType, description="How the distance was covered.")
strawberry.enum(CountStatus, description="Whether a walk counts.")
strawberry.enum(
    Delivery,
    description="How an event came: SNAPSHOT and RESET say where you are, REPLAY was missed, LIVE happens now.",
)
strawberry.enum(ErrorCode, description="`extensions.code` of an error. May grow.")
strawberry.enum(GoalStatus, description="Where a goal stands.")
strawberry.enum(InviteState, description="Where an invite stands.")
strawberry.enum(JoinPolicy, description="How one gets into a team.")
strawberry.enum(LeaderboardBasis, description="How teams are compared.")
strawberry.enum(LeaderboardMetric, description="What is ranked.")
strawberry.enum(LeaderboardPeriod, description="A board's window; weeks are ISO weeks.")
strawberry.enum(LegQuality, description="How a leg's line was found.")
strawberry.enum(ListChange, description="What happened to an item of a list.")
strawberry.enum(MilestoneKind, description="What a milestone stands for.")
strawberry.enum(TeamRole, description="What a member may do.")
strawberry.enum(Units, description="What distances are shown in.")
strawberry.enum(WaypointKind, description="Where on the route a waypoint stands.")
