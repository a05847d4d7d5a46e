"""Arguments of the fields, as their resolvers get them in `ctx.args`. `make reference` writes this file.

A key that is not required is absent where the client did not send it; None is a null that they sent. Ids are decoded.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NotRequired, TypedDict
from uuid import UUID

from milequest.rules.enums import (
    ActivityPrivacy,
    ActivityType,
    GoalStatus,
    JoinPolicy,
    LeaderboardBasis,
    LeaderboardMetric,
    LeaderboardPeriod,
    TeamRole,
    Units,
)


class AcceptInviteInput(TypedDict):
    """AcceptInviteInput of the schema."""

    code: NotRequired[str | None]
    invite_id: NotRequired[UUID | None]
    idempotency_key: NotRequired[str | None]


class ActivateGoalInput(TypedDict):
    """ActivateGoalInput of the schema."""

    goal_id: UUID
    idempotency_key: NotRequired[str | None]


class ActivityFilter(TypedDict):
    """ActivityFilter of the schema."""

    from_: NotRequired[date | None]
    to: NotRequired[date | None]
    types: NotRequired[Sequence[ActivityType] | None]
    privacy: NotRequired[ActivityPrivacy | None]


class ApproveActivityInput(TypedDict):
    """ApproveActivityInput of the schema."""

    team_id: UUID
    activity_id: UUID
    idempotency_key: NotRequired[str | None]


class ApproveJoinRequestInput(TypedDict):
    """ApproveJoinRequestInput of the schema."""

    request_id: UUID
    idempotency_key: NotRequired[str | None]


class CancelGoalInput(TypedDict):
    """CancelGoalInput of the schema."""

    goal_id: UUID
    idempotency_key: NotRequired[str | None]


class ChangePasswordInput(TypedDict):
    """ChangePasswordInput of the schema."""

    current_password: str
    new_password: str


class ConfirmEmailChangeInput(TypedDict):
    """ConfirmEmailChangeInput of the schema."""

    request_id: str
    old_code: str
    new_code: str


class ConfirmEmailInput(TypedDict):
    """ConfirmEmailInput of the schema."""

    email: str
    code: str
    attempt_id: NotRequired[str | None]


class CreateAvatarUploadInput(TypedDict):
    """CreateAvatarUploadInput of the schema."""

    content_type: str
    team_id: NotRequired[UUID | None]


class CreateInviteInput(TypedDict):
    """CreateInviteInput of the schema."""

    team_id: UUID
    email: NotRequired[str | None]
    max_uses: NotRequired[int | None]
    expires_in_hours: NotRequired[int | None]
    message: NotRequired[str | None]
    idempotency_key: NotRequired[str | None]


class CreateInvitesInput(TypedDict):
    """CreateInvitesInput of the schema."""

    team_id: UUID
    emails: Sequence[str]
    expires_in_hours: NotRequired[int | None]
    message: NotRequired[str | None]
    idempotency_key: NotRequired[str | None]


class CreateTeamInput(TypedDict):
    """CreateTeamInput of the schema."""

    name: str
    description: NotRequired[str | None]
    is_public: NotRequired[bool | None]
    join_policy: NotRequired[JoinPolicy | None]
    max_members: NotRequired[int | None]
    timezone: NotRequired[str | None]
    idempotency_key: NotRequired[str | None]


class DeclineInviteInput(TypedDict):
    """DeclineInviteInput of the schema."""

    code: NotRequired[str | None]
    invite_id: NotRequired[UUID | None]
    idempotency_key: NotRequired[str | None]


class DeleteAccountInput(TypedDict):
    """DeleteAccountInput of the schema."""

    confirm_email: str
    password: NotRequired[str | None]


class DeleteActivityInput(TypedDict):
    """DeleteActivityInput of the schema."""

    activity_id: UUID
    idempotency_key: NotRequired[str | None]


class DeleteAvatarInput(TypedDict):
    """DeleteAvatarInput of the schema."""

    team_id: NotRequired[UUID | None]
    idempotency_key: NotRequired[str | None]


class DeleteGoalInput(TypedDict):
    """DeleteGoalInput of the schema."""

    goal_id: UUID
    idempotency_key: NotRequired[str | None]


class DeleteTeamInput(TypedDict):
    """DeleteTeamInput of the schema."""

    team_id: UUID
    confirm_name: str
    idempotency_key: NotRequired[str | None]


class EndSessionInput(TypedDict):
    """EndSessionInput of the schema."""

    session_id: UUID


class ForgotPasswordInput(TypedDict):
    """ForgotPasswordInput of the schema."""

    email: str


class HideNotesInput(TypedDict):
    """HideNotesInput of the schema."""

    team_id: UUID
    activity_id: UUID
    hidden: NotRequired[bool | None]
    idempotency_key: NotRequired[str | None]


class JoinTeamInput(TypedDict):
    """JoinTeamInput of the schema."""

    team_id: UUID
    idempotency_key: NotRequired[str | None]


class LatLngInput(TypedDict):
    """LatLngInput of the schema."""

    lat: float
    lng: float


class LeaveTeamInput(TypedDict):
    """LeaveTeamInput of the schema."""

    team_id: UUID
    idempotency_key: NotRequired[str | None]


class LiftBanInput(TypedDict):
    """LiftBanInput of the schema."""

    ban_id: UUID
    idempotency_key: NotRequired[str | None]


class LogActivityInput(TypedDict):
    """LogActivityInput of the schema."""

    type: NotRequired[ActivityType | None]
    distance_meters: NotRequired[float | None]
    steps: NotRequired[int | None]
    duration_seconds: int
    started_at: datetime
    timezone: NotRequired[str | None]
    notes: NotRequired[str | None]
    privacy: NotRequired[ActivityPrivacy | None]
    allow_duplicate: NotRequired[bool | None]
    idempotency_key: NotRequired[str | None]


class RefreshTokenInput(TypedDict):
    """RefreshTokenInput of the schema."""

    refresh_token: str


class RejectActivityInput(TypedDict):
    """RejectActivityInput of the schema."""

    team_id: UUID
    activity_id: UUID
    reason: str
    idempotency_key: NotRequired[str | None]


class RejectJoinRequestInput(TypedDict):
    """RejectJoinRequestInput of the schema."""

    request_id: UUID
    idempotency_key: NotRequired[str | None]


class RemoveMemberInput(TypedDict):
    """RemoveMemberInput of the schema."""

    member_id: UUID
    ban: NotRequired[bool | None]
    idempotency_key: NotRequired[str | None]


class RequestEmailChangeInput(TypedDict):
    """RequestEmailChangeInput of the schema."""

    new_email: str
    password: str


class RequestToJoinInput(TypedDict):
    """RequestToJoinInput of the schema."""

    team_id: UUID
    message: NotRequired[str | None]
    idempotency_key: NotRequired[str | None]


class ResendCodeInput(TypedDict):
    """ResendCodeInput of the schema."""

    email: str
    attempt_id: NotRequired[str | None]


class ResetPasswordInput(TypedDict):
    """ResetPasswordInput of the schema."""

    email: str
    request_id: str
    code: str
    new_password: str


class RestoreActivityInput(TypedDict):
    """RestoreActivityInput of the schema."""

    activity_id: UUID
    idempotency_key: NotRequired[str | None]


class RevokeInviteInput(TypedDict):
    """RevokeInviteInput of the schema."""

    invite_id: UUID
    idempotency_key: NotRequired[str | None]


class RotateInviteInput(TypedDict):
    """RotateInviteInput of the schema."""

    invite_id: UUID
    expires_in_hours: NotRequired[int | None]
    idempotency_key: NotRequired[str | None]


class SetActivitiesPrivacyInput(TypedDict):
    """SetActivitiesPrivacyInput of the schema."""

    privacy: ActivityPrivacy
    from_: NotRequired[date | None]
    to: NotRequired[date | None]
    types: NotRequired[Sequence[ActivityType] | None]


class SetMemberRoleInput(TypedDict):
    """SetMemberRoleInput of the schema."""

    member_id: UUID
    role: TeamRole
    idempotency_key: NotRequired[str | None]


class SetPresenceInput(TypedDict):
    """SetPresenceInput of the schema."""

    team_id: UUID
    walking: bool


class SignInInput(TypedDict):
    """SignInInput of the schema."""

    email: str
    password: str


class SignOutInput(TypedDict):
    """SignOutInput of the schema."""

    refresh_token: NotRequired[str | None]
    everywhere: NotRequired[bool | None]
    others: NotRequired[bool | None]


class SignUpInput(TypedDict):
    """SignUpInput of the schema."""

    email: str
    password: str
    name: str
    timezone: NotRequired[str | None]
    preferred_units: NotRequired[Units | None]
    idempotency_key: NotRequired[str | None]


class TeamActivityFilter(TypedDict):
    """TeamActivityFilter of the schema."""

    from_: NotRequired[date | None]
    to: NotRequired[date | None]
    types: NotRequired[Sequence[ActivityType] | None]
    user_id: NotRequired[UUID | None]


class TransferCaptaincyInput(TypedDict):
    """TransferCaptaincyInput of the schema."""

    member_id: UUID
    step_down: NotRequired[bool | None]
    idempotency_key: NotRequired[str | None]


class UpdateActivityInput(TypedDict):
    """UpdateActivityInput of the schema."""

    activity_id: UUID
    type: NotRequired[ActivityType | None]
    distance_meters: NotRequired[float | None]
    steps: NotRequired[int | None]
    duration_seconds: NotRequired[int | None]
    started_at: NotRequired[datetime | None]
    notes: NotRequired[str | None]
    privacy: NotRequired[ActivityPrivacy | None]
    expected_version: NotRequired[int | None]
    idempotency_key: NotRequired[str | None]


class UpdatePrivacySettingsInput(TypedDict):
    """UpdatePrivacySettingsInput of the schema."""

    default_activity_privacy: NotRequired[ActivityPrivacy | None]
    show_on_leaderboards: NotRequired[bool | None]
    share_stats_with_team: NotRequired[bool | None]
    idempotency_key: NotRequired[str | None]


class UpdateProfileInput(TypedDict):
    """UpdateProfileInput of the schema."""

    name: NotRequired[str | None]
    preferred_units: NotRequired[Units | None]
    timezone: NotRequired[str | None]
    locale: NotRequired[str | None]
    stride_meters: NotRequired[float | None]
    expected_version: NotRequired[int | None]
    idempotency_key: NotRequired[str | None]


class UpdateTeamInput(TypedDict):
    """UpdateTeamInput of the schema."""

    team_id: UUID
    name: NotRequired[str | None]
    description: NotRequired[str | None]
    is_public: NotRequired[bool | None]
    join_policy: NotRequired[JoinPolicy | None]
    max_members: NotRequired[int | None]
    timezone: NotRequired[str | None]
    expected_version: NotRequired[int | None]
    idempotency_key: NotRequired[str | None]


class WithdrawJoinRequestInput(TypedDict):
    """WithdrawJoinRequestInput of the schema."""

    request_id: UUID
    idempotency_key: NotRequired[str | None]


class LogActivitiesInput(TypedDict):
    """LogActivitiesInput of the schema."""

    items: Sequence[LogActivityInput]


class WaypointInput(TypedDict):
    """WaypointInput of the schema."""

    position: LatLngInput
    name: NotRequired[str | None]
    is_locked: NotRequired[bool | None]


class CreateGoalInput(TypedDict):
    """CreateGoalInput of the schema."""

    team_id: UUID
    name: str
    description: NotRequired[str | None]
    starts_on: date
    ends_on: NotRequired[date | None]
    grace_hours: NotRequired[int | None]
    waypoints: NotRequired[Sequence[WaypointInput] | None]
    route_template_id: NotRequired[UUID | None]
    activate: NotRequired[bool | None]
    idempotency_key: NotRequired[str | None]


class UpdateGoalInput(TypedDict):
    """UpdateGoalInput of the schema."""

    goal_id: UUID
    name: NotRequired[str | None]
    description: NotRequired[str | None]
    starts_on: NotRequired[date | None]
    ends_on: NotRequired[date | None]
    grace_hours: NotRequired[int | None]
    waypoints: NotRequired[Sequence[WaypointInput] | None]
    expected_version: NotRequired[int | None]
    idempotency_key: NotRequired[str | None]


class GoalLeaderboardArgs(TypedDict):
    """Arguments of Goal.leaderboard."""

    metric: LeaderboardMetric | None


class GoalProgressTravelledPolylineArgs(TypedDict):
    """Arguments of GoalProgress.travelledPolyline."""

    zoom: NotRequired[int | None]


class GoalProgressTopContributorsArgs(TypedDict):
    """Arguments of GoalProgress.topContributors."""

    first: int | None


class LeaderboardEntriesArgs(TypedDict):
    """Arguments of Leaderboard.entries."""

    first: int | None
    after: NotRequired[str | None]


class SignUpArgs(TypedDict):
    """Arguments of Mutation.signUp."""

    input: SignUpInput


class ConfirmEmailArgs(TypedDict):
    """Arguments of Mutation.confirmEmail."""

    input: ConfirmEmailInput


class ResendCodeArgs(TypedDict):
    """Arguments of Mutation.resendCode."""

    input: ResendCodeInput


class SignInArgs(TypedDict):
    """Arguments of Mutation.signIn."""

    input: SignInInput


class RefreshTokenArgs(TypedDict):
    """Arguments of Mutation.refreshToken."""

    input: RefreshTokenInput


class SignOutArgs(TypedDict):
    """Arguments of Mutation.signOut."""

    input: SignOutInput


class EndSessionArgs(TypedDict):
    """Arguments of Mutation.endSession."""

    input: EndSessionInput


class ForgotPasswordArgs(TypedDict):
    """Arguments of Mutation.forgotPassword."""

    input: ForgotPasswordInput


class ResetPasswordArgs(TypedDict):
    """Arguments of Mutation.resetPassword."""

    input: ResetPasswordInput


class ChangePasswordArgs(TypedDict):
    """Arguments of Mutation.changePassword."""

    input: ChangePasswordInput


class RequestEmailChangeArgs(TypedDict):
    """Arguments of Mutation.requestEmailChange."""

    input: RequestEmailChangeInput


class ConfirmEmailChangeArgs(TypedDict):
    """Arguments of Mutation.confirmEmailChange."""

    input: ConfirmEmailChangeInput


class DeleteAccountArgs(TypedDict):
    """Arguments of Mutation.deleteAccount."""

    input: DeleteAccountInput


class UpdateProfileArgs(TypedDict):
    """Arguments of Mutation.updateProfile."""

    input: UpdateProfileInput


class UpdatePrivacySettingsArgs(TypedDict):
    """Arguments of Mutation.updatePrivacySettings."""

    input: UpdatePrivacySettingsInput


class CreateAvatarUploadArgs(TypedDict):
    """Arguments of Mutation.createAvatarUpload."""

    input: CreateAvatarUploadInput


class DeleteAvatarArgs(TypedDict):
    """Arguments of Mutation.deleteAvatar."""

    input: DeleteAvatarInput


class CreateTeamArgs(TypedDict):
    """Arguments of Mutation.createTeam."""

    input: CreateTeamInput


class UpdateTeamArgs(TypedDict):
    """Arguments of Mutation.updateTeam."""

    input: UpdateTeamInput


class DeleteTeamArgs(TypedDict):
    """Arguments of Mutation.deleteTeam."""

    input: DeleteTeamInput


class JoinTeamArgs(TypedDict):
    """Arguments of Mutation.joinTeam."""

    input: JoinTeamInput


class RequestToJoinArgs(TypedDict):
    """Arguments of Mutation.requestToJoin."""

    input: RequestToJoinInput


class WithdrawJoinRequestArgs(TypedDict):
    """Arguments of Mutation.withdrawJoinRequest."""

    input: WithdrawJoinRequestInput


class ApproveJoinRequestArgs(TypedDict):
    """Arguments of Mutation.approveJoinRequest."""

    input: ApproveJoinRequestInput


class RejectJoinRequestArgs(TypedDict):
    """Arguments of Mutation.rejectJoinRequest."""

    input: RejectJoinRequestInput


class LeaveTeamArgs(TypedDict):
    """Arguments of Mutation.leaveTeam."""

    input: LeaveTeamInput


class RemoveMemberArgs(TypedDict):
    """Arguments of Mutation.removeMember."""

    input: RemoveMemberInput


class LiftBanArgs(TypedDict):
    """Arguments of Mutation.liftBan."""

    input: LiftBanInput


class RejectActivityArgs(TypedDict):
    """Arguments of Mutation.rejectActivity."""

    input: RejectActivityInput


class ApproveActivityArgs(TypedDict):
    """Arguments of Mutation.approveActivity."""

    input: ApproveActivityInput


class HideNotesArgs(TypedDict):
    """Arguments of Mutation.hideNotes."""

    input: HideNotesInput


class SetMemberRoleArgs(TypedDict):
    """Arguments of Mutation.setMemberRole."""

    input: SetMemberRoleInput


class TransferCaptaincyArgs(TypedDict):
    """Arguments of Mutation.transferCaptaincy."""

    input: TransferCaptaincyInput


class CreateInviteArgs(TypedDict):
    """Arguments of Mutation.createInvite."""

    input: CreateInviteInput


class CreateInvitesArgs(TypedDict):
    """Arguments of Mutation.createInvites."""

    input: CreateInvitesInput


class RotateInviteArgs(TypedDict):
    """Arguments of Mutation.rotateInvite."""

    input: RotateInviteInput


class RevokeInviteArgs(TypedDict):
    """Arguments of Mutation.revokeInvite."""

    input: RevokeInviteInput


class AcceptInviteArgs(TypedDict):
    """Arguments of Mutation.acceptInvite."""

    input: AcceptInviteInput


class DeclineInviteArgs(TypedDict):
    """Arguments of Mutation.declineInvite."""

    input: DeclineInviteInput


class LogActivityArgs(TypedDict):
    """Arguments of Mutation.logActivity."""

    input: LogActivityInput


class UpdateActivityArgs(TypedDict):
    """Arguments of Mutation.updateActivity."""

    input: UpdateActivityInput


class DeleteActivityArgs(TypedDict):
    """Arguments of Mutation.deleteActivity."""

    input: DeleteActivityInput


class SetActivitiesPrivacyArgs(TypedDict):
    """Arguments of Mutation.setActivitiesPrivacy."""

    input: SetActivitiesPrivacyInput


class LogActivitiesArgs(TypedDict):
    """Arguments of Mutation.logActivities."""

    input: LogActivitiesInput


class RestoreActivityArgs(TypedDict):
    """Arguments of Mutation.restoreActivity."""

    input: RestoreActivityInput


class CreateGoalArgs(TypedDict):
    """Arguments of Mutation.createGoal."""

    input: CreateGoalInput


class UpdateGoalArgs(TypedDict):
    """Arguments of Mutation.updateGoal."""

    input: UpdateGoalInput


class DeleteGoalArgs(TypedDict):
    """Arguments of Mutation.deleteGoal."""

    input: DeleteGoalInput


class ActivateGoalArgs(TypedDict):
    """Arguments of Mutation.activateGoal."""

    input: ActivateGoalInput


class CancelGoalArgs(TypedDict):
    """Arguments of Mutation.cancelGoal."""

    input: CancelGoalInput


class SetPresenceArgs(TypedDict):
    """Arguments of Mutation.setPresence."""

    input: SetPresenceInput


class NodeArgs(TypedDict):
    """Arguments of Query.node."""

    id: tuple[str, str]


class NodesArgs(TypedDict):
    """Arguments of Query.nodes."""

    ids: Sequence[tuple[str, str]]


class UserArgs(TypedDict):
    """Arguments of Query.user."""

    id: UUID


class TeamArgs(TypedDict):
    """Arguments of Query.team."""

    id: UUID


class SearchTeamsArgs(TypedDict):
    """Arguments of Query.searchTeams."""

    query: str
    first: int | None
    after: NotRequired[str | None]


class InvitePreviewArgs(TypedDict):
    """Arguments of Query.invitePreview."""

    code: str


class GoalArgs(TypedDict):
    """Arguments of Query.goal."""

    id: UUID


class RouteTemplatesArgs(TypedDict):
    """Arguments of Query.routeTemplates."""

    first: int | None
    after: NotRequired[str | None]


class PreviewRouteArgs(TypedDict):
    """Arguments of Query.previewRoute."""

    waypoints: Sequence[WaypointInput]


class SearchPlacesArgs(TypedDict):
    """Arguments of Query.searchPlaces."""

    query: str
    near: NotRequired[LatLngInput | None]
    country: NotRequired[str | None]
    first: int | None


class ReverseGeocodeArgs(TypedDict):
    """Arguments of Query.reverseGeocode."""

    position: LatLngInput


class TeamsLeaderboardArgs(TypedDict):
    """Arguments of Query.teamsLeaderboard."""

    period: LeaderboardPeriod | None
    basis: LeaderboardBasis | None
    date: NotRequired[date | None]


class ActivityArgs(TypedDict):
    """Arguments of Query.activity."""

    id: UUID


class EstimateDistanceArgs(TypedDict):
    """Arguments of Query.estimateDistance."""

    steps: int
    stride_meters: NotRequired[float | None]


class RoutePolylineArgs(TypedDict):
    """Arguments of Route.polyline."""

    zoom: NotRequired[int | None]


class RouteLegPolylineArgs(TypedDict):
    """Arguments of RouteLeg.polyline."""

    zoom: NotRequired[int | None]


class RoutePreviewPolylineArgs(TypedDict):
    """Arguments of RoutePreview.polyline."""

    zoom: NotRequired[int | None]


class RouteTemplatePolylineArgs(TypedDict):
    """Arguments of RouteTemplate.polyline."""

    zoom: NotRequired[int | None]


class TeamActivityChangedArgs(TypedDict):
    """Arguments of Subscription.teamActivityChanged."""

    team_id: UUID
    filter: NotRequired[object | None]
    after: NotRequired[str | None]


class TeamMemberChangedArgs(TypedDict):
    """Arguments of Subscription.teamMemberChanged."""

    team_id: UUID
    after: NotRequired[str | None]


class TeamJoinRequestChangedArgs(TypedDict):
    """Arguments of Subscription.teamJoinRequestChanged."""

    team_id: UUID
    after: NotRequired[str | None]


class TeamGoalChangedArgs(TypedDict):
    """Arguments of Subscription.teamGoalChanged."""

    team_id: UUID
    after: NotRequired[str | None]


class TeamMilestoneReachedArgs(TypedDict):
    """Arguments of Subscription.teamMilestoneReached."""

    team_id: UUID
    after: NotRequired[str | None]


class TeamUpdatedArgs(TypedDict):
    """Arguments of Subscription.teamUpdated."""

    team_id: UUID


class TeamProgressUpdatedArgs(TypedDict):
    """Arguments of Subscription.teamProgressUpdated."""

    team_id: UUID


class TeamLeaderboardUpdatedArgs(TypedDict):
    """Arguments of Subscription.teamLeaderboardUpdated."""

    team_id: UUID
    period: LeaderboardPeriod
    metric: LeaderboardMetric


class TeamsLeaderboardUpdatedArgs(TypedDict):
    """Arguments of Subscription.teamsLeaderboardUpdated."""

    period: LeaderboardPeriod
    basis: LeaderboardBasis


class TeamPresenceUpdatedArgs(TypedDict):
    """Arguments of Subscription.teamPresenceUpdated."""

    team_id: UUID


class TeamGoalsArgs(TypedDict):
    """Arguments of Team.goals."""

    status: NotRequired[GoalStatus | None]
    first: int | None
    after: NotRequired[str | None]


class TeamBansArgs(TypedDict):
    """Arguments of Team.bans."""

    first: int | None
    after: NotRequired[str | None]


class TeamFlaggedActivitiesArgs(TypedDict):
    """Arguments of Team.flaggedActivities."""

    first: int | None
    after: NotRequired[str | None]


class TeamRulingsArgs(TypedDict):
    """Arguments of Team.rulings."""

    first: int | None
    after: NotRequired[str | None]


class TeamMembersArgs(TypedDict):
    """Arguments of Team.members."""

    first: int | None
    after: NotRequired[str | None]


class TeamActivitiesArgs(TypedDict):
    """Arguments of Team.activities."""

    first: int | None
    after: NotRequired[str | None]
    filter: NotRequired[TeamActivityFilter | None]


class TeamInvitesArgs(TypedDict):
    """Arguments of Team.invites."""

    first: int | None
    after: NotRequired[str | None]


class TeamJoinRequestsArgs(TypedDict):
    """Arguments of Team.joinRequests."""

    first: int | None
    after: NotRequired[str | None]


class TeamLeaderboardArgs(TypedDict):
    """Arguments of Team.leaderboard."""

    period: LeaderboardPeriod | None
    metric: LeaderboardMetric | None
    date: NotRequired[date | None]


class ViewerStatsArgs(TypedDict):
    """Arguments of Viewer.stats."""

    period: LeaderboardPeriod | None
    date: NotRequired[date | None]


class ViewerDaysArgs(TypedDict):
    """Arguments of Viewer.days."""

    from_: NotRequired[date | None]
    to: NotRequired[date | None]


class ViewerActivitiesArgs(TypedDict):
    """Arguments of Viewer.activities."""

    first: int | None
    after: NotRequired[str | None]
    filter: NotRequired[ActivityFilter | None]
