"""Deletion of an account in the API."""

import strawberry

from schema.fields import attribute, optional
from schema.scalars import AWSDateTime, AWSEmail


@strawberry.input(description="The account's deletion, confirmed.")
class DeleteAccountInput:
    confirm_email: AWSEmail = attribute("Your account's address.")
    password: str | None = optional(
        "Your password. Without one, as with accounts of another service, sign in again first: ten minutes ago at most."
    )


@strawberry.type(description="The account is hidden and signed out; signing in before `deletesAt` brings it back.")
class DeleteAccountPayload:
    deletes_at: AWSDateTime = attribute("When it is deleted for good.")
