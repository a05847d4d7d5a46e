"""Check of every answer: the engine, given an answer's data and the document, returns the same data."""

from typing import Any

from graphql import DocumentNode, GraphQLResolveInfo, execute_sync

from milequest.rules.errors import ErrorCode
from tests.soak.operations import SCHEMA

CODES = set(ErrorCode) - {ErrorCode.INTERNAL, ErrorCode.UNAVAILABLE}  # while nothing is away


def faults(document: DocumentNode, status: int, answer: Any) -> list[str]:
    """Return the faults of an answer."""
    if status >= 500:
        return [f"the status is {status}"]
    if not isinstance(answer, dict) or not answer.keys() <= {"data", "errors", "extensions"}:
        return ["it is no response of GraphQL"]
    data, errors = answer.get("data"), answer.get("errors", [])
    if data is None:
        return _of_errors(errors) if errors else ["there is neither data nor an error"]
    return [*_of_errors(errors), *_of_data(document, data), *_of_paths(data, errors)]


def _of_errors(errors: list[dict[str, Any]]) -> list[str]:
    found = [f"an error has the code {code}" for error in errors if (code := error["extensions"]["code"]) not in CODES]
    return found + ["an error has no message" for error in errors if not error.get("message")]


def _of_data(document: DocumentNode, data: dict[str, Any]) -> list[str]:
    """Return where the data differs from the schema's type of the document; values lost to errors are null already."""
    again = execute_sync(SCHEMA, document, root_value=data, field_resolver=_answered, type_resolver=_named)
    if again.errors:
        return [str(error) for error in again.errors]
    return [] if again.data == data else ["the engine answers something else with it"]


def _of_paths(data: dict[str, Any], errors: list[dict[str, Any]]) -> list[str]:
    """Return errors of fields that are not null."""
    found = []
    for error in errors:
        value: Any = data
        for key in error["path"]:
            value = None if value is None else value[key]
        if value is not None:
            found.append(f"there is an error and a value at {error['path']}")
    return found


def _answered(source: dict[str, Any], info: GraphQLResolveInfo[Any], **_: Any) -> Any:
    return source[str(info.path.key)]


def _named(source: dict[str, Any], *_: Any) -> str:
    return str(source["__typename"])
