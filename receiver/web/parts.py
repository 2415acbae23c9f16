"""What the web needs of the rest, as one value; built where everything is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from receiver.core.brake import DeleteLimits
from receiver.core.rules import Rule
from receiver.core.scope import Scope
from receiver.core.wish import Wish
from receiver.explain.witnesses import Witnesses
from receiver.keyring import Token
from receiver.metrics import Metrics
from receiver.pauses import Pauses
from receiver.ports import Journal, Source, WorkQueue
from receiver.web.page.links import Links
from receiver.web.sightings import Forwarders, LastKept, UnknownSources
from receiver.web.waiting import Outcomes
from vault_audit_forwarder.signing import Key


class Comparisons(Protocol):
    """Who compares both sides, and brings about what differs."""

    def plan(self, scope: Scope) -> dict[str, Any]:
        """What would be done, as a document. Takes as long as the comparison does.
        Raises ReplicationError when nothing could be compared."""

    def request(self, wish: Wish) -> str:
        """Have it done; returns the run's id at once. Raises UnknownPlan."""

    def run(self, run_id: str) -> dict[str, Any] | None:
        """How far a run is; None when there is none of that id, or none any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Callables are asked at each use, so that a reload takes effect at once.

    ``source_name`` is the configured name of the Vault, ``tolerance`` the seconds a
    webhook's timestamp may be off. ``compare_soon`` and ``mounts_changed`` return at
    once. ``dependencies`` names the state of Vault and AWS without asking them,
    ``reconcile`` describes the last comparison, ``reconciles`` the last few, the newest
    first, ``faults`` what somebody must mend. ``configuration`` is the one in effect,
    fit to be shown, as key and value. ``limits`` are those of the delete brake;
    ``began`` is when the receiver was started, in epoch seconds, None: not known.
    ``witnesses`` ask AWS for an explanation; None: nobody does.
    """

    queue: WorkQueue
    journal: Journal
    source: Source
    comparisons: Comparisons
    pauses: Pauses
    metrics: Metrics
    source_name: str
    rules: Callable[[], tuple[Rule, ...]]
    signing_keys: Callable[[], Sequence[Key]]
    tokens: Callable[[], Sequence[Token]]
    now: Callable[[], float]
    compare_soon: Callable[[], None]
    mounts_changed: Callable[[str, str | None], None]
    witnesses: Witnesses | None = None
    tolerance: float = 300.0
    dependencies: Callable[[], Mapping[str, str]] = dict
    reconcile: Callable[[], Mapping[str, Any]] = dict
    limits: Callable[[], DeleteLimits] = DeleteLimits
    began: float | None = None
    reconciles: Callable[[], Sequence[Mapping[str, Any]]] = list
    faults: Callable[[], Sequence[str]] = list
    configuration: Callable[[], Sequence[tuple[str, str]]] = list
    links: Links = field(default_factory=Links)
    serve_metrics: bool = True
    body_timeout: float = 30.0
    outcomes: Outcomes = field(default_factory=Outcomes)
    forwarders: Forwarders = field(default_factory=Forwarders)
    unknown_sources: UnknownSources = field(default_factory=UnknownSources)
    last_kept: LastKept = field(default_factory=LastKept)
