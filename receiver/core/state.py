"""The nouns: what Vault says, what AWS holds, and what is known of one secret.

Every value here is frozen. A secret's body is in exactly one field of one class
(``Value.body``), and that field has no repr.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TypeAlias


@dataclass(frozen=True, order=True, slots=True)
class SecretRef:
    """One KV secret in one Vault; no part has a slash at its ends.

    ``namespace`` is empty for the root; ``mount`` may hold slashes; ``path`` is the
    key inside the mount, without ``data/``.
    """

    namespace: str
    mount: str
    path: str

    def __str__(self) -> str:
        return "/".join(filter(None, (self.namespace, self.mount, self.path)))


@dataclass(frozen=True, slots=True)
class Mount:
    """A KV mount as Vault describes it; ``version`` is 1 or 2."""

    namespace: str
    path: str
    version: int
    accessor: str


@dataclass(frozen=True, slots=True)
class Value:
    """The secret's current version is live. ``body`` is the data as raw JSON.

    On KV v1 ``version`` and ``created_time`` are None; times are Vault's own
    RFC 3339 strings.
    """

    body: str = field(repr=False)
    version: int | None = None
    created_time: str | None = None
    deletion_time: str | None = None
    custom_metadata: dict[str, str] = field(default_factory=dict)
    accessor: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Gone:
    """Vault confirmed that there is no live current version.

    With ``version`` the current version is deleted or destroyed; without, the whole
    key does not exist. ``deletion_time`` is when it was deleted, where Vault tells;
    ``accessor`` that of the mount that said so.
    """

    version: int | None = None
    created_time: str | None = None
    deletion_time: str | None = field(default=None, compare=False)
    accessor: str | None = field(default=None, compare=False)


Truth: TypeAlias = Value | Gone


@dataclass(frozen=True, slots=True)
class Replica:
    """A copy in another Region. ``failed`` is AWS's reason why there is none yet."""

    region: str
    kms_key_id: str | None = None
    failed: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Observed:
    """One secret as Secrets Manager describes it, value excepted.

    ``stages`` maps version ids to their staging labels. ``deleting`` is true while
    its deletion is scheduled. ``kms_key_id`` is None for AWS's own key. ``replicas``
    is None where it was not told: a listing leaves it out. ``changed_at`` is when
    anything of it was last changed, in epoch seconds.
    """

    arn: str
    tags: dict[str, str]
    stages: dict[str, tuple[str, ...]]
    deleting: bool = False
    rotated: bool = False
    owning_service: str | None = None
    description: str | None = None
    kms_key_id: str | None = None
    replicas: tuple[Replica, ...] | None = ()
    changed_at: float | None = None

    @property
    def current(self) -> str | None:
        """The version id that carries AWSCURRENT; None for a secret without value."""
        for version_id, labels in self.stages.items():
            if "AWSCURRENT" in labels:
                return version_id
        return None


class State(StrEnum):
    """What we say of a secret, as in ``?state=`` and in the metric."""

    IN_SYNC = "in_sync"
    PENDING = "pending"
    PARKED = "parked"
    CONFLICT = "conflict"
    HELD = "held"
    DRIFTED = "drifted"
    ORPHANED = "orphaned"
    DELETING = "deleting"


class Decision(StrEnum):
    """What a person has decided about one secret. A worker carries it out once.

    ``adopt``: take over what is not ours, or was released. ``release``: let go and
    leave the value. ``force``: do the delete that the brake holds. ``prune``: delete
    the orphan, under the brake.
    """

    ADOPT = "adopt"
    RELEASE = "release"
    FORCE = "force"
    PRUNE = "prune"


class Lane(IntEnum):
    """Whose turn it is when writes are scarce: events go before the reconcile."""

    EVENT = 0
    RECONCILE = 1


@dataclass(frozen=True, slots=True)
class VaultRequest:
    """A request to Vault that an event told of. ``id`` is what Vault's audit log calls
    it, ``traceparent`` names the trace that it began, if there is one."""

    id: str
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A reason to look at one secret: what goes into the queue.

    ``unresolved`` means that ``ref.path`` is still the request path (``data/x``),
    because the mount's KV version was not known when the event came. ``version``
    and ``created_time`` are what the event claimed, a lower bound for the read.
    ``look_twice`` asks for a second look some seconds later, for changes that
    carry no version to compare with. ``doubt`` says that AWS may hold something else
    than the journal believes. ``not_before`` is in epoch seconds. ``requests`` are
    those it is about, as far as they are known, the newest last: for logs and traces
    alone, kept in memory, and gone after a restart.
    """

    ref: SecretRef
    lane: Lane = Lane.EVENT
    unresolved: bool = False
    version: int | None = None
    created_time: str | None = None
    look_twice: bool = False
    doubt: bool = False
    not_before: float = 0.0
    requests: tuple[VaultRequest, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One reference taken from the queue, under a lease.

    ``attempts`` counts the failed rounds since the newest hint; ``since`` is when
    the reference began to wait, in epoch seconds. ``lease_until`` is in monotonic ones,
    so that no jump of the clock makes a lease longer.
    """

    hint: Hint
    sequence: int
    attempts: int
    since: float
    lease_until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the journal holds of one secret at one place in AWS.

    ``ref``, ``rule``, ``region`` and ``name`` are its key: a rule that is removed or
    gives other names leaves the old entries behind, as orphans. ``name`` is empty
    while AWS can hold none. ``version`` and ``created_time`` are of the Vault version
    last applied, ``version_id`` the AWS version it became; ``arn`` is None while AWS
    is not known to hold the secret. ``attributes`` says what of the rule was applied
    besides the value, ``accessor`` which mount the value came from: one that is made
    anew at the same path has another. ``detail`` explains ``cause``. ``decision``
    waits to be carried out, ``decided_by`` is the name of the token it was made with.
    ``applied_at``, ``checked_at`` and ``state_since`` are epoch seconds (the journal
    itself keeps the last), ``lag`` seconds from Vault's ``created_time`` to applied.
    """

    ref: SecretRef
    rule: str
    region: str
    name: str
    state: State
    state_since: float = field(default=0.0, compare=False)
    cause: str | None = None
    detail: str = ""
    arn: str | None = None
    version: int | None = None
    created_time: str | None = None
    deletion_time: str | None = None
    version_id: str | None = None
    attributes: str | None = None
    accessor: str | None = None
    decision: Decision | None = None
    decided_by: str = ""
    applied_at: float | None = None
    checked_at: float = 0.0
    lag: float | None = None

    @property
    def place(self) -> tuple[str, str, str]:
        """Rule, Region and name: with the reference, the key."""
        return self.rule, self.region, self.name
