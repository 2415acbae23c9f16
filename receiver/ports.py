"""What the two stories need from the outside world, and what each failure means.

One conformance suite per port runs against every implementation. Any doubt raises:
None means confirmed absent, an empty list means confirmed empty.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from receiver.core.rules import TargetSpec
from receiver.core.state import (
    Decision,
    Entry,
    Hint,
    Lane,
    Mount,
    Observed,
    Replica,
    SecretRef,
    State,
    Truth,
    Work,
)


class QueueUnavailable(Exception):
    """The queue cannot make anything durable now; the caller must not acknowledge.

    Every method of the queue raises it, and then changed nothing: a lease runs out,
    and the work is repeated."""


class JournalUnavailable(Exception):
    """The journal cannot be read or written now; nothing of the call was done."""


class InvalidCursor(ValueError):
    """The cursor is none that ``page`` gave out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """The queue in numbers. ``oldest`` is when the oldest due work began to wait."""

    pending: int
    oldest: float | None
    parked: dict[str, int] = field(default_factory=dict)


#: A reference, and whether its path is still a request path.
QueueKey: TypeAlias = tuple[SecretRef, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One reference in the queue. ``cause`` and ``detail`` are of its last failure,
    empty while there was none; ``since`` is when it began to wait, in epoch seconds."""

    ref: SecretRef
    unresolved: bool
    cause: str
    detail: str
    attempts: int
    since: float

    @property
    def key(self) -> QueueKey:
        """What is in the queue once."""
        return self.ref, self.unresolved


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing(Waiting):
    """One reference in the queue, and when its turn is. ``due`` is in epoch seconds;
    ``taken``: a worker has it now; ``ahead`` is how many were due before it."""

    parked: bool
    due: float
    taken: bool = False
    ahead: int = 0

    def is_pending(self, now: float) -> bool:
        """Whether there is something to do, not only something to wait for."""
        return self.taken or self.due <= now or self.attempts > 0


class WorkQueue(Protocol):
    """A durable set of references to look at.

    Fair: references are taken in the order in which they became due, lane by lane.
    Stingy: a reference is never worked on twice at once, and however many hints
    arrive before its turn, it is worked on once. A hint that arrives while its
    reference is worked on means one more round.
    """

    def add(self, hints: Sequence[Hint]) -> None:
        """Queue all hints, durably when it returns. Hints for one key merge: the
        greater ``created_time`` with its version, the more urgent lane, the earlier
        ``not_before``, ``look_twice`` and ``doubt`` if either asks; ``attempts``
        starts anew and parked work is due again. Raises QueueUnavailable, and then
        took nothing."""

    def take(
        self, lanes: Collection[Lane], *, lease: float, timeout: float | None
    ) -> Work | None:
        """Lease what is due first in the most urgent of ``lanes``, waiting up to
        ``timeout`` seconds (None: for ever). None on time-out and when closed."""

    def done(self, work: Work) -> bool:
        """Forget the work. False when a hint came in between, or the lease was
        lost: then the reference stays queued."""

    def retry(self, work: Work, *, delay: float, cause: str, detail: str) -> None:
        """Give the work back, due in ``delay`` seconds, one attempt more; at once
        when a hint came in between."""

    def park(self, work: Work, *, cause: str, detail: str) -> None:
        """Set the work aside until a new hint or ``unpark``."""

    def unpark(self, causes: Collection[str] | None = None) -> int:
        """Make all parked work due in the reconcile lane, or that parked for one of
        ``causes``; returns how many."""

    def hasten(self, causes: Collection[str]) -> int:
        """Make what failed for one of ``causes`` and waits due now, as if it had never
        failed; returns how many. What is parked stays so."""

    def pending(self, ref: SecretRef) -> str | None:
        """The cause of its last failure ("" if none yet) while ``ref`` is queued;
        None when it is not, is parked, or only waits for its ``not_before``."""

    def standing(self, key: QueueKey) -> Standing | None:
        """How one reference stands, whether it waits, is parked or is worked on; None
        when it is not in the queue."""

    def backlog(self) -> Backlog:
        """Counts, for metrics and status."""

    def waiting(
        self, *, parked: bool, after: QueueKey | None = None, limit: int
    ) -> list[Waiting]:
        """One page of what the backlog counts as pending, or as parked, ordered by
        reference; ``after`` is the key of the last one of the page before."""

    def close(self) -> None:
        """Wake every ``take``; afterwards only ``add`` raises QueueUnavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownGap:
    """Entries may have been missed on mounts matching ``mounts``; ``number`` is its
    place in the journal, ``since`` an RFC 3339 time or None."""

    number: int
    mounts: tuple[str, ...]
    reason: str
    since: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletions:
    """A rule's deletes of late. ``made`` since the time that was asked for;
    ``population`` are its secrets in AWS now, and those deleted since then; ``held``
    are those that the brake holds."""

    made: int
    population: int
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something done on somebody's order. ``by`` is the name of a token, ``about``
    what it was asked for, as short JSON; ``at`` is in epoch seconds."""

    number: int = 0
    at: float
    by: str
    what: str
    about: str


class Journal(Protocol):
    """What we did, so that the next change needs no look at AWS. A cache in the end:
    with it lost, ownership and currency are proven from AWS alone. Every method
    raises JournalUnavailable.

    The key of an entry is its reference with its ``place``.
    """

    def known(self, ref: SecretRef) -> list[Entry]:
        """Every entry of the reference, orphans included, ordered by place."""

    def record(
        self, entry: Entry, *, expected: Entry | None, made_version: bool = False
    ) -> bool:
        """Write ``entry`` if what stands under its key still has ``(created_time,
        version, decision)`` of ``expected``. False, and nothing written, when it has
        not. Sets ``state_since`` when the state is another than before. With
        ``made_version`` the entry's ``applied_at`` joins the day's versions."""

    def decide(
        self, entries: Sequence[Entry], decision: Decision | None, by: str
    ) -> None:
        """Durably write down a decision on what stands under each entry's key; where
        nothing does, the entry itself is written with it. None takes it back."""

    def versions_made(self, ref: SecretRef, rule: str, since: float) -> list[float]:
        """When versions were made after ``since``, in epoch seconds. Those of more
        than a day before the newest may be forgotten."""

    def forget(self, entry: Entry) -> None:
        """Drop what stands under the entry's key, if anything does."""

    def entries(
        self, rule: str | None = None, *, state: State | None = None
    ) -> Iterator[Entry]:
        """All entries, or those of a rule or in a state, ordered by key, without
        holding a lock."""

    def named(self, region: str, name: str) -> list[Entry]:
        """Every entry with this Region and name."""

    def deleting(self, ref: SecretRef, rule: str, at: float) -> None:
        """A delete is about to be made. One for each reference and rule is kept."""

    def deletions(self, rule: str, since: float) -> Deletions:
        """The rule's deletes after ``since``."""

    def accept_deletions(self, rule: str) -> None:
        """Somebody has looked at the rule's deletes so far: count anew."""

    def add_deed(self, deed: Deed) -> None:
        """Write down, durably, what somebody ordered; the number is given here."""

    def deeds(self, *, before: int | None, limit: int) -> list[Deed]:
        """The newest first; ``before`` is the number of the last one of a page."""

    def page(
        self,
        *,
        state: State | None,
        rule: str | None,
        text: str | None,
        after: str | None,
        limit: int,
    ) -> tuple[list[Entry], str | None]:
        """One page ordered by reference, and the cursor of the next or None.
        ``text`` is looked for in reference and name, whatever its case. Raises
        InvalidCursor."""

    def counts(self) -> dict[tuple[str, State], int]:
        """Entries by rule and state."""

    def add_gap(self, mounts: Sequence[str], reason: str, since: str | None) -> None:
        """Remember a gap durably; equal (mounts, reason) merge, earliest ``since``."""

    def gaps(self) -> list[KnownGap]:
        """All gaps not yet cleared."""

    def clear_gaps(self, numbers: Collection[int]) -> None:
        """A comparison that began after these were added succeeded."""


class Source(Protocol):
    """Vault. Every method raises Temporary or Permanent; nothing else."""

    def mount(self, namespace: str, path: str, *, fresh: bool = False) -> Mount:
        """The KV mount at exactly ``path``, from cache unless ``fresh``. Raises
        Permanent(MOUNT_UNKNOWN) when there is none, or it is not KV."""

    def cached_mount(self, namespace: str, path: str) -> Mount | None:
        """The mount if it is in the cache; never asks Vault."""

    def read(self, ref: SecretRef) -> Truth:
        """The current value, or Gone on a mount whose type, version and accessor
        were re-read in the same confirmation."""

    def look(self, ref: SecretRef) -> Truth:
        """The current version without its value: the body is empty. On KV v1, which
        has no versions, only whether there is one."""

    def confirm(self, ref: SecretRef, truth: Truth) -> bool:
        """Whether a metadata read agrees with what ``read`` said."""

    def versions(self, namespace: str, mount: str) -> Iterator[tuple[SecretRef, Truth]]:
        """Every secret of a mount; v2 values are not read: their body is empty.
        Raises rather than end early."""

    def namespaces(self, glob: str) -> list[str]:
        """The namespaces that ``glob`` matches; the root is the empty one."""

    def mounts(self, namespace: str) -> list[Mount]:
        """All KV mounts of a namespace that the token can see."""


class Surprise(Exception):
    """AWS is not in the state that was believed; describe and plan again."""


class Target(Protocol):
    """Secrets Manager for one account and Region. Raises Temporary, Permanent, or
    Surprise."""

    def describe(self, name: str) -> Observed | None:
        """What AWS holds under this name or ARN; None: confirmed absent."""

    def listing(self) -> Iterator[tuple[str, Observed]]:
        """Name and description of every secret with the tag ``managed-by``, whatever
        its value; those whose deletion is scheduled too, replicas of another Region
        not. ``replicas`` is None. May lag five minutes behind. Raises rather than end
        early."""

    def create(
        self,
        name: str,
        *,
        body: str,
        version_id: str,
        spec: TargetSpec,
        tags: dict[str, str],
    ) -> str:
        """Create with the value, description, key and replicas; returns the ARN.
        Surprise when the name is taken."""

    def put(self, arn: str, *, body: str, version_id: str) -> bool:
        """Put the value under our version id. False when AWS took it but AWSCURRENT
        is elsewhere. Raises VersionIdTaken when the id holds other bytes."""

    def make_current(self, arn: str, *, version_id: str, instead_of: str) -> None:
        """Move AWSCURRENT."""

    def tag(self, arn: str, tags: dict[str, str]) -> None:
        """Add or overwrite tags."""

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Remove tags; those that are not there are no error."""

    def update(
        self, arn: str, *, description: str | None, kms_key_id: str | None
    ) -> None:
        """Change these two, without a new version. None leaves as it is; an empty
        description removes it, an empty key goes back to AWS's own."""

    def replicate(self, arn: str, replicas: Sequence[Replica]) -> None:
        """Add copies in these Regions; AWS makes them in its own time."""

    def detach(self, arn: str, regions: Sequence[str]) -> None:
        """Delete the copies in these Regions."""

    def restore(self, arn: str) -> None:
        """Cancel a scheduled deletion."""

    def delete(self, arn: str, *, recovery_days: int | None) -> None:
        """Schedule the deletion, or delete at once when ``recovery_days`` is None.
        AWS refuses while there are copies."""


class VersionIdTaken(Exception):
    """The version id already exists with other bytes."""
