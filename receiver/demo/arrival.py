"""Waiting until a change that was made in Vault can be seen in AWS.

What is waited for is a version, never a state: a state may still be the last one. The
lag runs from Vault's answer to the writer until AWS shows the change; the looking is
paced, since the emulator answers one caller at a time, so a lag is exact to one pace.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from receiver.demo.emulator import Held, SecretsReader
from receiver.demo.vault import Written

PACE_SECONDS = 0.01


class NotArrived(Exception):
    """AWS did not show the change in time. Says what it showed instead."""


@dataclass(frozen=True)
class Arrival:
    """A change as it was first seen in AWS. ``lag`` in seconds."""

    held: Held
    lag: float


def shows_version(
    version: int, *, other_than: str | None = None
) -> Callable[[Held | None], bool]:
    """Alive, and current is our version id of that Vault version.

    ``other_than`` is what was current before: a secret that is begun anew in Vault
    counts from 1 again, and the old version 1 may show up first, restored.
    """

    def seen(held: Held | None) -> bool:
        if held is None or held.deleted or held.current in (None, other_than):
            return False
        return held.current.startswith(f"v{version}-")

    return seen


def shows_deletion(held: Held | None) -> bool:
    """Scheduled for deletion, so that it can still be restored."""
    return held is not None and held.deleted is not None


def await_arrival(
    aws: SecretsReader,
    name: str,
    wanted: Callable[[Held | None], bool],
    *,
    written: Written,
    seconds: float = 20.0,
) -> Arrival:
    """Look at ``name`` until ``wanted`` says yes. Raises NotArrived.

    The time runs from the call, the lag from ``written``: it was there before Vault
    answered when the lag is 0.
    """
    deadline = time.monotonic() + seconds
    while True:
        held = aws.describe(name)
        if held is not None and wanted(held):
            return Arrival(held, max(0.0, time.monotonic() - written.answered))
        if time.monotonic() > deadline:
            raise NotArrived(f"{name}: after {seconds:.0f} s AWS {_told(held)}")
        time.sleep(PACE_SECONDS)


def _told(held: Held | None) -> str:
    if held is None:
        return "has no such secret"
    if held.deleted:
        return "has it scheduled for deletion"
    return f"has version {held.current}"
