"""An operation as requested by a client, over any protocol."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Operation:
    """A document, its variables as sent, and the name of the operation to run, needed if it has several."""

    query: str = field(repr=False)
    variables: Mapping[str, Any] | None = field(default=None, repr=False)
    operation_name: str | None = None
