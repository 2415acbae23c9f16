"""How many calls to Vault and AWS one comparison made, the workers' own left out.

A tally belongs to the context that it was begun in; whoever hands work on to another
thread hands the context on with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

VAULT, AWS = "vault", "aws"

_tally: ContextVar[Counter[str] | None] = ContextVar("tally", default=None)


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Inside, calls made in this context are counted by side."""
    tally: Counter[str] = Counter({VAULT: 0, AWS: 0})
    token = _tally.set(tally)
    try:
        yield tally
    finally:
        _tally.reset(token)


def called(side: str) -> None:
    """One call to ``VAULT`` or ``AWS`` was made."""
    tally = _tally.get()
    if tally is not None:
        tally[side] += 1
