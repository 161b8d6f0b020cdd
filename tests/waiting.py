"""How tests wait: until what they wait for is there, and for as long as a busy machine may take."""

from __future__ import annotations

import time
from collections.abc import Callable

TIMEOUT = 60.0  # seconds; on a machine that does much else, everything takes many times as long


def wait_until(condition: Callable[[], bool], every: float = 0.05) -> bool:
    """Wait for a condition; return whether it came to hold."""
    end = time.monotonic() + TIMEOUT
    while not (holds := condition()) and time.monotonic() < end:
        time.sleep(every)
    return holds
