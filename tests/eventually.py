"""Waiting for what happens soon."""

import time
from collections.abc import Callable

import pytest


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until a condition is true, at most five seconds."""
    for _ in range(100):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("it never came to be")
