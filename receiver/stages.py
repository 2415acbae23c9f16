"""Where the time of one change goes, from Vault's write to what AWS holds.

The stages arrive, queued, read, decide and write follow one another and nearly add up
to the lag of a known secret. Beside them the sender's answer (accept) waits for the
disk; for what comes after no application waits. A stage is observed however it ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

#: Told of every stage that has ended: its name, and how many seconds it took.
Observe = Callable[[str, float], None]


class Stage(StrEnum):
    """The values of the label ``stage``."""

    ARRIVE = "arrive"  # from the version's created_time to the webhook that tells of it
    ACCEPT = "accept"  # from the webhook's arrival to its answer
    QUEUED = "queued"  # until a worker takes it, of what was not retried
    READ = "read"  # Vault's answer
    DECIDE = "decide"
    WRITE = "write"  # AWS's answer, with the wait for the write budget
    LOOK = "look"  # AWS's answer to what the journal could not tell
    RECORD = "record"  # into the journal
    SETTLE = "settle"  # the log line, and out of the queue
    ROUND = "round"  # from taken to the end


def unobserved(_stage: str, _seconds: float) -> None:
    """For whom nobody watches."""


@contextmanager
def timed(stage: Stage, observe: Observe) -> Iterator[None]:
    """Observe how long the block took."""
    began = time.perf_counter()
    try:
        yield
    finally:
        observe(stage, time.perf_counter() - began)
