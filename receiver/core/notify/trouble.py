"""What somebody is told of: one trouble, and a message made of several.

A trouble is about many secrets at once, so that a thousand of them make one line. It
holds references, causes and counts; a value never comes near it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """``page``: somebody is woken. ``ticket``: it can wait for the morning."""

    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that is wrong now.

    ``key`` stays the same while it lasts. ``names`` are a few of the ``count`` that
    are concerned, ``do`` says who must act and how. ``place`` is where the status
    page shows it, as a path. It is told once it has lasted ``patience`` seconds.
    """

    key: str
    severity: Severity
    summary: str
    count: int = 1
    names: tuple[str, ...] = ()
    do: str = ""
    place: str = "/"
    patience: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Message:
    """What is told at once: what has begun, what was told before and lasts, and what
    is over, as it was last told."""

    began: tuple[Trouble, ...] = ()
    lasting: tuple[Trouble, ...] = ()
    recovered: tuple[Trouble, ...] = ()

    @property
    def severity(self) -> Severity:
        """The worst of what is wrong; a ticket when nothing is any more."""
        pages = [one.severity is Severity.PAGE for one in self.began + self.lasting]
        return Severity.PAGE if any(pages) else Severity.TICKET
