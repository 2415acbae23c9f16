"""The demo's table: live on a terminal, one plain line a change anywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.live import Live
from rich.table import Table

_ID_SHOWN = 14
_HEADINGS = ("", "secret", "operation", "Vault", "AWS version id", "lag ms")
_PLAIN = "{} {:<42} {:<16} {:<4} {:<28} {:>6}"


@dataclass(frozen=True)
class Row:
    """One change as shown. ``version_id`` is what AWS has; ``lag`` in seconds.

    ``lag`` is None for what has nothing to arrive, or has not arrived.
    """

    secret: str
    operation: str
    version: int | None
    version_id: str
    lag: float | None
    good: bool = True

    def cells(self) -> tuple[str, str, str, str, str, str]:
        return (
            "✔" if self.good else "✗",
            self.secret,
            self.operation,
            "-" if self.version is None else f"v{self.version}",
            self.version_id,
            "-" if self.lag is None else f"{1000 * self.lag:.0f}",
        )


def shortened(version_id: str) -> str:
    """Enough of a VersionId to recognise it by."""
    if len(version_id) <= _ID_SHOWN:
        return version_id
    return version_id[:_ID_SHOWN] + "…"


class Board:
    """Rows as they come; ``under_way`` names the change that is waited for."""

    def __init__(self, console: Console, live: Live | None) -> None:
        self._console = console
        self._live = live
        self._rows: list[Row] = []

    def under_way(self, secret: str, operation: str) -> None:
        if self._live is not None:
            waiting = ("…", secret, operation, "", "", "")
            self._live.update(self._table(waiting), refresh=True)

    def add(self, row: Row) -> None:
        self._rows.append(row)
        if self._live is not None:
            self._live.update(self._table(), refresh=True)
            return
        print(_PLAIN.format(*row.cells()).rstrip(), file=self._console.file, flush=True)

    def _table(self, waiting: tuple[str, ...] | None = None) -> Table:
        table = Table(box=None, pad_edge=False)
        table.add_column(_HEADINGS[0], style="green")
        for heading in _HEADINGS[1:-1]:
            table.add_column(heading, no_wrap=True)
        table.add_column(_HEADINGS[-1], justify="right", no_wrap=True)
        for row in self._rows:
            table.add_row(*row.cells(), style=None if row.good else "red")
        if waiting:
            table.add_row(*waiting, style="dim")
        return table


@contextmanager
def board(console: Console) -> Iterator[Board]:
    """A board that is live as long as the block runs."""
    if not console.is_interactive:
        yield Board(console, None)
        return
    with Live(console=console, auto_refresh=False) as live:
        yield Board(console, live)
