"""Pictures of users and teams in the API: uploads and deletion."""

import strawberry

from schema.fields import attribute, idempotency_key, optional
from schema.scalars import AWSURL, AWSDateTime
from schema.teams import Team
from schema.users import Viewer

MOST_FIELDS = 20


@strawberry.input(description="Which picture you are going to send.")
class CreateAvatarUploadInput:
    content_type: str = strawberry.field(description="image/jpeg, image/png or image/webp.")
    team_id: strawberry.ID | None = optional("The team whose picture it is to be, as its ADMIN. Absent: your own.")


@strawberry.type(description="A field of a form.")
class FormField:
    name: str = attribute("Its name.")
    value: str = attribute("What is in it.")


@strawberry.type(
    description="A form for one file: POST it to `url` as multipart/form-data, with all `fields`, and behind them the "
    "file as `file`. The picture is shown once it has been looked at, within seconds; why another file is not says "
    "`Viewer.avatarRefusal`."
)
class CreateAvatarUploadPayload:
    upload: str = attribute("What `avatarRefusal` calls this picture.")
    url: AWSURL = attribute("Where to send it; no token is wanted there.")
    fields: list[FormField] = attribute("What goes with the file, in this order: at most 20.", bound=MOST_FIELDS)
    max_bytes: int = attribute("How large the file may be.")
    expires_at: AWSDateTime = attribute("Until when the form is good.")


@strawberry.input(description="Which picture to take away.")
class DeleteAvatarInput:
    team_id: strawberry.ID | None = optional("The team whose picture it is, as its ADMIN. Absent: your own.")
    idempotency_key: str | None = idempotency_key()


@strawberry.type(description="Whose picture it was, without it.")
class DeleteAvatarPayload:
    viewer: Viewer | None = attribute("Your account, where it was your own picture.")
    team: Team | None = attribute("The team, where it was a team's.")
