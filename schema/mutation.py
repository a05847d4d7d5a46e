"""Mutations: one line per root field, naming its resolver."""

import strawberry

from resolvers import (
    activities,
    bulk_logging,
    goals,
    invites,
    inviting,
    join_requests,
    members,
    moderation,
    presence,
    teams,
    walk_privacy,
)
from schema.account_mutations import AccountMutations
from schema.activities import (
    DeleteActivityInput,
    DeleteActivityPayload,
    LogActivitiesInput,
    LogActivitiesPayload,
    LogActivityInput,
    LogActivityPayload,
    RestoreActivityInput,
    RestoreActivityPayload,
    SetActivitiesPrivacyInput,
    SetActivitiesPrivacyPayload,
    UpdateActivityInput,
    UpdateActivityPayload,
)
from schema.directives import SIGNED_IN
from schema.fields import Input, field
from schema.goals import (
    ActivateGoalInput,
    ActivateGoalPayload,
    CancelGoalInput,
    CancelGoalPayload,
    CreateGoalInput,
    CreateGoalPayload,
    DeleteGoalInput,
    DeleteGoalPayload,
    UpdateGoalInput,
    UpdateGoalPayload,
)
from schema.invites import (
    AcceptInviteInput,
    AcceptInvitePayload,
    CreateInviteInput,
    CreateInvitePayload,
    CreateInvitesInput,
    CreateInvitesPayload,
    DeclineInviteInput,
    DeclineInvitePayload,
    RevokeInviteInput,
    RevokeInvitePayload,
    RotateInviteInput,
    RotateInvitePayload,
)
from schema.join_requests import (
    ApproveJoinRequestInput,
    ApproveJoinRequestPayload,
    RejectJoinRequestInput,
    RejectJoinRequestPayload,
    RequestToJoinInput,
    RequestToJoinPayload,
    WithdrawJoinRequestInput,
    WithdrawJoinRequestPayload,
)
from schema.live import SetPresenceInput, SetPresencePayload
from schema.members import (
    JoinTeamInput,
    JoinTeamPayload,
    LeaveTeamInput,
    LeaveTeamPayload,
    LiftBanInput,
    LiftBanPayload,
    RemoveMemberInput,
    RemoveMemberPayload,
    SetMemberRoleInput,
    SetMemberRolePayload,
    TransferCaptaincyInput,
    TransferCaptaincyPayload,
)
from schema.moderation import (
    ApproveActivityInput,
    ApproveActivityPayload,
    HideNotesInput,
    HideNotesPayload,
    RejectActivityInput,
    RejectActivityPayload,
)
from schema.teams import (
    CreateTeamInput,
    CreateTeamPayload,
    DeleteTeamInput,
    DeleteTeamPayload,
    UpdateTeamInput,
    UpdateTeamPayload,
)


