"""The receiver's metrics, in a registry of their own.

Every series is there from the start, at 0, so that an alert on a rate sees the first
event too; only points in time are absent until they are known. No label holds a path:
their values come from fixed lists, from the rules, or from bounded registries.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from receiver import __version__
from receiver.core.comparison.differences import Kind
from receiver.gauges import Backlogged, Moments
from receiver.ports import Journal, WorkQueue
from receiver.stages import Stage

PREFIX = "vault_replicator_"

_LAG_EDGES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 60, 300, 1800)
_STAGE_EDGES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)
_RECONCILE_EDGES = (0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800)

_ACTIONS = (
    "none",
    "create",
    "update",
    "repair",
    "restore",
    "delete",
    "leave",
    "held",
    "adopt",
    "release",
)
_RESULTS = ("ok", "retry", "parked")
_CHANGES = tuple(Kind)
_AWS_OPERATIONS = (
    "AssumeRole",
    "CreateSecret",
    "DeleteSecret",
    "DescribeSecret",
    "ListSecrets",
    "Publish",
    "PutSecretValue",
    "RemoveRegionsFromReplication",
    "ReplicateSecretToRegions",
    "RestoreSecret",
    "TagResource",
    "UntagResource",
    "UpdateSecret",
    "UpdateSecretVersionStage",
)
_VAULT_OPERATIONS = ("list", "lookup-self", "metadata", "mount", "mounts", "read")

#: Why a webhook was refused.
REASONS = (
    "content_type",
    "count",
    "event",
    "json",
    "signature",
    "size",
    "slow",
    "timestamp",
    "unavailable",
)

#: How people are told.
CHANNELS = ("pagerduty", "slack", "sns", "webhook")

_HOUR = 3600.0
_MOST_LAGS = 20_000


class Metrics:
    """What is counted, and the registry that shows it. ``now`` gives epoch seconds."""

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self.registry = CollectorRegistry()
        self._now = now
        self._moments = Moments()
        self.registry.register(self._moments)
        self._lags: deque[tuple[float, float]] = deque(maxlen=_MOST_LAGS)
        self._lock = Lock()
        self._lag = self._histogram(
            "lag_seconds",
            "From a version's created_time to applied in AWS.",
            _LAG_EDGES,
        )
        self._stage = self._histogram(
            "stage_duration_seconds", "Time spent, by stage.", _STAGE_EDGES, "stage"
        )
        self._reconcile = self._histogram(
            "reconcile_duration_seconds", "Duration of comparisons.", _RECONCILE_EDGES
        )
        self._actions = self._counter("actions", "Rounds by end.", "action", "result")
        self._rejected = self._counter("webhook_rejected", "Refused.", "reason")
        self._aws = self._counter("aws_requests", "To AWS.", "operation", "code")
        self._vault = self._counter("vault_requests", "To Vault.", "operation", "code")
        self._changes = self._counter(
            "reconcile_changes", "References that comparisons queued.", "action"
        )
        self._notifications = self._counter(
            "notifications", "Messages to people.", "type", "result"
        )
        self._start_at_zero()

    def applied(self, rule: str, action: str, result: str, lag: float | None) -> None:
        """A round ended. ``lag`` in seconds, None when it was about no new version."""
        self._actions.labels(action, result).inc()
        if lag is not None:
            self._lag.observe(lag)
            with self._lock:
                self._lags.append((self._now(), lag))

    def stage(self, stage: str, seconds: float) -> None:
        """A stage of the work took so long."""
        self._stage.labels(stage).observe(seconds)

    def aws_request(self, operation: str, code: str) -> None:
        """AWS answered with ``code``, or failed with an error of that name."""
        self._aws.labels(operation, code).inc()

    def vault_request(self, operation: str, code: str) -> None:
        """Vault answered with ``code``, or failed with an error of that name."""
        self._vault.labels(operation, code).inc()

    def token_expiry(self, at: float | None, life: float | None = None) -> None:
        """When Vault's token ends, in epoch seconds; None: not known, or never.
        ``life`` is what it has, in seconds, when it is made or renewed."""
        self._moments.token_expiry = at
        self._moments.token_life = life if at is not None else None

    def reconcile_interval(self, seconds: float | None) -> None:
        """How often everything is compared; None: not on a schedule."""
        self._moments.interval = seconds

    def notified(self, kind: str, result: str) -> None:
        """A notification of this kind was sent, or failed."""
        self._notifications.labels(kind, result).inc()

    @property
    def reconciled_at(self) -> float | None:
        """When everything was last compared, in epoch seconds."""
        return self._moments.reconciled

    def skew(self, source: str) -> float:
        """How many seconds our clock is ahead of the sender's; 0 while not known."""
        return self._moments.skews.get(source, 0.0)

    def reconciled(
        self, seconds: float, changes: Mapping[str, int], now: float
    ) -> None:
        """A comparison succeeded; ``changes`` counts what it queued, by kind."""
        self._reconcile.observe(seconds)
        for action, count in changes.items():
            self._changes.labels(action).inc(count)
        self._moments.reconciled = now

    def webhook_rejected(self, reason: str) -> None:
        """A webhook was refused, for one of REASONS."""
        self._rejected.labels(reason).inc()

    def forwarder_seen(self, source: str, forwarder: str, at: float) -> None:
        """A heartbeat came. The caller bounds how many forwarders there are."""
        self._moments.forwarders[source, forwarder] = at

    def forwarder_forgotten(self, source: str, forwarder: str) -> None:
        """Its series ends."""
        self._moments.forwarders.pop((source, forwarder), None)

    def clock_skew(self, source: str, seconds: float) -> None:
        """How far our clock is ahead of the sender's, the way included."""
        self._moments.skews[source] = seconds

    def watch(
        self,
        queue: WorkQueue,
        journal: Journal,
        *,
        rules: Callable[[], Sequence[str]],
        is_paused: Callable[[str], bool],
    ) -> None:
        """From now on show what waits, what is where and what is paused, read at each
        scrape."""
        self.registry.register(
            Backlogged(
                queue, journal, rule_names=rules, is_paused=is_paused, now=self._now
            )
        )

    def lag_percentiles(self) -> dict[str, float | None]:
        """p50, p95 and p99 of the last hour's lags in seconds; None without any."""
        lags = sorted(lag for _, lag in self.lags())
        return {f"p{percent}": _nearest_rank(lags, percent) for percent in (50, 95, 99)}

    def lag_share(self, seconds: float) -> tuple[int, float | None]:
        """How many changes of the last hour were applied, and the share of them that
        took no longer than ``seconds``; None without any."""
        lags = self.lags()
        within = sum(lag <= seconds for _, lag in lags)
        return len(lags), within / len(lags) if lags else None

    def lags(self) -> list[tuple[float, float]]:
        """The lags of the last hour, and when each was measured in epoch seconds; of
        very many the latest."""
        since = self._now() - _HOUR
        with self._lock:
            return [(at, lag) for at, lag in self._lags if at >= since]

    def _start_at_zero(self) -> None:
        for action, result in product(_ACTIONS, _RESULTS):
            if result == "ok" or action == "none":
                self._actions.labels(action, result)
        for reason in REASONS:
            self._rejected.labels(reason)
        for stage in Stage:
            self._stage.labels(stage)
        for change in _CHANGES:
            self._changes.labels(change)
        for kind, result in product(CHANNELS, ("sent", "failed")):
            self._notifications.labels(kind, result)
        for operation in _AWS_OPERATIONS:
            self._aws.labels(operation, "OK")
        for operation in _VAULT_OPERATIONS:
            self._vault.labels(operation, "200")
        build = Gauge(
            f"{PREFIX}build_info", "Always 1.", ["version"], registry=self.registry
        )
        build.labels(__version__).set(1)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(PREFIX + name, about, labels, registry=self.registry)

    def _histogram(
        self, name: str, about: str, edges: Sequence[float], *labels: str
    ) -> Histogram:
        return Histogram(
            PREFIX + name, about, labels, registry=self.registry, buckets=edges
        )


def _nearest_rank(ordered: Sequence[float], percent: int) -> float | None:
    if not ordered:
        return None
    rank = -(-len(ordered) * percent // 100)
    return ordered[rank - 1]
