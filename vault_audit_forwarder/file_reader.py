"""The thread that reads the files of file audit devices.

A file holds nobody up: so where the reader of sockets drops, this one waits. What is
read goes straight to the spool, and in the same transaction how far it was read: a
process killed at any moment goes on at the first line of which nothing is on disk. A
file that is missing or cannot be read is tried again for ever.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from vault_audit_forwarder.checkpoint import Checkpoint
from vault_audit_forwarder.file_input import Batch, FileInput
from vault_audit_forwarder.reader_stats import ReaderStats
from vault_audit_forwarder.spool import Spool
from vault_audit_forwarder.spool_file import SpoolError
from vault_audit_forwarder.tail import Missing, Tail, Unreadable

#: What a line waits for us at most, on average half of it.
POLL_SECONDS = 0.02
_RETRY_SECONDS = 0.25
_BEAT_SECONDS = 0.25
# Lines without a hint are cheap to read again; a transaction for each is not.
_MARK_SECONDS = 1.0

log = structlog.get_logger(__name__)


class FileReader(threading.Thread):
    """Follows all ``paths``. ``stored`` is called after each transaction with hints.

    ``beat`` is called at least once a second, also when idle. ``clock`` gives seconds.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        spool: Spool,
        *,
        stored: Callable[[], None],
        mounts: Sequence[str] = ("**",),
        beat: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises SpoolError when the spool does not say how far the files were read."""
        super().__init__(name="file-reader", daemon=True)
        self.stats = ReaderStats()
        self._spool = spool
        self._stored = stored
        self._beat = beat
        self._clock = clock
        self._inputs = [
            FileInput(Tail(path, spool.checkpoint(path)), self.stats, mounts=mounts)
            for path in paths
        ]
        self._marked: dict[Path, tuple[float, Checkpoint]] = {}
        self._troubles: dict[Path, Missing | Unreadable] = {}
        self._spool_trouble: str | None = None
        self._next_beat = clock()
        self._stopping = threading.Event()

    @property
    def missing(self) -> list[str]:
        """Which files are waited for."""
        troubles = list(self._troubles.values())
        return [str(one) for one in troubles if isinstance(one, Missing)]

    @property
    def unreadable(self) -> list[str]:
        """Which files cannot be read, and why."""
        troubles = list(self._troubles.values())
        return [str(one) for one in troubles if isinstance(one, Unreadable)]

    def run(self) -> None:
        """Read and store until told to stop."""
        try:
            while not self._stopping.is_set():
                idle = [self._turn(one) for one in self._inputs]
                self._show_life()
                if all(idle):
                    self._stopping.wait(POLL_SECONDS)
            for one in self._inputs:
                self._store(one.path, one.finish())
        except _Stopped:
            log.info("what is not in the spool yet is read again at the next start")
        finally:
            for one in self._inputs:
                one.close()

    def stop(self, timeout: float = 5.0) -> None:
        """End after what is under way, from any thread; the files keep the rest.

        Waits up to ``timeout`` seconds for the thread. Further calls do nothing.
        """
        self._stopping.set()
        if self.ident is None:
            for one in self._inputs:
                one.close()
        elif threading.current_thread() is not self:
            self.join(timeout)

    def _turn(self, one: FileInput) -> bool:
        """Whether there is nothing more to read for now."""
        try:
            batch = one.read(self._clock())
        except (Missing, Unreadable) as error:
            self._note(one.path, error)
            return True
        self._note(one.path, None)
        if batch.hints or self._is_due(one.path, batch.mark):
            self._store(one.path, batch)
        return batch.idle

    def _is_due(self, path: Path, mark: Checkpoint | None) -> bool:
        at, marked = self._marked.get(path, (float("-inf"), None))
        return mark != marked and self._clock() >= at + _MARK_SECONDS

    def _store(self, path: Path, batch: Batch) -> None:
        """Wait until all of it is on disk; raises _Stopped when told to end before."""
        left, mark = batch.hints, batch.mark
        if mark is None:
            return  # no file was ever open
        while True:
            try:
                rest = self._spool.keep(left, path, mark)
            except SpoolError as error:
                self._wait_for_spool(str(error))
                continue
            if len(rest) < len(left):
                self._stored()
            if not rest:
                break
            left = rest
            self._wait_for_spool("it is full")
        self._spool_trouble = None
        self._marked[path] = (self._clock(), mark)

    def _wait_for_spool(self, reason: str) -> None:
        if reason != self._spool_trouble:
            self._spool_trouble = reason
            log.error("the spool takes nothing; the audit file waits", reason=reason)
        self._show_life()
        if self._stopping.wait(_RETRY_SECONDS):
            raise _Stopped

    def _note(self, path: Path, trouble: Missing | Unreadable | None) -> None:
        before = self._troubles.get(path)
        if str(before) == str(trouble):
            return
        if trouble is None:
            del self._troubles[path]
            log.info("the audit file is read", path=str(path))
            return
        self._troubles[path] = trouble
        level = "warning" if isinstance(trouble, Missing) else "error"
        getattr(log, level)("waiting for an audit file", reason=str(trouble))

    def _show_life(self) -> None:
        now = self._clock()
        if now >= self._next_beat:
            self._next_beat = now + _BEAT_SECONDS
            self._beat()


class _Stopped(Exception):
    """Told to end while something was not on disk."""
