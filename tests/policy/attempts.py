"""The policy's row of every mutation: the answer by viewer. Those that succeed change later ones: order counts."""

from collections.abc import Mapping
from dataclasses import dataclass

from milequest.rules.identity import IdentityKind
from tests.policy.table import USERS, VISITORS


@dataclass(frozen=True, slots=True)
class Attempt:
    """An input, and the answers to a stranger, a member and an admin of a public team.

    `hidden` is the answer to a private team's stranger, `gone` to everybody once the team was deleted.
    """

    input: str
    stranger: str
    member: str
    admin: str
    hidden: str = "NOT_FOUND"
    gone: str = "NOT_FOUND"


@dataclass(frozen=True, slots=True)
class Own:
    """A mutation of no team: its permitted callers, and an input.

    Others are refused; the results are their caller's own.
    """

    who: frozenset[IdentityKind]
    input: str


_TEAM = "teamId: $team"
_WAY = "waypoints: [{position: {lat: 0, lng: 0}}, {position: {lat: 0, lng: 1}}]"
_NEW = f'{_TEAM}, name: "New", startsOn: "2026-11-22", {_WAY}'
_MAIL = 'email: "somebody@example.com"'
_WRONG = "INVITE_WRONG_RECIPIENT"


def _goal(which: str, more: str = "") -> str:
    return f"goalId: ${which}{more}"


def _admins(input: str) -> Attempt:
    return Attempt(input, "FORBIDDEN", "FORBIDDEN", "OK")


