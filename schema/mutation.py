"""Mutations: one line per root field, naming its resolver."""

import strawberry

from resolvers import (
    accounts,
    activities,
    avatars,
    goals,
    invites,
    members,
    passwords,
    presence,
    sessions,
    teams,
    users,
)
from schema.accounts import (
    ConfirmEmailInput,
    ConfirmEmailPayload,
    RefreshTokenInput,
    RefreshTokenPayload,
    ResendCodeInput,
    ResendCodePayload,
    SignInInput,
    SignInPayload,
    SignOutInput,
    SignOutPayload,
    SignUpInput,
    SignUpPayload,
)
from schema.activities import (
    DeleteActivityInput,
    DeleteActivityPayload,
    LogActivityInput,
    LogActivityPayload,
    UpdateActivityInput,
    UpdateActivityPayload,
)
from schema.avatars import (
    CreateAvatarUploadInput,
    CreateAvatarUploadPayload,
    DeleteAvatarInput,
    DeleteAvatarPayload,
)
from schema.directives import SIGNED_IN, USERS
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
    DeclineInviteInput,
    DeclineInvitePayload,
    RevokeInviteInput,
    RevokeInvitePayload,
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
)
from schema.passwords import (
    ChangePasswordInput,
    ChangePasswordPayload,
    ConfirmEmailChangeInput,
    ConfirmEmailChangePayload,
    ForgotPasswordInput,
    ForgotPasswordPayload,
    RequestEmailChangeInput,
    RequestEmailChangePayload,
    ResetPasswordInput,
    ResetPasswordPayload,
)
from schema.sessions import EndSessionInput, EndSessionPayload
from schema.teams import (
    CreateTeamInput,
    CreateTeamPayload,
    DeleteTeamInput,
    DeleteTeamPayload,
    UpdateTeamInput,
    UpdateTeamPayload,
)
from schema.users import (
    UpdatePrivacySettingsInput,
    UpdatePrivacySettingsPayload,
    UpdateProfileInput,
    UpdateProfilePayload,
)


