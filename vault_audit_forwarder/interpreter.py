"""From lines to hints: the whole decision about one audit stream, without I/O.

Vault logs a request before it executes it and the response after. Only the response
says that something changed. But a write can be committed and its response entry lost,
so the request of a write is remembered until its response comes; when none has come
in time, the request itself becomes the hint, version unknown.

Time is an argument, in seconds of any clock that only goes forward.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from vault_audit_forwarder import audit, change
from vault_audit_forwarder.change import Hint, MountFilter

ANSWER_WITHIN = 30.0
MAX_UNANSWERED = 50_000


class Interpreter:
    """Not thread-safe. One for all connections: a response may arrive on another."""

    def __init__(
        self,
        mounts: Sequence[str] = ("**",),
        *,
        answer_within: float = ANSWER_WITHIN,
        max_unanswered: int = MAX_UNANSWERED,
    ) -> None:
        self._filter = MountFilter(mounts)
        self._answer_within = answer_within
        self._max_unanswered = max_unanswered
        self._unanswered: dict[str, tuple[float, Hint]] = {}
        self._forgot = False

    def interpret(self, line: bytes, now: float) -> Hint | None:
        """The hint in ``line``, which passed ``audit.may_matter``; None: nothing.

        Raises audit.Unreadable.
        """
        entry = audit.decode(line)
        data = change.changed(entry.request)
        if data is None or not self._filter.wants(data):
            return None
        hint = Hint(data, entry.request.id, _date_or_none(entry.time))
        if entry.type == "request":
            # A failed one was denied, and is never executed. One without an id was
            # made by Vault itself, and its response cannot be told from others.
            if hint.id and not entry.failed:
                self._remember(hint, now)
            return None
        if entry.type != "response":
            return None
        self._unanswered.pop(hint.id, None)
        outcome = audit.outcome(entry)
        if outcome is None:
            return None
        data = change.with_outcome(data, outcome)
        return hint._replace(data=data, id=hint.id or str(uuid.uuid4()))

    def overdue(self, now: float) -> list[Hint]:
        """Forget and return the writes whose response has not come in time."""
        due: list[Hint] = []
        for seen, hint in self._unanswered.values():  # oldest first
            if seen + self._answer_within > now:
                break
            due.append(hint)
        for hint in due:
            del self._unanswered[hint.id]
        return due

    def give_up(self) -> list[Hint]:
        """Forget and return every write without a response: nobody will wait for it."""
        return self.overdue(float("inf"))

    def waiting_since(self) -> float | None:
        """The ``now`` of the oldest write still without a response; None: of none."""
        return next((seen for seen, _ in self._unanswered.values()), None)

    def forgot(self) -> bool:
        """Whether, since last asked, there were too many writes to remember."""
        forgot, self._forgot = self._forgot, False
        return forgot

    def _remember(self, hint: Hint, now: float) -> None:
        self._unanswered.pop(hint.id, None)  # to the end: the order is by time
        if len(self._unanswered) >= self._max_unanswered:
            self._forgot = True
            return
        self._unanswered[hint.id] = (now, hint)


def _date_or_none(text: str) -> str | None:
    return text if audit.is_date(text) else None
