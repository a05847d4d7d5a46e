"""Partial success and doubt as data."""

import strawberry

from schema.enums import ErrorCode
from schema.fields import about


@strawberry.type(description="Something wrong or doubtful that did not stop the write.")
class Problem:
    code: ErrorCode = about("What it is.")
    message: str = about("For developers.")
    field: str | None = about("The input field it is about, such as `input.distanceMeters`.")
