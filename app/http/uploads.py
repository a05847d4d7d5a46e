"""Pictures, where they are in a folder of ours: `/uploads` takes forms, `/avatars/{name}` shows accepted ones.

On AWS, S3 takes the forms and CloudFront serves the pictures.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response

from app.http.answers import Answer
from app.http.charging import charge, network_payer, user_payer
from app.http.conditions import is_known, without_unknown_range
from app.http.forms import sent
from app.http.negotiation import BadRequest
from milequest.jobs import pictures
from milequest.rules.avatars import MAX_AGE, Upload, is_name
from milequest.rules.errors import ErrorCode, QuestError, RateLimited, Refused, http_status, invalid
from milequest.rules.instants import from_seconds
from milequest.rules.pictures import EXTENSIONS, MAX_BYTES, BadPicture
from milequest.rules.rate_limits import FORMS_SENT
from milequest.runtime import Runtime
from milequest.store.away import Away
from milequest.store.deadlines import in_time
from milequest.store.pictures.picture_folder import TOKEN, Folder
from milequest.store.sql.transaction import unavailable_error

TYPES = {extension: content_type for content_type, extension in EXTENSIONS.items()}
HEADERS = {
    "cache-control": f"public, max-age={MAX_AGE}",
    "content-security-policy": "default-src 'none'; sandbox",  # a picture that is opened in a tab must not run anything
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
}


async def take(http: Request) -> Response:
    """Take a form with a picture: 204 once it is shown, else a refusal, and nothing has changed.

    A form is valid once, also for a picture that was refused. It stays valid if the file has not arrived whole, or the
    refusal is retryable.
    """
    answer, runtime = Answer(uuid4().hex), _runtime(http)
    now, claimed = datetime.now(UTC), list[Upload]()

    @in_time
    async def claim(fields: Mapping[str, str]) -> None:
        try:
            upload = await _folder(runtime).claimed(fields.get(TOKEN, ""), now)
        except QuestError:
            charge(runtime, network_payer(http))
            raise
        charge(runtime, user_payer(upload.user_id.hex))
        await _use(runtime, upload)
        claimed.append(upload)

    try:
        file = await sent(http, MAX_BYTES, claim)
        await _show(runtime, claimed[0], file, now)
    except BadRequest as bad:
        error = {"message": bad.message, "extensions": {"code": ErrorCode.VALIDATION_ERROR.value}}
        return answer.errors(bad.status, [error], bad.headers)
    except BadPicture as bad:
        return _refused(answer, invalid("file", "NOT_ALLOWED", str(bad)))
    except QuestError as refusal:
        if refusal.details.get("retryable"):
            await _return(runtime, claimed)
        return _refused(answer, refusal)
    except ClientDisconnect:
        await _return(runtime, claimed)
        return Response(status_code=400)  # the client has disconnected
    except Away as error:
        away = unavailable_error(error)
        if away is None:
            raise
        await _return(runtime, claimed)
        return _refused(answer, away)
    return Response(status_code=204)


@in_time  # without the time for the body, which has a time-out of its own
async def _show(runtime: Runtime, upload: Upload, file: bytes, now: datetime) -> None:
    await pictures.show(runtime, upload, file, now)


async def _use(runtime: Runtime, upload: Upload) -> None:
    """Mark an upload's form as used, for all processes. Raises FORBIDDEN the second time."""
    try:
        await runtime.rate_limits.spend(FORMS_SENT, upload.id.hex)
    except RateLimited:
        raise Refused(ErrorCode.FORBIDDEN, "This form was sent already: ask for another one.") from None


async def _return(runtime: Runtime, claimed: list[Upload]) -> None:
    for upload in claimed:
        await runtime.rate_limits.give_back(FORMS_SENT, upload.id.hex)


async def show(http: Request) -> Response:
    """Return a picture, to every client that knows its name; 304 to one that has it."""
    name = http.path_params["name"]
    place: Path | None = _folder(_runtime(http)).place(name) if is_name(name) else None
    if place is None or not await asyncio.to_thread(place.exists):
        raise HTTPException(404)
    stat = await asyncio.to_thread(place.stat)
    headers = {**HEADERS, "etag": f'"{name}"'}  # the name is a hash of the content
    if is_known(http.headers, headers["etag"], from_seconds(stat.st_mtime_ns // 10**9)):
        return Response(status_code=304, headers=headers)
    http.scope["headers"] = without_unknown_range(http.scope["headers"])
    return FileResponse(place, media_type=TYPES[place.suffix.removeprefix(".")], headers=headers, stat_result=stat)


def _runtime(http: Request) -> Runtime:
    runtime: Runtime = http.app.state.runtime
    return runtime


def _folder(runtime: Runtime) -> Folder:
    assert isinstance(runtime.pictures, Folder), "these endpoints are only where there is one"
    return runtime.pictures


def _refused(answer: Answer, refusal: QuestError) -> Response:
    error = {"message": refusal.message, "extensions": refusal.extensions()}
    return answer.errors(http_status(refusal.code), [error], {"cache-control": "no-store"})
