"""The log line and the metrics of each GraphQL operation, for all transports.

The name is the client's, from the parsed document: it consists of letters, digits and `_`, and is truncated.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from milequest.rules.errors import ErrorCode
from milequest.telemetry import metrics, objective_counts, spans, work
from resolvers.context import Request

log = logging.getLogger("milequest.operation")

MAX_NAME_LENGTH = 64  # characters of an operation's name
MAX_FIELDS = 8  # root fields, each named once
TOO_MANY = (ErrorCode.RATE_LIMITED.value,)


class OperationLabel(NamedTuple):
    """Label of an operation in the log: its own name, its kind, and the root fields that it selects."""

    name: str | None = None
    kind: str | None = None
    fields: tuple[str, ...] = ()


UNKNOWN = OperationLabel()  # until the document is read


@dataclass(slots=True, eq=False)
class OperationWork(work.Work):
    """A running operation. Its label and caller are empty until they are known."""

    transport: str = ""
    socket: str | None = None
    caller: str | None = None
    label: OperationLabel = UNKNOWN


@contextmanager
def operation(request_id: str, transport: str, socket: str | None = None) -> Iterator[OperationWork]:
    """Run the block as an operation, and write its line. For a subscription this covers its start only."""
    running = OperationWork(request_id, transport=transport, socket=socket)
    try:
        with work.running(running), spans.span("operation", attributes={"graphql.transport": transport}):
            yield running
    finally:
        # A request without budget is refused before it is parsed, and must not fill the log.
        is_unread = running.label.kind is None and running.errors == TOO_MANY
        level = logging.DEBUG if is_unread else logging.INFO
        work.line(log, level, running, "operation", _line_fields(running))
        if not is_unread:  # a flood must not hide what others get
            objective_counts.operation(running.duration_ms, running.errors)
        if metrics.recorder is not None:
            _, kind, fields = running.label
            metrics.recorder.operation(kind, fields, running.duration_ms / 1_000, running.outcome)


def _line_fields(running: OperationWork) -> dict[str, object]:
    name, kind, fields = running.label
    described: dict[str, object] = {"operation": name, "kind": kind, "fields": fields, "caller": running.caller}
    return described | {"transport": running.transport, **({"socket": running.socket} if running.socket else {})}


def called_by(request: Request) -> None:
    """Set the caller and the request id of the running operation."""
    running = work.current.get()
    if isinstance(running, OperationWork):
        running.request_id = request.id
        running.caller, running.user_id = request.identity.kind.value, request.identity.user_id


def called(label: OperationLabel) -> None:
    """Set the label of the running operation."""
    running = work.current.get()
    if isinstance(running, OperationWork):
        running.label, running.action = label, ",".join(label.fields)
        if spans.tracing is not None:
            spans.named(f"{label.kind} {running.action}", _attributes(label))


def _attributes(label: OperationLabel) -> Mapping[str, str]:
    return {"graphql.operation.type": str(label.kind), "graphql.operation.name": label.name or ""}


def record_errors(errors: Iterable[GraphQLError] | None) -> None:
    """Record the errors of the running operation's answer."""
    running = work.current.get()
    if errors and isinstance(running, OperationWork):
        running.errors = codes(errors)


def codes(errors: Iterable[GraphQLError]) -> tuple[str, ...]:
    """Return the codes of public errors, each once."""
    return tuple(dict.fromkeys(str((error.extensions or {})["code"]) for error in errors))


def label_of(document: DocumentNode, chosen: OperationDefinitionNode) -> OperationLabel:
    """Return the label of an operation of a valid document."""
    fields = dict.fromkeys(field.name.value for field in root_fields(document, chosen.selection_set))
    name = chosen.name.value[:MAX_NAME_LENGTH] if chosen.name else None
    return OperationLabel(name, chosen.operation.value, tuple(fields)[:MAX_FIELDS])


def root_fields(document: DocumentNode, selections: SelectionSetNode) -> Iterator[FieldNode]:
    """Yield the fields of a selection set and its fragments, those of each fragment once."""
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    todo = [selections]
    while todo:
        for selection in todo.pop().selections:
            match selection:
                case FieldNode():
                    yield selection
                case InlineFragmentNode():
                    todo.append(selection.selection_set)
                case FragmentSpreadNode():
                    fragment = fragments.pop(selection.name.value, None)
                    if fragment is not None:
                        todo.append(fragment.selection_set)
