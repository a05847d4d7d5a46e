"""Pictures of users and teams in the API: uploads and deletion."""

import strawberry

from schema.fields import attribute, idempotency_key, optional
from schema.scalars import AWSURL, AWSDateTime
from schema.teams import Team
from schema.users import Viewer

MOST_FIELDS = 20


@strawberry.input(description="The picture to upload.")
class CreateAvatarUploadInput:
    content_type: str = strawberry.field(description="image/jpeg, image/png or image/webp.")
    team_id: strawberry.ID | None = optional("The team whose picture it becomes; for its ADMINs. Absent: your own.")


@strawberry.type(description="A field of a form.")
class FormField:
    name: str = attribute("Its name.")
    value: str = attribute("Its value.")


@strawberry.type(
    description="A form for one file: POST it to `url` as multipart/form-data, with all `fields`, followed by the "
    "file as `file`. The picture is shown once it was checked, within seconds; if it is refused, "
    "`Viewer.avatarRefusal` says why."
)
class CreateAvatarUploadPayload:
    upload: str = attribute("Id of the upload, as in `Viewer.avatarRefusal`.")
    url: AWSURL = attribute("Address of the form; it takes no access token.")
    fields: list[FormField] = attribute(
        "Form fields to send before the file, in this order: at most 20.", bound=MOST_FIELDS
    )
    max_bytes: int = attribute("Largest size of the file, in bytes.")
    expires_at: AWSDateTime = attribute("Expiry of the form.")


@strawberry.input(description="The picture to delete.")
class DeleteAvatarInput:
    team_id: strawberry.ID | None = optional("The team whose picture it is; for its ADMINs. Absent: your own.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="The account or team without its picture.")
class DeleteAvatarPayload:
    viewer: Viewer | None = attribute("Your account, if it was your own picture.")
    team: Team | None = attribute("The team, if it was a team's.")