@strawberry.type(description="Operations that change data.")
class Mutation:
    @field(accounts.sign_up, *USERS)
    def sign_up(self, input: Input[SignUpInput]) -> SignUpPayload | None:
        """Begin an account; a code comes by mail. The answer is the same for an address that has an account."""

    @field(accounts.confirm_email, *USERS)
    def confirm_email(self, input: Input[ConfirmEmailInput]) -> ConfirmEmailPayload | None:
        """Finish a sign-up with its code. CODE_INVALID for one that is wrong, old or of another sign-up."""

    @field(accounts.resend_code, *USERS)
    def resend_code(self, input: Input[ResendCodeInput]) -> ResendCodePayload | None:
        """Send another code for a sign-up; the previous one is no longer valid."""

    @field(accounts.sign_in, *USERS)
    def sign_in(self, input: Input[SignInInput]) -> SignInPayload | None:
        """Start a session.

        UNAUTHENTICATED for a wrong address or password, EMAIL_NOT_VERIFIED when only the code is missing.
        """

    @field(accounts.refresh_token, *USERS)
    def refresh_token(self, input: Input[RefreshTokenInput]) -> RefreshTokenPayload | None:
        """Exchange a refresh token for the session's next tokens.

        The same one again within 30 seconds gets the same answer; later it ends the session. UNAUTHENTICATED.
        """

    @field(accounts.sign_out, *USERS)
    def sign_out(self, input: Input[SignOutInput]) -> SignOutPayload | None:
        """End a session, the others or all: that of `refreshToken`, else that of the access token.

        Its refresh token ends at once. Within a second its access tokens are refused, its subscriptions end with
        UNAUTHENTICATED, and sockets whose `connection_init` had its token are closed (4401). UNAUTHENTICATED where
        neither token is valid: nothing has ended then.
        """

    @field(sessions.end_session, *SIGNED_IN)
    def end_session(self, input: Input[EndSessionInput]) -> EndSessionPayload | None:
        """End one of your sessions, as `signOut` does. NOT_FOUND for one that is not yours or has ended."""

    @field(passwords.forgot_password, *USERS)
    def forgot_password(self, input: Input[ForgotPasswordInput]) -> ForgotPasswordPayload | None:
        """Send a code for a new password. The answer is the same for an address that has no account."""

    @field(passwords.reset_password, *USERS)
    def reset_password(self, input: Input[ResetPasswordInput]) -> ResetPasswordPayload | None:
        """Give an account a new password and end its sessions. CODE_INVALID for a code that is wrong, old or of another
        request; five wrong ones use the request up."""

    @field(passwords.change_password, *SIGNED_IN)
    def change_password(self, input: Input[ChangePasswordInput]) -> ChangePasswordPayload | None:
        """Give your account a new password and end your other sessions, with Cognito this one too. VALIDATION_ERROR
        for a wrong current one.
        """

    @field(passwords.request_email_change, *SIGNED_IN)
    def request_email_change(self, input: Input[RequestEmailChangeInput]) -> RequestEmailChangePayload | None:
        """Send a code to your address and another to the new one. The answer is the same for one that is taken.
        UNAVAILABLE with Cognito.
        """

    @field(passwords.confirm_email_change, *SIGNED_IN)
    def confirm_email_change(self, input: Input[ConfirmEmailChangeInput]) -> ConfirmEmailChangePayload | None:
        """Make the new address yours, with both codes.

        CODE_INVALID when either is invalid; five wrong tries use the request up.
        """

    @field(users.update_profile, *SIGNED_IN)
    def update_profile(self, input: Input[UpdateProfileInput]) -> UpdateProfilePayload | None:
        """Change your profile. STALE_VERSION by `expectedVersion`."""

    @field(users.update_privacy_settings, *SIGNED_IN)
    def update_privacy_settings(self, input: Input[UpdatePrivacySettingsInput]) -> UpdatePrivacySettingsPayload | None:
        """Change what others see of you; boards follow at once."""

    @field(avatars.create_avatar_upload, *SIGNED_IN)
    def create_avatar_upload(self, input: Input[CreateAvatarUploadInput]) -> CreateAvatarUploadPayload | None:
        """Create a form for uploading your picture, or a team's as its ADMIN.

        The picture is shown without a camera's metadata, such as the place. RATE_LIMITED after thirty in an hour.
        """

    @field(avatars.delete_avatar, *SIGNED_IN)
    def delete_avatar(self, input: Input[DeleteAvatarInput]) -> DeleteAvatarPayload | None:
        """Delete your picture, or a team's as its ADMIN. Caches may show it for another day."""

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

    @field(members.leave_team, *SIGNED_IN)
    def leave_team(self, input: Input[LeaveTeamInput]) -> LeaveTeamPayload | None:
        """Leave a team. LAST_ADMIN while others are in it and none of them is ADMIN; NOT_MEMBER."""

    @field(members.remove_member, *SIGNED_IN)
    def remove_member(self, input: Input[RemoveMemberInput]) -> RemoveMemberPayload | None:
        """End someone else's membership, as the team's ADMIN. FORBIDDEN for your own: leave instead."""

    @field(members.lift_ban, *SIGNED_IN)
    def lift_ban(self, input: Input[LiftBanInput]) -> LiftBanPayload | None:
        """Lift a ban, as the team's ADMIN. NOT_FOUND for one that was lifted before."""

    @field(members.set_member_role, *SIGNED_IN)
    def set_member_role(self, input: Input[SetMemberRoleInput]) -> SetMemberRolePayload | None:
        """Give a member a role, as the team's ADMIN. LAST_ADMIN for the only one."""

    @field(invites.create_invite, *SIGNED_IN)
    def create_invite(self, input: Input[CreateInviteInput]) -> CreateInvitePayload | None:
        """Create an invite, as the team's ADMIN: for one address, or a link for many."""

    @field(invites.revoke_invite, *SIGNED_IN)
    def revoke_invite(self, input: Input[RevokeInviteInput]) -> RevokeInvitePayload | None:
        """Revoke an invite, as the team's ADMIN. CONFLICT when it was answered already."""

    @field(invites.accept_invite, *SIGNED_IN)
    def accept_invite(self, input: Input[AcceptInviteInput]) -> AcceptInvitePayload | None:
        """Join by a code. INVALID_INVITE_CODE, INVITE_EXPIRED, CONFLICT when it is used up, INVITE_WRONG_RECIPIENT,
        TEAM_FULL, ALREADY_MEMBER; RATE_LIMITED after ten wrong codes in an hour."""

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

    @field(goals.create_goal, *SIGNED_IN)
    def create_goal(self, input: Input[CreateGoalInput]) -> CreateGoalPayload | None:
        """Create a goal for a team you are in. NO_ROUTE_FOUND with `legIndex`; TEAM_HAS_ACTIVE_GOAL with `activate`."""

    @field(goals.update_goal, *SIGNED_IN)
    def update_goal(self, input: Input[UpdateGoalInput]) -> UpdateGoalPayload | None:
        """Change a goal; for ADMINs. GOAL_NOT_EDITABLE for what its status no longer allows."""

    @field(goals.delete_goal, *SIGNED_IN)
    def delete_goal(self, input: Input[DeleteGoalInput]) -> DeleteGoalPayload | None:
        """Delete a DRAFT; for ADMINs. GOAL_NOT_EDITABLE for a goal that has begun."""

    @field(goals.activate_goal, *SIGNED_IN)
    def activate_goal(self, input: Input[ActivateGoalInput]) -> ActivateGoalPayload | None:
        """Activate a DRAFT; for ADMINs. TEAM_HAS_ACTIVE_GOAL, as a team has one active goal at most."""

    @field(goals.cancel_goal, *SIGNED_IN)
    def cancel_goal(self, input: Input[CancelGoalInput]) -> CancelGoalPayload | None:
        """Cancel a DRAFT or an active goal; for ADMINs."""

    @field(presence.set_presence, *SIGNED_IN)
    def set_presence(self, input: Input[SetPresenceInput]) -> SetPresencePayload | None:
        """Show a team of yours that you are walking. Repeat it while you walk; it expires after two minutes."""