MUTATIONS: Mapping[str, tuple[Attempt | Own, ...]] = {
    "signUp": (Own(VISITORS, f'{_MAIL}, password: "short", name: "Somebody"'),),
    "confirmEmail": (Own(VISITORS, f'{_MAIL}, code: "1"'),),
    "resendCode": (Own(VISITORS, _MAIL),),
    "signIn": (Own(VISITORS, f'{_MAIL}, password: "short"'),),
    "refreshToken": (Own(VISITORS, 'refreshToken: "none"'),),
    "signOut": (Own(VISITORS, 'refreshToken: "none"'),),
    "forgotPassword": (Own(VISITORS, _MAIL),),
    "resetPassword": (Own(VISITORS, f'{_MAIL}, requestId: "none", code: "1", newPassword: "short"'),),
    "changePassword": (Own(USERS, 'currentPassword: "none", newPassword: "short"'),),
    "deleteAccount": (Own(USERS, 'confirmEmail: "somebody@example.com", password: "none"'),),
    "requestEmailChange": (Own(USERS, 'newEmail: "somebody@example.com", password: "none"'),),
    "confirmEmailChange": (Own(USERS, 'requestId: "none", oldCode: "1", newCode: "1"'),),
    "endSession": (Own(USERS, 'sessionId: "session_00000000000000000000000000000000"'),),
    "updateProfile": (Own(USERS, 'name: ""'),),
    "updatePrivacySettings": (Own(USERS, ""),),
    "createTeam": (Own(USERS, 'name: ""'),),
    "logActivity": (Own(USERS, 'durationSeconds: 0, startedAt: "2026-11-22T00:00:00Z"'),),
    "updateActivity": (
        Attempt('activityId: $walk, notes: "Mine"', "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"),
        Attempt('activityId: $hers, notes: "Mine"', "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"),
    ),
    "deleteActivity": (Attempt("activityId: $walk", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"),),
    "setActivitiesPrivacy": (Own(USERS, 'privacy: PRIVATE, from: "2026-11-22", to: "2026-11-21"'),),
    "logActivities": (Own(USERS, "items: []"),),
    "restoreActivity": (Attempt("activityId: $gone", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"),),
    "acceptInvite": (Attempt("code: $addressed", _WRONG, _WRONG, _WRONG, hidden=_WRONG, gone="INVALID_INVITE_CODE"),),
    "declineInvite": (Attempt("code: $addressed", _WRONG, _WRONG, _WRONG, hidden=_WRONG, gone="INVALID_INVITE_CODE"),),
    "setPresence": (Attempt(f"{_TEAM}, walking: true", "FORBIDDEN", "OK", "OK"),),
    "createAvatarUpload": (_admins(f'{_TEAM}, contentType: "image/png"'),),
    "deleteAvatar": (_admins(_TEAM),),
    "joinTeam": (Attempt(_TEAM, "FORBIDDEN", "ALREADY_MEMBER", "ALREADY_MEMBER"),),
    "requestToJoin": (Attempt(_TEAM, "FORBIDDEN", "ALREADY_MEMBER", "ALREADY_MEMBER"),),
    "withdrawJoinRequest": (Attempt("requestId: $request", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"),),
    "approveJoinRequest": (
        Attempt("requestId: $request", "NOT_FOUND", "NOT_FOUND", "OK"),
        Attempt("requestId: $rejected", "NOT_FOUND", "NOT_FOUND", "CONFLICT"),
    ),
    "rejectJoinRequest": (Attempt("requestId: $rejected", "NOT_FOUND", "NOT_FOUND", "OK"),),
    "updateTeam": (_admins(f'{_TEAM}, description: "New"'),),
    "createInvite": (_admins(_TEAM),),
    "createInvites": (_admins(f'{_TEAM}, emails: ["somebody@example.com", "nobody"]'),),
    "rotateInvite": (Attempt("inviteId: $invite", "NOT_FOUND", "NOT_FOUND", "OK"),),
    "revokeInvite": (Attempt("inviteId: $invite", "NOT_FOUND", "NOT_FOUND", "OK"),),
    "createGoal": (
        Attempt(_NEW, "FORBIDDEN", "OK", "OK"),
        Attempt(f"{_NEW}, activate: true", "FORBIDDEN", "FORBIDDEN", "TEAM_HAS_ACTIVE_GOAL"),
    ),
    "updateGoal": (
        _admins(_goal("goal", ', name: "New"')),
        Attempt(_goal("draft", f', name: "New", {_WAY}'), "NOT_FOUND", "FORBIDDEN", "OK"),
    ),
    "activateGoal": (
        Attempt(_goal("draft"), "NOT_FOUND", "FORBIDDEN", "TEAM_HAS_ACTIVE_GOAL"),
        Attempt(_goal("reached"), "FORBIDDEN", "FORBIDDEN", "GOAL_NOT_EDITABLE"),
    ),
    "deleteGoal": (
        Attempt(_goal("goal"), "FORBIDDEN", "FORBIDDEN", "GOAL_NOT_EDITABLE"),
        Attempt(_goal("draft"), "NOT_FOUND", "FORBIDDEN", "OK"),
    ),
    "cancelGoal": (
        Attempt(_goal("dropped"), "NOT_FOUND", "FORBIDDEN", "GOAL_NOT_EDITABLE"),
        _admins(_goal("goal")),
    ),
    "setMemberRole": (Attempt("memberId: $last, role: MEMBER", "NOT_FOUND", "FORBIDDEN", "OK"),),
    "transferCaptaincy": (Attempt("memberId: $last, stepDown: false", "NOT_FOUND", "FORBIDDEN", "OK"),),
    "removeMember": (Attempt("memberId: $last", "NOT_FOUND", "FORBIDDEN", "OK"),),
    "rejectActivity": (_admins(f'{_TEAM}, activityId: $flagged, reason: "No."'),),
    "approveActivity": (_admins(f"{_TEAM}, activityId: $judged"),),
    "hideNotes": (_admins(f"{_TEAM}, activityId: $judged"),),
    "liftBan": (Attempt("banId: $ban", "NOT_FOUND", "NOT_FOUND", "OK"),),
    "leaveTeam": (Attempt(_TEAM, "NOT_MEMBER", "OK", "LAST_ADMIN"),),
    "deleteTeam": (Attempt(f'{_TEAM}, confirmName: "?"', "FORBIDDEN", "FORBIDDEN", "VALIDATION_ERROR"),),
}
