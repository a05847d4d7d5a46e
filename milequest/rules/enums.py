"""The closed sets of the domain, as the public API and the database spell them."""

from enum import StrEnum


class Units(StrEnum):
    """Units for display by clients; the API itself uses metres."""

    MILES = "MILES"
    KILOMETERS = "KILOMETERS"


class TeamRole(StrEnum):
    """ADMIN is the captain; a live team always has one."""

    ADMIN = "ADMIN"
    MEMBER = "MEMBER"


class JoinPolicy(StrEnum):
    """Ways to join a team."""

    OPEN = "OPEN"
    REQUEST = "REQUEST"
    INVITE_ONLY = "INVITE_ONLY"


class LeftReason(StrEnum):
    """Reasons why a membership ended."""

    LEFT = "LEFT"
    REMOVED = "REMOVED"
    TEAM_DELETED = "TEAM_DELETED"
    ACCOUNT_DELETED = "ACCOUNT_DELETED"


class InviteState(StrEnum):
    """State of an invite. EXPIRED is derived from `expires_at`, never stored."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


class JoinRequestState(StrEnum):
    """State of a request to join. ENDED: the team no longer takes requests, or the user came in by another way."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    ENDED = "ENDED"


class GoalStatus(StrEnum):
    """DRAFT → ACTIVE | CANCELLED; ACTIVE → COMPLETED | FAILED | CANCELLED; COMPLETED → ACTIVE by a correction."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class ActivityType(StrEnum):
    """Kind of movement."""

    WALK = "WALK"
    RUN = "RUN"
    HIKE = "HIKE"
    WHEELCHAIR = "WHEELCHAIR"
    OTHER_CONVERTED = "OTHER_CONVERTED"


class ActivityPrivacy(StrEnum):
    """A PRIVATE walk counts in totals and is seen by its owner alone."""

    PUBLIC = "PUBLIC"
    PRIVATE = "PRIVATE"


class Verdict(StrEnum):
    """Decision of a team's admin about a walk, for that team alone."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    NOTES_HIDDEN = "NOTES_HIDDEN"


class NotCounted(StrEnum):
    """Reason why a walk doesn't count for a team, or for no goal of it."""

    DUPLICATE = "DUPLICATE"
    TOO_OLD = "TOO_OLD"
    NOT_MEMBER = "NOT_MEMBER"
    REMOVED = "REMOVED"
    REJECTED = "REJECTED"
    TOO_FAST = "TOO_FAST"
    NO_GOAL = "NO_GOAL"
    BEFORE_GOAL = "BEFORE_GOAL"
    AFTER_GOAL = "AFTER_GOAL"


class CountStatus(StrEnum):
    """Status of a walk in counting: only COUNTED ones count."""

    COUNTED = "COUNTED"
    SUPERSEDED = "SUPERSEDED"
    FLAGGED = "FLAGGED"
    REJECTED = "REJECTED"


class ActivitySource(StrEnum):
    """Origin of a walk; set by the server."""

    MANUAL = "MANUAL"
    GOOGLE_HEALTH = "GOOGLE_HEALTH"
    FITBIT = "FITBIT"
    HEALTH_CONNECT = "HEALTH_CONNECT"
    APPLE_HEALTH = "APPLE_HEALTH"
    GPX = "GPX"
    ADMIN_ADJUSTMENT = "ADMIN_ADJUSTMENT"


class MilestoneKind(StrEnum):
    """Kind of point that a milestone marks."""

    PERCENT = "PERCENT"
    WAYPOINT = "WAYPOINT"
    CUSTOM = "CUSTOM"


class LegQuality(StrEnum):
    """ROUTED follows ways; ESTIMATED is a great circle."""

    ROUTED = "ROUTED"
    ESTIMATED = "ESTIMATED"


class WaypointKind(StrEnum):
    """Position of a waypoint on the route."""

    START = "START"
    STOP = "STOP"
    END = "END"


class RouteSource(StrEnum):
    """Origin of a route's line."""

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


class GoalPhase(StrEnum):
    """Phase of a goal that was activated and not cancelled, by the days of its team."""

    UPCOMING = "UPCOMING"
    RUNNING = "RUNNING"
    GRACE = "GRACE"
    FINAL = "FINAL"


class LeaderboardMetric(StrEnum):
    """The ranked value."""

    DISTANCE = "DISTANCE"
    DURATION = "DURATION"
    STEPS = "STEPS"
    ACTIVE_DAYS = "ACTIVE_DAYS"


class LeaderboardBasis(StrEnum):
    """Comparison of teams: by sum, or by the mean of those who walked."""

    TOTAL = "TOTAL"
    AVERAGE_PER_ACTIVE_MEMBER = "AVERAGE_PER_ACTIVE_MEMBER"


class EventKind(StrEnum):
    """Kind of an event of a team's log. An event holds ids and versions, never names or distances."""

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
    JOIN_REQUEST_ADDED = "JOIN_REQUEST_ADDED"
    JOIN_REQUEST_REMOVED = "JOIN_REQUEST_REMOVED"


class Delivery(StrEnum):
    """Reason of a delivery: an initial state, a missed event, a new event, or a new beginning."""

    SNAPSHOT = "SNAPSHOT"
    REPLAY = "REPLAY"
    LIVE = "LIVE"
    RESET = "RESET"


class ListChange(StrEnum):
    """Change of an item of a list."""

    ADDED = "ADDED"
    CHANGED = "CHANGED"
    REMOVED = "REMOVED"
