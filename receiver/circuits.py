"""When everything fails for one reason, one fault instead of ten thousand.

A denial parks the secret it met. When several different secrets in a row are denied
and nothing works in between, it is no fault of theirs: the circuit opens, and what
comes waits in the queue. One at a time tries again, and so does every fresh event;
the first that works closes the circuit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from threading import Lock

from receiver.core.causes import Cause, Permanent, ReplicationError, Temporary
from receiver.core.state import Lane, SecretRef, Work

#: So many different secrets in a row open a circuit.
TRIP = 3
#: Seconds between two tries while it is open.
PROBE = 10.0

TRIPPING = frozenset((Cause.AWS_DENIED, Cause.KMS_DENIED, Cause.VAULT_FORBIDDEN))


class Circuit:
    """One Vault mount, or one target with one key."""

    def __init__(
        self,
        name: str,
        *,
        now: Callable[[], float],
        on_close: Callable[[Collection[Cause]], object],
    ) -> None:
        """``on_close`` is called, outside of any lock, with what it was open for."""
        self._name = name
        self._now = now
        self._on_close = on_close
        self._lock = Lock()
        self._denied: set[SecretRef] = set()
        self._why: ReplicationError | None = None
        self._probe_at = 0.0

    @property
    def fault(self) -> str | None:
        """What to tell people while it is open."""
        why = self._why
        if why is None:
            return None
        return f"{self._name} refuses everything: {why.detail} [{why.cause}]"

    def enter(self, work: Work) -> None:
        """Raises Temporary while it is open. A fresh event may always try once: it
        may be about what is not denied. All else goes one by one."""
        with self._lock:
            is_fresh = work.hint.lane is Lane.EVENT and not work.attempts
            if self._why is None or is_fresh:
                return
            now = self._now()
            if now >= self._probe_at:
                self._probe_at = now + PROBE
                return
            raise Temporary(
                self._why.cause,
                f"{self._name} refuses everything; this waits",
                after=self._probe_at - now,
            )

    def failed(self, ref: SecretRef, error: Permanent) -> ReplicationError:
        """What to raise for a failed round: Temporary once the circuit is open."""
        if error.cause not in TRIPPING:
            return error
        with self._lock:
            self._denied.add(ref)
            if len(self._denied) < TRIP:
                return error
            if self._why is None:
                self._probe_at = self._now() + PROBE
            self._why = error
        return Temporary(error.cause, error.detail, after=PROBE)

    def worked(self) -> None:
        """A round reached the other side and was let in."""
        if not self._denied:
            return
        with self._lock:
            was_open, self._why = self._why is not None, None
            self._denied.clear()
        if was_open:
            self._on_close(TRIPPING)


class Circuits:
    """All circuits by key, made when they are first needed."""

    def __init__(
        self,
        *,
        now: Callable[[], float],
        on_close: Callable[[Collection[Cause]], object],
    ) -> None:
        """``now`` gives monotonic seconds: a clock that is set back must not keep a
        circuit open."""
        self._now = now
        self._on_close = on_close
        self._lock = Lock()
        self._made: dict[tuple[str, ...], Circuit] = {}

    def of(self, *key: str) -> Circuit:
        """The circuit of ``key``, whose parts also name it to people."""
        with self._lock:
            if key not in self._made:
                name = " ".join(filter(None, key))
                self._made[key] = Circuit(name, now=self._now, on_close=self._on_close)
            return self._made[key]

    def faults(self) -> list[str]:
        """One line for each that is open."""
        with self._lock:
            made = list(self._made.values())
        return [fault for circuit in made if (fault := circuit.fault)]
