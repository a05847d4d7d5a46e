"""Changes of passwords and addresses in the API."""

import strawberry

from schema.fields import attribute
from schema.scalars import AWSEmail
from schema.users import Viewer

RULES = "8 to 100 characters with an upper-case and a lower-case letter and a digit."


@strawberry.input(description="An account whose password is forgotten.")
class ForgotPasswordInput:
    email: AWSEmail = attribute("The account's address.")


@strawberry.input(description="A new password, and the code that came by mail.")
class ResetPasswordInput:
    email: AWSEmail = attribute("The account's address.")
    request_id: str = attribute("The `requestId` from `forgotPassword`.")
    code: str = attribute("Six digits.")
    new_password: str = attribute(RULES)


@strawberry.input(description="A change of the password by its owner.")
class ChangePasswordInput:
    current_password: str = attribute("The account's password.")
    new_password: str = attribute(RULES)


@strawberry.input(description="Another address for the account.")
class RequestEmailChangeInput:
    new_email: AWSEmail = attribute("The address to sign in with from then on.")
    password: str = attribute("The account's password.")


@strawberry.input(description="The codes that came by mail.")
class ConfirmEmailChangeInput:
    request_id: str = attribute("The `requestId` from `requestEmailChange`.")
    old_code: str = attribute("Six digits, from the mail to the address so far.")
    new_code: str = attribute("Six digits, from the mail to the new address.")


@strawberry.type(description="A mail was sent.")
class ForgotPasswordPayload:
    ok: bool = attribute("Always true.")
    request_id: str = attribute("Input of `resetPassword`, which accepts the code only with it.")


@strawberry.type(description="The account has the new password, and its sessions have ended.")
class ResetPasswordPayload:
    ok: bool = attribute("Always true.")


@strawberry.type(description="The account has the new password, and its other sessions have ended.")
class ChangePasswordPayload:
    ok: bool = attribute("Always true.")


@strawberry.type(description="Two mails were sent.")
class RequestEmailChangePayload:
    ok: bool = attribute("Always true.")
    request_id: str = attribute("Input of `confirmEmailChange`, which accepts the codes only with it.")


@strawberry.type(description="The account has the new address.")
class ConfirmEmailChangePayload:
    viewer: Viewer = attribute("The caller with it.")
