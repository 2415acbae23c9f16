"""Whether a person is at the terminal, and what they say.

Questions and progress go to stderr: stdout is for data, and may be a pipe while
somebody watches.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer


def can_be_asked() -> bool:
    """Whether somebody can see a question and answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def reads_stdout() -> bool:
    """Whether what we print is read by a person, not by a pipeline."""
    return sys.stdout.isatty() and not os.environ.get("CI")


def watches() -> bool:
    """Whether somebody sees what moves on stderr."""
    return sys.stderr.isatty()


def agrees(question: str) -> bool:
    """Ask. Ctrl-C and the end of input raise typer.Abort."""
    return typer.confirm(question, err=True)


def show_text(text: str) -> None:
    """Data that a person reads: in colour where that is wanted."""
    from receiver.terminal.colour import painted, wants_colour

    coloured = wants_colour(os.environ, is_terminal=sys.stdout.isatty())
    typer.echo(painted(text) if coloured else text)


def tell(text: str) -> None:
    """What is no data."""
    typer.echo(text, err=True)


@contextmanager
def busy(doing: str) -> Iterator[None]:
    """Show that something is going on, to whom it may interest."""
    if not watches():
        yield
        return
    from rich.console import Console

    # Rich would take FORCE_COLOR for a terminal, and fill logs with frames.
    console = Console(stderr=True, force_interactive=True)
    with console.status(doing):
        yield
