"""Pictures, where they are in a folder of ours: `/uploads` takes forms, `/avatars/{name}` shows what was good.

On AWS S3 does the one and CloudFront the other.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response

from app.http.answers import Answer
from app.http.forms import sent
from app.http.negotiation import BadRequest
from milequest.jobs import pictures
from milequest.rules.avatars import MAX_AGE, is_name
from milequest.rules.errors import ErrorCode, QuestError, invalid
from milequest.rules.pictures import EXTENSIONS, MAX_BYTES, BadPicture
from milequest.runtime import Runtime
from milequest.store.deadlines import in_time
from milequest.store.pictures.folder import TOKEN, Folder
from milequest.store.transaction import AWAY, unreached

STATUS = {ErrorCode.VALIDATION_ERROR: 400, ErrorCode.UNAVAILABLE: 503, ErrorCode.NOT_FOUND: 404}
TYPES = {extension: content_type for content_type, extension in EXTENSIONS.items()}
HEADERS = {
    "cache-control": f"public, max-age={MAX_AGE}",
    "content-security-policy": "default-src 'none'; sandbox",  # who opens one sees a picture, and no page
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
}


@in_time
async def take(http: Request) -> Response:
    """Take a form with a picture: 204 once it is shown, else a refusal, and nothing has changed."""
    answer, runtime = Answer(uuid4().hex), _runtime(http)
    try:
        form = await sent(http, MAX_BYTES)
        now = datetime.now(UTC)
        upload = await _folder(runtime).claimed(form.fields.get(TOKEN, ""), now)
        await pictures.show(runtime, upload, form.file, now)
    except BadRequest as bad:
        error = {"message": bad.message, "extensions": {"code": ErrorCode.VALIDATION_ERROR.value}}
        return answer.errors(bad.status, [error], bad.headers)
    except BadPicture as bad:
        return _refused(answer, invalid("file", "NOT_ALLOWED", str(bad)))
    except QuestError as refusal:
        return _refused(answer, refusal)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody hears it
    except AWAY as error:
        away = unreached(error)
        if away is None:
            raise
        return _refused(answer, away)
    return Response(status_code=204)


async def show(http: Request) -> Response:
    """A picture, to anybody who knows its name."""
    name = http.path_params["name"]
    place: Path | None = _folder(_runtime(http)).place(name) if is_name(name) else None
    if place is None or not await asyncio.to_thread(place.exists):
        raise HTTPException(404)
    return FileResponse(place, media_type=TYPES[place.suffix.removeprefix(".")], headers=HEADERS)


def _runtime(http: Request) -> Runtime:
    runtime: Runtime = http.app.state.runtime
    return runtime


def _folder(runtime: Runtime) -> Folder:
    assert isinstance(runtime.pictures, Folder), "these endpoints are only where there is one"
    return runtime.pictures


def _refused(answer: Answer, refusal: QuestError) -> Response:
    error = {"message": refusal.message, "extensions": refusal.extensions()}
    return answer.errors(STATUS.get(refusal.code, 403), [error], {"cache-control": "no-store"})
