"""The policy's row of every field and every operation. A test fails for parts of the schema that this table lacks.

Fields of mutations' answers need no row: every permitted caller sees them. In arguments `$team` and the like are ids of
the team in question, see `TeamOf.ids`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from milequest.rules.access import TeamPart
from milequest.rules.identity import IdentityKind

CARD, GOALS, DRAFTS = TeamPart.CARD, TeamPart.GOALS, TeamPart.DRAFTS
PEOPLE, INVITES = TeamPart.PEOPLE, TeamPart.INVITES


class Of(Enum):
    """Owner of an object that is no part of a team."""

    ALL = "of no team: whoever may ask"
    OWN = "of the viewer alone"
    HOLDER = "of whoever knows the code, while the team is there"


Row: TypeAlias = TeamPart | Of
ALL, OWN, HOLDER = Of.ALL, Of.OWN, Of.HOLDER
_LIST = "edges nodes pageInfo"
_EDGE = "cursor node"
_BOX = {"southwest northeast": GOALS}
_HEAD = "cursor sequence delivery occurredAt teamId"

# Type by type: the part of a team that shows these fields. A goal that never began takes DRAFTS instead of GOALS.
FIELDS: Mapping[str, Mapping[str, Row]] = {
    "Team": {
        "id name avatarUrl description isPublic joinPolicy memberCount maxMembers timezone createdAt version": CARD,
        "activeGoal currentGoal goals liveCursor": GOALS,
        "viewerRole members activities leaderboard teamStats": PEOPLE,
        "invites bans joinRequests flaggedActivities rulings": INVITES,
    },
    "Goal": {
        "id name description status startsOn endsOn graceHours version activatedAt completedAt completedOn": GOALS,
        "closesAt finalizedAt corrected phase team route progress": GOALS,
        "createdBy leaderboard": PEOPLE,
    },
    "TeamStats": {
        "distanceMeters durationSeconds steps activityCount activeMemberCount completedGoalCount": PEOPLE,
    },
    "GoalProgress": {
        "id totalMeters percent remainingMeters version unattributedMeters position headingDegrees legIndex": GOALS,
        "legFraction lineFraction lastWaypoint nextWaypoint metersToNextWaypoint daysElapsed daysRemaining": GOALS,
        "averageMetersPerDay requiredMetersPerDay projectedFinishOn isOnTrack goal travelledPolyline": GOALS,
        "milestones": GOALS,
        "topContributors viewerContribution": PEOPLE,
    },
    "Milestone": {
        "id kind title description imageUrl atMeters reachedAt goal position": GOALS,
        "reachedBy": PEOPLE,
    },
    "Route": {
        "id lengthMeters bounds waypoints legs polyline elevationGainMeters attribution geoJsonUrl": GOALS,
    },
    "RouteLeg": {"index startsAtMeters distanceMeters durationSeconds quality polyline": GOALS},
    "Waypoint": {"index name position kind atMeters": GOALS},
    "Bounds": _BOX,
    "LatLng": {"lat lng": GOALS},
    "User": {"id name avatarUrl": PEOPLE},
    "TeamMember": {"id team user role joinedAt": PEOPLE},
    "Contribution": {"user distanceMeters isFormerMember": PEOPLE},
    "Activity": {
        "id user type distanceMeters durationSeconds steps startedAt endedAt timezone localDate notes source": PEOPLE,
        "privacy countStatus createdAt version": PEOPLE,
        "countedFor": OWN,
    },
    "Leaderboard": {
        "id period metric basis windowStartsOn windowEndsOn isFinal closesAt correctedAt version entries": PEOPLE,
        "viewerStanding": PEOPLE,
    },
    "LeaderboardEntry": {
        "rank value competitor distanceMeters activityCount lastActivityAt rankChange": PEOPLE,
    },
    "Standing": {"entry trueValue ahead behind": PEOPLE},
    "Invite": {"id team invitedEmail role maxUses useCount state message expiresAt mailedAt": INVITES},
    "JoinRequest": {"id team user message requestState createdAt answeredAt mayAskAgainAt": INVITES},
    "JoinRequestConnection": {_LIST: INVITES},
    "JoinRequestEdge": {_EDGE: INVITES},
    "GoalConnection": {_LIST: GOALS},
    "GoalEdge": {_EDGE: GOALS},
    "TeamMemberConnection": {_LIST: PEOPLE, "totalCount": PEOPLE},
    "TeamMemberEdge": {_EDGE: PEOPLE},
    "ActivityConnection": {_LIST: PEOPLE},
    "ActivityEdge": {_EDGE: PEOPLE},
    "LeaderboardEntryConnection": {_LIST: PEOPLE, "totalCount": PEOPLE},
    "LeaderboardEntryEdge": {_EDGE: PEOPLE},
    "WalkCount": {"team counts goal reason message": OWN},
    "WalkRuling": {"id team activity verdict reason ruledAt": INVITES},
    "WalkRulingConnection": {_LIST: INVITES},
    "WalkRulingEdge": {_EDGE: INVITES},
    "TeamBan": {"id team user bannedAt": INVITES},
    "TeamBanConnection": {_LIST: INVITES},
    "TeamBanEdge": {_EDGE: INVITES},
    "InviteConnection": {_LIST: INVITES},
    "InviteEdge": {_EDGE: INVITES},
    "PageInfo": {"hasNextPage hasPreviousPage startCursor endCursor": ALL},
    "TeamActivityEvent": {_HEAD: PEOPLE, "change edge removedId snapshot": PEOPLE},
    "TeamMemberEvent": {_HEAD: PEOPLE, "change edge removedId team snapshot": PEOPLE},
    "TeamJoinRequestEvent": {_HEAD: INVITES, "change edge removedId snapshot": INVITES},
    "TeamGoalEvent": {_HEAD: GOALS, "goal team snapshot": GOALS},
    "TeamMilestoneEvent": {_HEAD: GOALS, "milestone snapshot": GOALS},
    "TeamUpdate": {"teamId team": GOALS},
    "TeamProgressUpdate": {"teamId progress": GOALS},
    "TeamPresenceUpdate": {"teamId walkers": PEOPLE},
    "LeaderboardUpdate": {"teamId period metric basis leaderboard": PEOPLE},
    "TeamConnection": {_LIST: ALL},
    "TeamEdge": {_EDGE: ALL},
    "InviteResult": {"email inviteEdge code url problem": OWN},
    "InvitePreview": {"teamName memberCount state expiresAt inviterName message isForViewer inviteId": HOLDER},
    "RouteTemplate": {"id lengthMeters bounds waypoints legs polyline name description country": ALL},
    "RouteTemplateConnection": {_LIST: ALL},
    "RouteTemplateEdge": {_EDGE: ALL},
    "RoutePreview": {"lengthMeters bounds waypoints legs polyline warnings": ALL},
    "Place": {"name address position country": ALL},
    "Problem": {"code message field": ALL},
    "LogActivitiesResult": {
        "idempotencyKey activity problem warnings activityId retryAfterSeconds": OWN,
    },
    "DistanceEstimate": {"distanceMeters strideMeters warnings": ALL},
    "FormField": {"name value": OWN},
    "Session": {"accessToken accessTokenExpiresAt refreshToken": OWN},
    "SignInSession": {"id device network signedInAt lastUsedAt isCurrent": OWN},
    "Viewer": {
        "id user email preferredUnits timezone locale strideMeters privacySettings version avatarRefusal": OWN,
        "memberships stats days bestDay streak activities sessions receivedInvites sentJoinRequests": OWN,
    },
    "PrivacySettings": {"defaultActivityPrivacy showOnLeaderboards shareStatsWithTeam": OWN},
    "AvatarRefusal": {"upload teamId reason refusedAt": OWN},
    "ActivityDay": {"localDate distanceMeters durationSeconds steps activityCount": OWN},
    "Streak": {"currentDays currentStartsOn longestDays longestStartsOn longestEndsOn hasWalkedToday": OWN},
    "ActivityStats": {"startsOn endsOn distanceMeters durationSeconds steps activityCount activeDays": OWN},
}

ANONYMOUS, USER, MACHINE = IdentityKind.ANONYMOUS, IdentityKind.USER, IdentityKind.LAMBDA
ANYBODY = frozenset({ANONYMOUS, USER, MACHINE})
VISITORS = frozenset({ANONYMOUS, USER})
KNOWN = frozenset({USER, MACHINE})
USERS = frozenset({USER})


@dataclass(frozen=True, slots=True)
class Read:
    """A query of a root field: its permitted callers, the owner of the result, and the arguments."""

    who: frozenset[IdentityKind]
    row: Row
    arguments: str = ""


_NEAR = "{lat: 52.5, lng: 13.4}"
_WAY = "[{position: {lat: 0, lng: 0}}, {position: {lat: 0, lng: 0.1}}]"

QUERIES: Mapping[str, tuple[Read, ...]] = {
    "node": (Read(ANYBODY, CARD, "id: $team"),),
    "nodes": (Read(ANYBODY, CARD, "ids: [$team]"),),
    "viewer": (Read(ANYBODY, OWN),),
    "user": (Read(USERS, PEOPLE, "id: $user"),),
    "team": (Read(ANYBODY, CARD, "id: $team"),),
    "searchTeams": (Read(ANYBODY, ALL, "query: $name, first: 5"),),
    "invitePreview": (Read(ANYBODY, HOLDER, "code: $code"),),
    "goal": (Read(USERS, GOALS, "id: $goal"), Read(USERS, DRAFTS, "id: $draft")),
    "routeTemplates": (Read(ANYBODY, ALL, "first: 1"),),
    "previewRoute": (Read(USERS, ALL, f"waypoints: {_WAY}"),),
    "searchPlaces": (Read(USERS, ALL, 'query: "Rome"'),),
    "reverseGeocode": (Read(USERS, ALL, f"position: {_NEAR}"),),
    "teamsLeaderboard": (Read(KNOWN, ALL, "period: ALL_TIME"),),
    "estimateDistance": (Read(USERS, ALL, "steps: 1000, strideMeters: 0.7"),),
    "activity": (Read(USERS, PEOPLE, "id: $walk"), Read(USERS, OWN, "id: $private")),
}

SUBSCRIPTIONS: Mapping[str, Read] = {
    "teamActivityChanged": Read(USERS, PEOPLE, "teamId: $team"),
    "teamMemberChanged": Read(USERS, PEOPLE, "teamId: $team"),
    "teamJoinRequestChanged": Read(USERS, INVITES, "teamId: $team"),
    "teamGoalChanged": Read(USERS, GOALS, "teamId: $team"),
    "teamMilestoneReached": Read(USERS, GOALS, "teamId: $team"),
    "teamUpdated": Read(USERS, CARD, "teamId: $team"),
    "teamProgressUpdated": Read(USERS, GOALS, "teamId: $team"),
    "teamLeaderboardUpdated": Read(USERS, PEOPLE, "teamId: $team, period: WEEK, metric: DISTANCE"),
    "teamsLeaderboardUpdated": Read(KNOWN, ALL, "period: ALL_TIME, basis: TOTAL"),
    "teamPresenceUpdated": Read(USERS, PEOPLE, "teamId: $team"),
}
