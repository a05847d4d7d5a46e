"""The closed sets of the domain, as the public API and the database spell them."""

from enum import StrEnum


class Units(StrEnum):
    """What a client's formatter shows; the API itself speaks metres."""

    MILES = "MILES"
    KILOMETERS = "KILOMETERS"


class TeamRole(StrEnum):
    """ADMIN is the captain; a live team always has one."""

    ADMIN = "ADMIN"
    MEMBER = "MEMBER"


class JoinPolicy(StrEnum):
    """How one gets into a team."""

    OPEN = "OPEN"
    REQUEST = "REQUEST"
    INVITE_ONLY = "INVITE_ONLY"


class LeftReason(StrEnum):
    """Why a membership ended."""

    LEFT = "LEFT"
    REMOVED = "REMOVED"
    TEAM_DELETED = "TEAM_DELETED"
    ACCOUNT_DELETED = "ACCOUNT_DELETED"


class InviteState(StrEnum):
    """EXPIRED is derived from `expires_at`, never stored."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


class GoalStatus(StrEnum):
    """DRAFT → ACTIVE | CANCELLED; ACTIVE → COMPLETED | FAILED | CANCELLED; COMPLETED → ACTIVE by a correction."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class ActivityType(StrEnum):
    """How the distance was covered."""

    WALK = "WALK"
    RUN = "RUN"
    HIKE = "HIKE"
    WHEELCHAIR = "WHEELCHAIR"
    OTHER_CONVERTED = "OTHER_CONVERTED"


class ActivityPrivacy(StrEnum):
    """A PRIVATE walk counts in totals and is seen by its owner alone."""

    PUBLIC = "PUBLIC"
    PRIVATE = "PRIVATE"


class CountStatus(StrEnum):
    """Only COUNTED walks count."""

    COUNTED = "COUNTED"
    SUPERSEDED = "SUPERSEDED"
    FLAGGED = "FLAGGED"
    REJECTED = "REJECTED"


class ActivitySource(StrEnum):
    """Where a walk came from; set by the server."""

    MANUAL = "MANUAL"
    GOOGLE_HEALTH = "GOOGLE_HEALTH"
    FITBIT = "FITBIT"
    HEALTH_CONNECT = "HEALTH_CONNECT"
    APPLE_HEALTH = "APPLE_HEALTH"
    GPX = "GPX"
    ADMIN_ADJUSTMENT = "ADMIN_ADJUSTMENT"


class MilestoneKind(StrEnum):
    """What a milestone stands for."""

    PERCENT = "PERCENT"
    WAYPOINT = "WAYPOINT"
    CUSTOM = "CUSTOM"


class LegQuality(StrEnum):
    """ROUTED follows ways; ESTIMATED is a great circle."""

    ROUTED = "ROUTED"
    ESTIMATED = "ESTIMATED"


class WaypointKind(StrEnum):
    """Where on the route a waypoint stands."""

    START = "START"
    STOP = "STOP"
    END = "END"


class RouteSource(StrEnum):
    """Where a route's line comes from."""

    WAYPOINTS = "WAYPOINTS"
    TEMPLATE = "TEMPLATE"
    GPX = "GPX"


class LeaderboardPeriod(StrEnum):
    """A board's window. Weeks are ISO weeks."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    ALL_TIME = "ALL_TIME"
    GOAL = "GOAL"


class LeaderboardMetric(StrEnum):
    """What is ranked."""

    DISTANCE = "DISTANCE"
    DURATION = "DURATION"
    STEPS = "STEPS"
    ACTIVE_DAYS = "ACTIVE_DAYS"


class LeaderboardBasis(StrEnum):
    """How teams are compared: by sum, or by the mean of those who walked."""

    TOTAL = "TOTAL"
    AVERAGE_PER_ACTIVE_MEMBER = "AVERAGE_PER_ACTIVE_MEMBER"


class EventKind(StrEnum):
    """What an event of a team's log tells. An event holds ids and versions, never names or distances."""

    ACTIVITY_ADDED = "ACTIVITY_ADDED"
    ACTIVITY_CHANGED = "ACTIVITY_CHANGED"
    ACTIVITY_REMOVED = "ACTIVITY_REMOVED"
    PROGRESS_MOVED = "PROGRESS_MOVED"
    MILESTONE_REACHED = "MILESTONE_REACHED"
    GOAL_CHANGED = "GOAL_CHANGED"
    MEMBER_ADDED = "MEMBER_ADDED"
    MEMBER_CHANGED = "MEMBER_CHANGED"
    MEMBER_REMOVED = "MEMBER_REMOVED"
    TEAM_CHANGED = "TEAM_CHANGED"


class Delivery(StrEnum):
    """How an event came: what was missed, what happens now, or where the client stands."""

    SNAPSHOT = "SNAPSHOT"
    REPLAY = "REPLAY"
    LIVE = "LIVE"
    RESET = "RESET"


class ListChange(StrEnum):
    """What happened to an item of a list."""

    ADDED = "ADDED"
    CHANGED = "CHANGED"
    REMOVED = "REMOVED"
