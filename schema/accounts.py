"""Sign-up and sign-in in the API. `ok` is always true: a failure is an error, and answers never reveal an account."""

import strawberry

from schema.enums import Units
from schema.fields import attribute, optional
from schema.scalars import AWSDateTime, AWSEmail
from schema.users import Viewer


@strawberry.type(description="Tokens of a session.")
class Session:
    access_token: str = attribute("Goes into the Authorization header, as `Bearer TOKEN`.")
    access_token_expires_at: AWSDateTime = attribute("Expiry of the access token.")
    refresh_token: str = attribute(
        "Token for the session's next tokens. Valid once; within 30 seconds it gets the same ones again."
    )


@strawberry.input(description="A new account. A code is sent by mail.")
class SignUpInput:
    email: AWSEmail = attribute("The address to sign in with.")
    password: str = attribute("8 to 100 characters with an upper-case and a lower-case letter and a digit.")
    name: str = attribute("1 to 100 characters; others see it.")
    timezone: str | None = optional("IANA name; UTC without it.")
    preferred_units: Units | None = optional("MILES without it.")
    idempotency_key: str | None = optional(
        "Has no effect.",
        deprecated="Keys belong to accounts, and there is none yet: a repeated `signUp` is another attempt, with "
        "another code, and any of them can be confirmed.",
    )


@strawberry.input(description="The code that came by mail.")
class ConfirmEmailInput:
    email: AWSEmail = attribute("The address that signed up.")
    code: str = attribute("Six digits.")
    attempt_id: str | None = optional(
        "The `attemptId` from `signUp`. Without it no code is accepted while sign-ups with other passwords are pending "
        "for the address, and with Cognito never."
    )


@strawberry.input(description="Another code for a sign-up.")
class ResendCodeInput:
    email: AWSEmail = attribute("The address that signed up.")
    attempt_id: str | None = optional(
        "The `attemptId` from `signUp`. Without it nothing is sent while sign-ups with other passwords are pending for "
        "the address, and with Cognito never."
    )


@strawberry.input(description="Credentials.")
class SignInInput:
    email: AWSEmail = attribute("The account's address.")
    password: str = attribute("The account's password.")


@strawberry.input(description="A refresh token to exchange.")
class RefreshTokenInput:
    refresh_token: str = attribute("The latest one; an older one ends the session, but for 30 seconds after its use.")


@strawberry.input(description="The sessions to end.")
class SignOutInput:
    refresh_token: str | None = optional("The session's refresh token. Without it the access token's session is meant.")
    everywhere: bool | None = optional("All sessions of the account, this one among them.")
    others: bool | None = optional("All sessions of the account but this one. UNAVAILABLE with Cognito.")


@strawberry.type(description="The sign-up was taken.")
class SignUpPayload:
    ok: bool = attribute("Always true.")
    attempt_id: str | None = attribute("Input of `confirmEmail` and `resendCode`, which accept the code only with it.")


@strawberry.type(description="The account can sign in now.")
class ConfirmEmailPayload:
    ok: bool = attribute("Always true.")


@strawberry.type(description="A code was sent, if a sign-up is pending.")
class ResendCodePayload:
    ok: bool = attribute("Always true.")


@strawberry.type(description="The new session.")
class SignInPayload:
    session: Session = attribute("Its tokens.")
    viewer: Viewer = attribute("The session's user.")
    deletion_cancelled: bool = attribute("Whether the account was to be deleted, and is kept as you signed in.")


@strawberry.type(description="The session's next tokens.")
class RefreshTokenPayload:
    session: Session = attribute("The tokens.")


@strawberry.type(description="The sessions have ended.")
class SignOutPayload:
    ok: bool = attribute("Always true.")
