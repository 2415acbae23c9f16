"""The accounts that are written to, each with a write budget of its own.

A quota is AWS's per account and Region, so rules that share an account share its
budget. Before each call that changes something the budget is asked, the lease of the
work must outlast the call, and last of all nobody may have paused its rule.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Lock

from receiver.core.budget import WriteBudget
from receiver.core.causes import Cause, Temporary
from receiver.core.rules import TargetSpec
from receiver.core.state import SecretRef, Work
from receiver.paced import Paced
from receiver.ports import Target

_HALT_RETRY = 30.0


class Accounts:
    """Gives every piece of work its target."""

    def __init__(
        self,
        targets: Callable[[TargetSpec], Target],
        *,
        writes_per_second: float,
        call_timeout: float,
        halted: Callable[[], str | None],
        writing: Callable[[str, SecretRef], AbstractContextManager[None]],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """``call_timeout`` is the longest one call can take, in seconds; ``halted``
        says why nothing may be written now, None when it may; ``writing`` is entered
        for each write under a rule, and raises Temporary while that is paused;
        ``steady`` is the clock of the leases."""
        self._targets = targets
        self._writes_per_second = writes_per_second
        self._call_timeout = call_timeout
        self._halted = halted
        self._writing = writing
        self._steady = steady
        self._lock = Lock()
        self._budgets: dict[tuple[str, str], WriteBudget] = {}

    def for_work(self, spec: TargetSpec, work: Work, rule: str) -> Target:
        """A target for one round under a rule: its writes wait for their turn, and
        start only when the lease outlasts the call."""
        budget = self._budget(spec)

        @contextmanager
        def turn() -> Iterator[None]:
            if why := self._halted():
                raise Temporary(Cause.KEYS_UNKNOWN, why, after=_HALT_RETRY)
            left = work.lease_until - self._steady() - self._call_timeout
            if left <= 0 or not budget.acquire(work.hint.lane, timeout=left):
                raise Temporary(
                    Cause.LEASE_SHORT, "too late to begin a write", after=0.0
                )
            with self._writing(rule, work.hint.ref):
                yield

        return Paced(self._targets(spec), turn)

    def writes_waiting(self, spec: TargetSpec) -> int:
        """How many writes to this account and Region wait for their turn."""
        return self._budget(spec).waiting

    def _budget(self, spec: TargetSpec) -> WriteBudget:
        with self._lock:
            if spec.account not in self._budgets:
                self._budgets[spec.account] = WriteBudget(self._writes_per_second)
            return self._budgets[spec.account]
