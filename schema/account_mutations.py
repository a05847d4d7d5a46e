"""Mutations of one's own account: one line per root field, naming its resolver."""

import strawberry

from resolvers import (
    accounts,
    avatars,
    closing,
    passwords,
    sessions,
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
from schema.avatars import (
    CreateAvatarUploadInput,
    CreateAvatarUploadPayload,
    DeleteAvatarInput,
    DeleteAvatarPayload,
)
from schema.closing import DeleteAccountInput, DeleteAccountPayload
from schema.directives import SIGNED_IN, USERS
from schema.fields import Input, field
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
from schema.users import (
    UpdatePrivacySettingsInput,
    UpdatePrivacySettingsPayload,
    UpdateProfileInput,
    UpdateProfilePayload,
)


@strawberry.type
class AccountMutations:
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

    @field(closing.delete_account, *SIGNED_IN)
    def delete_account(self, input: Input[DeleteAccountInput]) -> DeleteAccountPayload | None:
        """Delete your account, in two weeks: until then signing in brings it back. All your sessions end now, and
        others see a former member. Your walks go on counting for your teams, without your name. VALIDATION_ERROR for
        a wrong password or address."""

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
