"""Gauges that are read when somebody asks, from where the truth is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from receiver.core.causes import Cause
from receiver.core.state import State
from receiver.ports import Journal, JournalUnavailable, QueueUnavailable, WorkQueue

_PREFIX = "vault_replicator_"


class Moments(Collector):
    """Points in time, and what is known only once somebody has told: absent before."""

    def __init__(self) -> None:
        self.token_expiry: float | None = None
        self.token_life: float | None = None
        self.interval: float | None = None
        self.reconciled: float | None = None
        self.forwarders: dict[tuple[str, str], float] = {}
        self.skews: dict[str, float] = {}

    def collect(self) -> Iterator[Metric]:
        """The families, each with as many samples as are known."""
        yield _moment(
            "vault_token_expiry_timestamp_seconds",
            "When the Vault token ends.",
            self.token_expiry,
        )
        yield _moment(
            "vault_token_lifetime_seconds",
            "How long it lives when it is made or renewed: we renew at a third of it.",
            self.token_life,
        )
        yield _moment(
            "reconcile_interval_seconds",
            "How often everything is compared; absent: never on a schedule.",
            self.interval,
        )
        yield _moment(
            "reconcile_last_success_timestamp_seconds",
            "When everything was last compared.",
            self.reconciled,
        )
        seen = GaugeMetricFamily(
            f"{_PREFIX}forwarder_last_seen_timestamp_seconds",
            "When a forwarder's heartbeat last came.",
            labels=["source", "forwarder"],
        )
        for place, at in list(self.forwarders.items()):
            seen.add_metric(place, at)
        yield seen
        skew = GaugeMetricFamily(
            f"{_PREFIX}clock_skew_seconds",
            "How far our clock is ahead of the sender's.",
            labels=["source"],
        )
        for source, seconds in list(self.skews.items()):
            skew.add_metric([source], seconds)
        yield skew


class Backlogged(Collector):
    """What waits in the queue, and in which state each rule's secrets are."""

    def __init__(
        self,
        queue: WorkQueue,
        journal: Journal,
        *,
        rule_names: Callable[[], Sequence[str]],
        is_paused: Callable[[str], bool],
        now: Callable[[], float],
    ) -> None:
        self._queue = queue
        self._journal = journal
        self._rule_names = rule_names
        self._is_paused = is_paused
        self._now = now

    def describe(self) -> list[Metric]:
        """Nothing: registering must not read the state file."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The families, read now; none while the state file cannot be read, and all
        other metrics are served all the same."""
        try:
            backlog, counts = self._queue.backlog(), self._journal.counts()
        except (QueueUnavailable, JournalUnavailable):
            return
        oldest = 0.0 if backlog.oldest is None else self._now() - backlog.oldest
        yield GaugeMetricFamily(
            f"{_PREFIX}pending", "References that wait.", value=backlog.pending
        )
        yield GaugeMetricFamily(
            f"{_PREFIX}oldest_pending_seconds",
            "For how long the oldest has waited.",
            value=max(0.0, oldest),
        )
        parked = GaugeMetricFamily(
            f"{_PREFIX}parked", "References set aside, by cause.", labels=["cause"]
        )
        for cause, count in (dict.fromkeys(Cause, 0) | backlog.parked).items():
            parked.add_metric([str(cause)], count)
        yield parked
        yield from self._by_rule(counts)

    def _by_rule(self, counts: Mapping[tuple[str, State], int]) -> Iterator[Metric]:
        """Of the rules of today, and of those that left something behind."""
        secrets = GaugeMetricFamily(
            f"{_PREFIX}secrets", "Secrets by state.", labels=["rule", "state"]
        )
        brake = GaugeMetricFamily(
            f"{_PREFIX}brake_engaged",
            "1 while deletes are held until somebody has looked.",
            labels=["rule"],
        )
        paused = GaugeMetricFamily(
            f"{_PREFIX}paused",
            "1 while somebody has paused all writes to AWS.",
            labels=["rule"],
        )
        rules = dict.fromkeys([*self._rule_names(), *(rule for rule, _ in counts)])
        for rule in rules:
            for state in State:
                secrets.add_metric([rule, state], counts.get((rule, state), 0))
            brake.add_metric([rule], float(counts.get((rule, State.HELD), 0) > 0))
            paused.add_metric([rule], float(self._is_paused(rule)))
        yield secrets
        yield brake
        yield paused


def _moment(name: str, about: str, at: float | None) -> Metric:
    family = GaugeMetricFamily(_PREFIX + name, about)
    if at is not None:
        family.add_metric([], at)
    return family
