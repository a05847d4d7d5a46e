"""Sleep under libfaketime, `pytest -p tests.soak.sleeping`: it takes the monotonic instant that Python waits for, as
`clock_nanosleep` can, for one of the wall clock.
"""

import select
import time
from typing import SupportsIndex


def _sleep(seconds: float | SupportsIndex, /) -> None:
    select.select((), (), (), float(seconds))


time.sleep = _sleep
