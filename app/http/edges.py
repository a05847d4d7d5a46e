"""What is around all endpoints: pages of other origins, and refusals of what there is no endpoint for."""

from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from app.http.answers import Answer
from milequest.rules.errors import ErrorCode
from milequest.settings import Settings


async def refused(_: Request, refusal: Exception) -> Response:
    """What Starlette itself refuses, a path or a method it doesn't know, in the form of every other refusal."""
    assert isinstance(refusal, HTTPException), "registered for these"
    code = ErrorCode.NOT_FOUND if refusal.status_code == 404 else ErrorCode.VALIDATION_ERROR
    error = {"message": f"{refusal.detail}.", "extensions": {"code": code.value}}
    return Answer(uuid4().hex).errors(refusal.status_code, [error], refusal.headers)


def cross_origin(settings: Settings) -> list[Middleware]:
    """Lets pages of the origins that the settings name read our answers."""
    if not settings.allowed_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],  # none of them is a credential a browser adds by itself
            expose_headers=["x-request-id"],
            max_age=600,
        )
    ]
