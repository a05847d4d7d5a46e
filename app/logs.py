"""The service's log: one JSON object a line on stderr.

It records errors and their stack, never values: an exception is logged by its class and stack, without its message,
because drivers put values into theirs (`Key (email)=(…)`, `invalid input … $1: …`).
"""

import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from traceback import walk_tb

import orjson

from milequest.setting_values import Level
from milequest.settings import PROJECT

OURS = "milequest"  # root of all our loggers
FRAMES = 30  # innermost stack frames that are logged; more are a recursion
REPEAT_SECONDS = 60.0
KEPT = 1_000  # warnings that are remembered
ERASE_LINE = "\r\x1b[K"  # on a terminal a progress bar may be on our line; it is drawn again below


class JsonFormatter(logging.Formatter):
    """A record as `time, level, logger, message`, and where there are: `request_id, exception`, and its `fields`.

    `before` is printed before each line, and `version`, of a function's code, stands in each.
    """

    def __init__(self, before: str = "", version: str = "") -> None:
        super().__init__()
        self._before = before
        self._always = {"version": version} if version else {}

    def format(self, record: logging.LogRecord) -> str:
        """Return one line of JSON."""
        message = record.getMessage()
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": message.partition("\n")[0] if record.name == "asyncio" else message,  # else with values
        }
        line |= self._always
        request_id = getattr(record, "request_id", None)
        if request_id is not None:
            line["request_id"] = request_id
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1]:
            line["exception"] = [_described(error) for error in _chain(record.exc_info[1])]
        return self._before + orjson.dumps(line, default=str).decode()


class RepeatFilter(logging.Filter):
    """Passes the same warning of the same logger once in REPEAT_SECONDS: repetitions add nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._quiet_until: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is written."""
        if record.levelno != logging.WARNING:
            return True
        key = record.name, record.getMessage()
        if record.created < self._quiet_until.get(key, 0):
            return False
        if len(self._quiet_until) >= KEPT:
            self._quiet_until.clear()
        self._quiet_until[key] = record.created + REPEAT_SECONDS
        return True


def configure(level: Level, version: str = "") -> None:
    """Send every record to stderr: ours from `level` on, other libraries' from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(ERASE_LINE if sys.stderr.isatty() else "", version))
    handler.addFilter(RepeatFilter())
    logging.captureWarnings(True)
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(level)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and its causes, at most ten."""
    for _ in range(10):
        if error is None:
            return
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _described(error: BaseException) -> dict[str, object]:
    kind = type(error)
    described: dict[str, object] = {
        "type": kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}",
        "at": [
            f"{_short(frame.f_code.co_filename)}:{line} {frame.f_code.co_name}"
            for frame, line in walk_tb(error.__traceback__)
        ][-FRAMES:],
    }
    for name in ("sqlstate", "constraint_name", "errno"):  # PostgreSQL's and the system's own identifiers
        value = getattr(error, name, None)
        if value is not None:
            described[name] = value
    return described


def _short(filename: str) -> str:
    """Return a path from the project or from site-packages on."""
    path = Path(filename)
    if path.is_relative_to(PROJECT) and ".venv" not in path.parts:
        return str(path.relative_to(PROJECT))
    return filename.rpartition("site-packages/")[2]
