"""The size limit of answers. Lambda would replace a larger one by an error of its own without details."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import orjson

Answer: TypeAlias = Mapping[str, Any]

MOST_BYTES: Final = 6 * 1024 * 1024 - 1024  # of an answer as JSON, whose spaces are not counted here
SHORT: Final = MOST_BYTES // 5  # characters of a body, of which none becomes more than four bytes

OF_PAGES: Final = frozenset(("access-control-allow-origin", "access-control-expose-headers", "vary"))

TOO_LARGE: Final[Answer] = {
    "statusCode": 400,
    "headers": {"content-type": "application/json; charset=utf-8", "cache-control": "no-store"},
    "body": orjson.dumps(
        {
            "errors": [
                {
                    "message": "The answer is over 6 MB: ask for less. What the request was to write is written.",
                    "extensions": {"code": "QUERY_TOO_COMPLEX"},
                }
            ]
        }
    ).decode(),
}


def fitting(answer: Answer) -> Answer:
    """Return the answer to a request of the REST API, or an error in its place if it is too large."""
    if len(answer["body"]) < SHORT or len(orjson.dumps(answer)) <= MOST_BYTES:
        return answer
    kept = {name: value for name, value in answer.get("headers", {}).items() if name.lower() in OF_PAGES}
    return {**TOO_LARGE, "headers": {**TOO_LARGE["headers"], **kept}}
