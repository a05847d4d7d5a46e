"""GraphQL enums of the domain's own enum classes."""

import strawberry

from milequest.rules.enums import (
    ActivityPrivacy,
    ActivitySource,
    ActivityType,
    CountStatus,
    Delivery,
    GoalPhase,
    GoalStatus,
    InviteState,
    JoinPolicy,
    JoinRequestState,
    LeaderboardBasis,
    LeaderboardMetric,
    LeaderboardPeriod,
    LegQuality,
    ListChange,
    MilestoneKind,
    NotCounted,
    TeamRole,
    Units,
    Verdict,
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
    "GoalPhase",
    "GoalStatus",
    "InviteState",
    "JoinPolicy",
    "JoinRequestState",
    "LeaderboardBasis",
    "LeaderboardMetric",
    "LeaderboardPeriod",
    "LegQuality",
    "ListChange",
    "MilestoneKind",
    "NotCounted",
    "TeamRole",
    "Units",
    "Verdict",
    "WaypointKind",
]

strawberry.enum(ActivityPrivacy, description="Visibility of a walk.")
strawberry.enum(ActivitySource, description="Origin of a walk's record.")
strawberry.enum(ActivityType, description="Kind of movement.")
strawberry.enum(
    CountStatus,
    description="Whether a walk counts by itself: COUNTED counts for each team its walker was in at its start, unless "
    "an ADMIN rejected it there; FLAGGED counts only for teams whose ADMIN approved it. See `Activity.countedFor`.",
)
strawberry.enum(
    NotCounted,
    description="Reason why a walk doesn't count for a team, or, from NO_GOAL on, for no goal of it. May grow.",
)
strawberry.enum(Verdict, description="Decision of a team's ADMIN about a walk, for that team alone.")
strawberry.enum(
    Delivery,
    description="Delivery of an event: SNAPSHOT and RESET give your place in the log, REPLAY is an event that was "
    "missed, LIVE one that has just happened.",
)
strawberry.enum(ErrorCode, description="`extensions.code` of an error. May grow.")
strawberry.enum(
    GoalPhase,
    description="Phase of a goal: UPCOMING before its first day, RUNNING on its days, GRACE while late walks of these "
    "days still count, FINAL when nothing counts any more.",
)
strawberry.enum(GoalStatus, description="Status of a goal.")
strawberry.enum(InviteState, description="State of an invite.")
strawberry.enum(
    JoinPolicy, description="How one joins a team: OPEN by `joinTeam`, REQUEST by `requestToJoin`, each by invite."
)
strawberry.enum(
    JoinRequestState,
    description="State of a request to join. ENDED: the team takes no more requests, or its author came in otherwise.",
)
strawberry.enum(LeaderboardBasis, description="Basis of comparison of teams.")
strawberry.enum(LeaderboardMetric, description="The ranked metric.")
strawberry.enum(LeaderboardPeriod, description="A board's window; weeks are ISO weeks.")
strawberry.enum(LegQuality, description="Source of a leg's line.")
strawberry.enum(ListChange, description="Change of an item of a list.")
strawberry.enum(MilestoneKind, description="Kind of a milestone.")
strawberry.enum(TeamRole, description="Role of a member.")
strawberry.enum(Units, description="Unit in which distances are displayed.")
strawberry.enum(WaypointKind, description="Place of a waypoint in its route.")
