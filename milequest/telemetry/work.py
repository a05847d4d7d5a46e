"""Work: an operation or a job, which writes one line into the log at its end.

A line has ids, counts, codes and names that are ours or bounded, never a variable, a token, a place or a person's name.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter
from uuid import UUID, uuid4

from milequest.rules.errors import ErrorCode, QuestError
from milequest.store.away import Away
from milequest.telemetry import metrics, spans

log = logging.getLogger("milequest.job")

CANCELLED = "CANCELLED"  # the caller is gone
OK, OTHER = "OK", "OTHER"
OUTCOMES = frozenset((*ErrorCode, CANCELLED))


@dataclass(slots=True, eq=False)
class Work:
    """Running work. `action` names its writes in the log: the mutation's field, or the job."""

    request_id: str
    action: str = ""
    user_id: UUID | None = None
    statements: int = 0
    errors: Sequence[str] = ()
    began: float = field(default_factory=perf_counter)

    @property
    def duration_ms(self) -> float:
        """Milliseconds since it began."""
        return round((perf_counter() - self.began) * 1_000, 2)

    @property
    def outcome(self) -> str:
        """Its first error's code, or OK: one of few, whatever the error."""
        code = next(iter(self.errors), OK)
        return code if code == OK or code in OUTCOMES else OTHER

    def failed(self, error: BaseException) -> None:
        """Record the codes of an error that ends it."""
        self.errors = codes_of(error)


current: ContextVar[Work | None] = ContextVar("work", default=None)
"""The work of the current task. Tasks that it started inherit it."""


class Failed(Exception):
    """An error that has several codes, as clients get them."""

    @property
    def codes(self) -> Sequence[str]:
        """Codes of its errors."""
        raise NotImplementedError


def codes_of(error: BaseException) -> Sequence[str]:
    """Return the codes by which clients get an error."""
    match error:
        case Failed():
            return error.codes
        case QuestError():
            return (error.code.value,)
        case Away():
            return (ErrorCode.UNAVAILABLE.value,)
        case asyncio.CancelledError():
            return (CANCELLED,)
    return (ErrorCode.INTERNAL.value,)


@contextmanager
def running(work: Work) -> Iterator[None]:
    """Make this the current work while the block runs, and record an error that ends the block."""
    before = current.set(work)
    try:
        yield
    except BaseException as error:
        work.failed(error)
        raise
    finally:
        current.reset(before)


def line(logger: logging.Logger, level: int, work: Work, message: str, fields: Mapping[str, object]) -> None:
    """Write the line of some work: its id, `fields`, duration, number of statements and errors."""
    if logger.isEnabledFor(level):
        took = {"duration_ms": work.duration_ms, "statements": work.statements, "errors": list(work.errors)}
        logger.log(level, message, extra={"request_id": work.request_id, "fields": {**fields, **took}})


@dataclass(slots=True, eq=False)
class JobWork(Work):
    """A run of a job. `count` is the number of items it handled; None if another region runs the jobs."""

    count: int | None = None


@contextmanager
def job(name: str) -> Iterator[JobWork]:
    """Run the block as a job, and write its line."""
    work = JobWork(uuid4().hex, name)
    try:
        with running(work), spans.span(f"job {name}"):
            yield work
    finally:
        line(log, logging.INFO, work, "job", {"job": name, "count": work.count})
        if metrics.recorder is not None:
            metrics.recorder.job(name, work.outcome)
