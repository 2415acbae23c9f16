"""How far a run is: a bar for somebody who watches, lines for a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from receiver.commands import person
from receiver.commands.following import ENDED, Document, Show
from receiver.terminal.run_text import progress_line

_BETWEEN_LINES = 10.0


@contextmanager
def shown() -> Iterator[Show]:
    """A bar for somebody who watches, else a line every ten seconds."""
    if not person.watches():
        yield Lines(person.tell, time.monotonic)
        return
    # Rich would take FORCE_COLOR for a terminal, and fill logs with frames.
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, force_interactive=True),
        transient=True,
    ) as bars:
        yield Bar(bars)


class Lines:
    """A line now and then, for logs."""

    def __init__(self, write: Callable[[str], None], now: Callable[[], float]) -> None:
        self._write = write
        self._now = now
        self._began = now()
        self._due = self._began + _BETWEEN_LINES

    def __call__(self, run: Document) -> None:
        """Write one if it is time."""
        now = self._now()
        if now >= self._due and run["state"] not in ENDED:
            self._write(progress_line(run, now - self._began))
            self._due = now + _BETWEEN_LINES


class Bar:
    """A bar that fills."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task = bars.add_task("waiting", total=None)

    def __call__(self, run: Document) -> None:
        """Move it."""
        is_working = run["state"] in ("applying", *ENDED)
        self._bars.update(
            self._task,
            description=run["state"],
            total=run["queued"] if is_working else None,
            completed=run["queued"] - run["remaining"] if is_working else 0,
        )
