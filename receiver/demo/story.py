"""The demo: real parts, twelve changes, and AWS read back after each.

``main`` starts OpenBao, an AWS emulator, the forwarder and the receiver in a
directory that is removed at the end, plays the script and says what arrived. Nothing
outlives it, whether it ends by itself, by Ctrl-C or by a signal. Exit code 0: all
arrived and nothing else did; 1: something is missing, or a part did not start.
"""

from __future__ import annotations

import json
import math
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import NoReturn

from rich.console import Console

from receiver.demo.arrival import (
    Arrival,
    NotArrived,
    await_arrival,
    shows_deletion,
    shows_version,
)
from receiver.demo.board import Board, Row, board, shortened
from receiver.demo.child import StartError
from receiver.demo.emulator import ENVIRONMENT, REGION, Emulator, SecretsReader
from receiver.demo.installation import Installation, Layout, Mount
from receiver.demo.openbao import NoBinary, binary
from receiver.demo.script import MOUNT, OUTSIDE, RULE, STEPS, Step
from receiver.demo.vault import Vault

STORY_SECONDS = 45.0
STEP_SECONDS = 15.0

_INTERRUPTED = 130


class Story:
    """Plays the script once; keeps the lags of what arrived and names what did not."""

    def __init__(self, vault: Vault, aws: SecretsReader, shown: Board) -> None:
        self.lags: list[float] = []
        self.missing: list[str] = []
        self.leaked: list[str] = []
        self._vault = vault
        self._aws = aws
        self._board = shown

    def play(self) -> None:
        """All steps in order, each awaited; the secret outside is written first."""
        ends = time.monotonic() + STORY_SECONDS
        OUTSIDE.change(self._vault, OUTSIDE.path)
        for step in STEPS:
            left = ends - time.monotonic()
            self._board.under_way(step.name, step.operation)
            self._board.add(self._row(step, seconds=min(STEP_SECONDS, max(left, 0.0))))
        self._board.add(self._outside_row())

    def _row(self, step: Step, *, seconds: float) -> Row:
        try:
            arrival = self._carry_out(step, seconds=seconds)
        except NotArrived as error:
            self.missing.append(f"{step.operation} of {error}")
            return Row(step.name, step.operation, step.version, "", None, good=False)
        self.lags.append(arrival.lag)
        held = arrival.held
        told = f"deletion {held.deleted:%Y-%m-%d}" if held.deleted else None
        version_id = told or shortened(held.current or "")
        return Row(step.name, step.operation, step.version, version_id, arrival.lag)

    def _carry_out(self, step: Step, *, seconds: float) -> Arrival:
        before = self._aws.describe(step.name)
        written = step.change(self._vault, step.path)
        # An undelete makes no version: what was current comes back.
        known = before.current if before and written.version else None
        wanted = (
            shows_version(step.version, other_than=known)
            if step.version
            else shows_deletion
        )
        arrival = await_arrival(
            self._aws, step.name, wanted, written=written, seconds=seconds
        )
        if step.version:
            in_vault = self._vault.read(MOUNT, step.path)["data"]
            if json.loads(self._aws.value(step.name)) != in_vault:
                raise NotArrived(f"{step.name}: AWS holds another value")
        return arrival

    def _outside_row(self) -> Row:
        held = self._aws.describe(OUTSIDE.name)
        if held is not None:
            self.leaked.append(f"{OUTSIDE.name} is outside the rule, and is in AWS")
        told = "not in AWS: excluded" if held is None else "is in AWS"
        return Row(OUTSIDE.name, OUTSIDE.operation, 1, told, None, good=held is None)


def verdict(
    lags: Sequence[float], missing: Sequence[str], leaked: Sequence[str]
) -> tuple[list[str], int]:
    """The last lines and the exit code. ``lags`` in seconds, of what arrived.

    What is wrong has a line each before the last one.
    """
    line = f"demo: {len(lags)}/{len(lags) + len(missing)} changes arrived"
    if missing or leaked:
        return [*missing, *leaked, line + (", one too many" if leaked else "")], 1
    p50, p99 = percentile(lags, 0.50), percentile(lags, 0.99)
    return [f"{line}, lag p50 {1000 * p50:.0f} ms, p99 {1000 * p99:.0f} ms"], 0


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of ``values`` that at least ``share`` of them do not exceed."""
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1]


def main(keep: bool) -> int:
    """Run the demo; with ``keep`` everything stays up until Ctrl-C. The exit code."""
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGHUP, _end)
    console = Console(force_interactive=sys.stdout.isatty())
    errors = Console(stderr=True)
    try:
        with TemporaryDirectory(prefix="vault-replicator-demo-") as directory:
            return _perform(Path(directory), console, errors, keep=keep)
    except (NoBinary, StartError) as error:
        errors.print(f"error: {error}", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED


def _perform(directory: Path, console: Console, errors: Console, *, keep: bool) -> int:
    errors.print("starting OpenBao, an AWS emulator, the forwarder and the receiver …")
    with _running(directory) as (installation, emulator):
        aws = SecretsReader(emulator.endpoint)
        try:
            with board(console) as shown:
                story = Story(installation.vault(), aws, shown)
                story.play()
        finally:
            aws.close()
        lines, code = verdict(story.lags, story.missing, story.leaked)
        if keep:
            lines = [*_directions(installation, emulator), *lines]
        for line in lines:
            _say(console, line)
        if keep:
            errors.print("everything stays up until Ctrl-C")
            while True:
                signal.pause()
    return code


@contextmanager
def _running(directory: Path) -> Iterator[tuple[Installation, Emulator]]:
    """Everything started; at the end, whatever ended it, everything stopped."""
    with ExitStack() as parts:
        emulator = Emulator(directory)
        parts.callback(emulator.stop)
        emulator.start()
        layout = Layout(mounts=[Mount(name=MOUNT)], rules=[RULE])
        installation = Installation(directory, layout, aws_endpoint=emulator.endpoint)
        parts.callback(installation.stop, patience=5.0)
        # A second Ctrl-C must not leave half of the parts running.
        parts.callback(signal.signal, signal.SIGINT, signal.SIG_IGN)
        installation.start()
        installation.settle()
        yield installation, emulator


def _directions(installation: Installation, emulator: Emulator) -> Iterator[str]:
    """Where the page is and how to talk to each part, to be pasted into a shell."""
    address, token = installation.receiver.address, installation.keys.admin_token
    vault = installation.openbao
    yield ""
    yield f"page   {address}/"
    yield f"token  {token}"
    yield ""
    exports = {
        "BAO_ADDR": vault.address,
        "BAO_TOKEN": vault.root_token,
        "VAULT_ADDR": vault.address,
        "VAULT_TOKEN": vault.root_token,
        "AWS_ENDPOINT_URL": emulator.endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ENVIRONMENT["AWS_ACCESS_KEY_ID"],
        "AWS_SECRET_ACCESS_KEY": ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
        "VAULT_REPLICATOR_ADDR": address,
        "VAULT_REPLICATOR_TOKEN": token,
    }
    for name, value in exports.items():
        yield f"export {name}={value}"
    yield ""
    yield f"try    {binary()} kv put {MOUNT}/app/new password=first"
    yield ""


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