@strawberry.type(description="Operations that change data.")
class Mutation(AccountMutations):
    @field(teams.create_team, *SIGNED_IN)
    def create_team(self, input: Input[CreateTeamInput]) -> CreateTeamPayload | None:
        """Found a team. CONFLICT when its name is taken, by a private team too; RATE_LIMITED after ten in a day."""

    @field(teams.update_team, *SIGNED_IN)
    def update_team(self, input: Input[UpdateTeamInput]) -> UpdateTeamPayload | None:
        """Change a team, as its ADMIN. CONFLICT when the name is taken, STALE_VERSION by `expectedVersion`."""

    @field(teams.delete_team, *SIGNED_IN)
    def delete_team(self, input: Input[DeleteTeamInput]) -> DeleteTeamPayload | None:
        """End a team, as its ADMIN, with its memberships, open goals and invites."""

    @field(members.join_team, *SIGNED_IN)
    def join_team(self, input: Input[JoinTeamInput]) -> JoinTeamPayload | None:
        """Join a public OPEN team. FORBIDDEN for another join policy, TEAM_FULL, ALREADY_MEMBER."""

    @field(join_requests.request_to_join, *SIGNED_IN)
    def request_to_join(self, input: Input[RequestToJoinInput]) -> RequestToJoinPayload | None:
        """Ask to join a public team with the join policy REQUEST. FORBIDDEN for another one, ALREADY_MEMBER;
        RATE_LIMITED in the week after a rejection, CONFLICT with 20 pending requests of yours."""

    @field(join_requests.withdraw_join_request, *SIGNED_IN)
    def withdraw_join_request(self, input: Input[WithdrawJoinRequestInput]) -> WithdrawJoinRequestPayload | None:
        """Withdraw a request of yours. CONFLICT when it was answered already."""

    @field(join_requests.approve_join_request, *SIGNED_IN)
    def approve_join_request(self, input: Input[ApproveJoinRequestInput]) -> ApproveJoinRequestPayload | None:
        """Let who asked join, as the team's ADMIN. TEAM_FULL; CONFLICT when the request is no longer pending, or its
        author is in too many teams."""

    @field(join_requests.reject_join_request, *SIGNED_IN)
    def reject_join_request(self, input: Input[RejectJoinRequestInput]) -> RejectJoinRequestPayload | None:
        """Say no to a request, as the team's ADMIN. CONFLICT when it is no longer pending."""

    @field(members.leave_team, *SIGNED_IN)
    def leave_team(self, input: Input[LeaveTeamInput]) -> LeaveTeamPayload | None:
        """Leave a team. LAST_ADMIN while others are in it and none of them is ADMIN; NOT_MEMBER."""

    @field(members.remove_member, *SIGNED_IN)
    def remove_member(self, input: Input[RemoveMemberInput]) -> RemoveMemberPayload | None:
        """End someone else's membership, as the team's ADMIN. FORBIDDEN for your own: leave instead."""

    @field(members.lift_ban, *SIGNED_IN)
    def lift_ban(self, input: Input[LiftBanInput]) -> LiftBanPayload | None:
        """Lift a ban, as the team's ADMIN. NOT_FOUND for one that was lifted before."""

    @field(moderation.reject_activity, *SIGNED_IN)
    def reject_activity(self, input: Input[RejectActivityInput]) -> RejectActivityPayload | None:
        """Count a walk for your team no longer, as its ADMIN; other teams go on counting it."""

    @field(moderation.approve_activity, *SIGNED_IN)
    def approve_activity(self, input: Input[ApproveActivityInput]) -> ApproveActivityPayload | None:
        """Count a FLAGGED or rejected walk for your team, as its ADMIN. One that counts stays as it is."""

    @field(moderation.hide_notes, *SIGNED_IN)
    def hide_notes(self, input: Input[HideNotesInput]) -> HideNotesPayload | None:
        """Hide a walk's notes from your team, as its ADMIN, or show them again."""

    @field(members.set_member_role, *SIGNED_IN)
    def set_member_role(self, input: Input[SetMemberRoleInput]) -> SetMemberRolePayload | None:
        """Give a member a role, as the team's ADMIN. LAST_ADMIN for the only one."""

    @field(members.transfer_captaincy, *SIGNED_IN)
    def transfer_captaincy(self, input: Input[TransferCaptaincyInput]) -> TransferCaptaincyPayload | None:
        """Make a member ADMIN in your place, as the team's ADMIN, in one step. FORBIDDEN for yourself."""

    @field(inviting.create_invite, *SIGNED_IN)
    def create_invite(self, input: Input[CreateInviteInput]) -> CreateInvitePayload | None:
        """Create an invite, as the team's ADMIN: for one address, to which its link is mailed, or a link for many.
        ALREADY_MEMBER for the address of a member."""

    @field(inviting.create_invites, *SIGNED_IN)
    def create_invites(self, input: Input[CreateInvitesInput]) -> CreateInvitesPayload | None:
        """Create invites for up to 50 addresses, as the team's ADMIN. One that fails is a `problem` of its result, and
        keeps none of the others from being made."""

    @field(inviting.rotate_invite, *SIGNED_IN)
    def rotate_invite(self, input: Input[RotateInviteInput]) -> RotateInvitePayload | None:
        """Give an invite a new code, as the team's ADMIN; the one before ends. CONFLICT when it was answered or
        revoked."""

    @field(inviting.revoke_invite, *SIGNED_IN)
    def revoke_invite(self, input: Input[RevokeInviteInput]) -> RevokeInvitePayload | None:
        """Revoke an invite, as the team's ADMIN. CONFLICT when it was answered already."""

    @field(invites.accept_invite, *SIGNED_IN)
    def accept_invite(self, input: Input[AcceptInviteInput]) -> AcceptInvitePayload | None:
        """Join by a code, or by the id of an invite for your address. INVALID_INVITE_CODE, INVITE_EXPIRED, CONFLICT
        when it is used up or you declined it, INVITE_WRONG_RECIPIENT, NOT_FOUND for the id of another one, TEAM_FULL,
        ALREADY_MEMBER; RATE_LIMITED after ten wrong codes in an hour."""

    @field(invites.decline_invite, *SIGNED_IN)
    def decline_invite(self, input: Input[DeclineInviteInput]) -> DeclineInvitePayload | None:
        """Decline an invite. Refused as `acceptInvite`, except for a full team or too many teams."""

    @field(activities.log_activity, *SIGNED_IN)
    def log_activity(self, input: Input[LogActivityInput]) -> LogActivityPayload | None:
        """Log a walk and count it for every team you were in when it began.

        VALIDATION_ERROR, BACKDATE_LIMIT after 30 days, DUPLICATE_ACTIVITY with `existingId` for a walk that is
        probably logged already. The key lives as long as the walk.
        """

    @field(activities.update_activity, *SIGNED_IN)
    def update_activity(self, input: Input[UpdateActivityInput]) -> UpdateActivityPayload | None:
        """Change a walk of yours and count it anew. STALE_VERSION when it has changed since you read it."""

    @field(activities.delete_activity, *SIGNED_IN)
    def delete_activity(self, input: Input[DeleteActivityInput]) -> DeleteActivityPayload | None:
        """Delete a walk of yours; it no longer counts in any total."""

    @field(walk_privacy.set_activities_privacy, *SIGNED_IN)
    def set_activities_privacy(self, input: Input[SetActivitiesPrivacyInput]) -> SetActivitiesPrivacyPayload | None:
        """Hide or show walks of yours, up to 100 in a call. Walks of more than 30 days ago are hidden only."""

    @field(bulk_logging.log_activities, *SIGNED_IN)
    def log_activities(self, input: Input[LogActivitiesInput]) -> LogActivitiesPayload | None:
        """Log up to 100 walks, each by itself, as after days without a network.

        A refused walk is a `problem` and stops none of the others. After UNAVAILABLE send all of them again.
        """

    @field(activities.restore_activity, *SIGNED_IN)
    def restore_activity(self, input: Input[RestoreActivityInput]) -> RestoreActivityPayload | None:
        """Take back the deletion of a walk of yours, so that it counts again. BACKDATE_LIMIT for one that began more
        than 30 days ago."""

    @field(goals.create_goal, *SIGNED_IN)
    def create_goal(self, input: Input[CreateGoalInput]) -> CreateGoalPayload | None:
        """Create a goal for a team you are in. NO_ROUTE_FOUND with `legIndex`; TEAM_HAS_ACTIVE_GOAL with `activate`."""

    @field(goals.update_goal, *SIGNED_IN)
    def update_goal(self, input: Input[UpdateGoalInput]) -> UpdateGoalPayload | None:
        """Change a goal; for ADMINs, and a DRAFT for who made it. GOAL_NOT_EDITABLE for what its status forbids."""

    @field(goals.delete_goal, *SIGNED_IN)
    def delete_goal(self, input: Input[DeleteGoalInput]) -> DeleteGoalPayload | None:
        """Delete a DRAFT; for ADMINs and who made it. GOAL_NOT_EDITABLE for a goal that has begun."""

    @field(goals.activate_goal, *SIGNED_IN)
    def activate_goal(self, input: Input[ActivateGoalInput]) -> ActivateGoalPayload | None:
        """Activate a DRAFT; for ADMINs. TEAM_HAS_ACTIVE_GOAL, as a team has one active goal at most."""

    @field(goals.cancel_goal, *SIGNED_IN)
    def cancel_goal(self, input: Input[CancelGoalInput]) -> CancelGoalPayload | None:
        """Cancel a DRAFT or an active goal; for ADMINs."""

    @field(presence.set_presence, *SIGNED_IN)
    def set_presence(self, input: Input[SetPresenceInput]) -> SetPresencePayload | None:
        """Show a team of yours that you are walking. Repeat it while you walk; it expires after two minutes."""
