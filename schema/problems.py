"""Warnings and partial failures as data."""

import strawberry

from schema.enums import ErrorCode
from schema.fields import attribute


@strawberry.type(description="Something wrong or doubtful that did not stop the write.")
class Problem:
    code: ErrorCode = attribute("The code.")
    message: str = attribute("For developers.")
    field: str | None = attribute("The input field it is about, such as `input.distanceMeters`.")
