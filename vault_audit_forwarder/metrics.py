"""The forwarder's metrics, collected when they are asked for.

Every series is there from the start, at 0: an alert on a rate then sees the first
event too. The counters live where they are counted; this module only shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from vault_audit_forwarder import wire
from vault_audit_forwarder.delivery_stats import DeliveryStats
from vault_audit_forwarder.reader_stats import ReaderStats, StallHistogram
from vault_audit_forwarder.spool import Spool
from vault_audit_forwarder.spool_file import SpoolError

_PREFIX = "vault_audit_forwarder_"


class ForwarderMetrics(Collector):
    """Shows the counters of the parts it is given."""

    def __init__(
        self,
        readers: Sequence[ReaderStats],
        spool: Spool,
        deliveries: DeliveryStats,
    ) -> None:
        self._readers = readers
        self._deliveries = deliveries
        self._spool = spool

    def registry(self) -> CollectorRegistry:
        """A registry of this collector alone."""
        registry = CollectorRegistry()
        registry.register(self)
        return registry

    def collect(self) -> Iterator[Metric]:
        """All families, read now."""
        readers = self._readers
        gaps = {**_total(one.gaps for one in readers), **self._spool.gaps}
        yield CounterMetricFamily(
            f"{_PREFIX}entries",
            "Audit lines read. One that comes by two inputs counts twice.",
            value=sum(one.entries for one in readers),
        )
        events = _total(one.events for one in readers)
        yield _counter(
            "events",
            "Events made, by type. One that comes by two inputs counts twice.",
            "type",
            {**events, wire.GAP: sum(gaps.values())},
        )
        yield _counter("gaps", "Times entries may have been missed.", "reason", gaps)
        yield from self._waiting()
        yield _stalls([one.stalls for one in readers])
        yield _counter(
            "deliveries",
            "Posts of events to the receiver, by what became of them.",
            "result",
            self._deliveries.results,
        )

    def _waiting(self) -> Iterator[Metric]:
        try:
            pending = self._spool.pending()
        except SpoolError:
            return  # unknown is absent, not 0; the sender says what is wrong
        yield GaugeMetricFamily(
            f"{_PREFIX}spool_events", "Events not yet delivered.", value=pending.events
        )
        yield GaugeMetricFamily(
            f"{_PREFIX}spool_oldest_seconds",
            "How long the oldest of them has waited.",
            value=pending.oldest,
        )


def _counter(
    name: str, about: str, label: str, counts: dict[str, int]
) -> CounterMetricFamily:
    family = CounterMetricFamily(f"{_PREFIX}{name}", about, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def _total(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for each in counts:
        for name, count in each.items():
            totals[name] = totals.get(name, 0) + count
    return totals


def _stalls(stalls: Sequence[StallHistogram]) -> HistogramMetricFamily:
    edges = [*(str(edge) for edge in StallHistogram.EDGES), "+Inf"]
    totals = accumulate(map(sum, zip(*(one.counts for one in stalls), strict=True)))
    return HistogramMetricFamily(
        f"{_PREFIX}reader_stall_seconds",
        "Time in which the reader did not receive because it handled what it had.",
        buckets=list(zip(edges, totals, strict=True)),
        sum_value=sum(one.total_seconds for one in stalls),
    )
