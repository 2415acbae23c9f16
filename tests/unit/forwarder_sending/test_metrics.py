"""The names and labels that people alert on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from vault_audit_forwarder import wire
from vault_audit_forwarder.change import Hint
from vault_audit_forwarder.delivery_stats import DeliveryStats
from vault_audit_forwarder.metrics import ForwarderMetrics
from vault_audit_forwarder.reader_stats import ReaderStats
from vault_audit_forwarder.spool import Spool

PREFIX = "vault_audit_forwarder_"


@pytest.fixture
def spool(open_spool: Callable[..., Spool]) -> Spool:
    return open_spool(1)


def samples(registry: CollectorRegistry) -> dict[str, float]:
    text = generate_latest(registry).decode()
    lines = [line.rpartition(" ") for line in text.splitlines() if line[0] != "#"]
    return {name.removeprefix(PREFIX): float(value) for name, _, value in lines}


def test_every_series_starts_at_zero(spool: Spool) -> None:
    """A rate over a series that appears with its first event misses that event."""
    metrics = ForwarderMetrics([ReaderStats()], spool, DeliveryStats())
    found = samples(metrics.registry())

    gaps = (
        *("connection", "end_of_stream", "torn_line", "oversized_line"),
        *("unreadable_line", "overflow", "spool_full", "spool_corrupt"),
        *("new_file", "file_lost", "file_truncated"),
    )
    expected = {
        "entries_total",
        'events_total{type="vault.kv.changed"}',
        'events_total{type="vault.mount.changed"}',
        'events_total{type="vault.audit.gap"}',
        *(f'gaps_total{{reason="{reason}"}}' for reason in gaps),
        "spool_events",
        "spool_oldest_seconds",
        *(
            f'reader_stall_seconds_bucket{{le="{edge}"}}'
            for edge in (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, "+Inf")
        ),
        "reader_stall_seconds_count",
        "reader_stall_seconds_sum",
        *(
            f'deliveries_total{{result="{result}"}}'
            for result in ("delivered", "halved", "set_aside", "failed")
        ),
    }
    assert set(found) == expected
    assert set(found.values()) == {0.0}


def test_what_is_counted_is_shown(spool: Spool, hint: Callable[..., Hint]) -> None:
    """Readers together, spool and deliveries each in their series."""
    reader, files, deliveries = ReaderStats(), ReaderStats(), DeliveryStats()
    reader.entries = 5
    files.entries = 4
    reader.events[wire.CHANGED] = files.events[wire.CHANGED] = 3
    reader.gaps["connection"] = 2
    files.gaps["file_lost"] = 1
    for seconds in (0.0005, 0.02, 60):
        reader.stalls.observe(seconds)
    spool.add([hint("data/a"), hint("data/b")])
    deliveries.results["delivered"] = 4
    found = samples(ForwarderMetrics([reader, files], spool, deliveries).registry())

    assert found["entries_total"] == 9
    assert found['events_total{type="vault.kv.changed"}'] == 6
    assert found['gaps_total{reason="file_lost"}'] == 1
    assert found['gaps_total{reason="connection"}'] == 2
    assert found['gaps_total{reason="spool_full"}'] == 1
    assert found['events_total{type="vault.audit.gap"}'] == 4
    assert found["spool_events"] == 2
    assert found['deliveries_total{result="delivered"}'] == 4
    assert found['reader_stall_seconds_bucket{le="0.01"}'] == 1
    assert found['reader_stall_seconds_bucket{le="0.05"}'] == 2
    assert found['reader_stall_seconds_bucket{le="+Inf"}'] == 3
    assert found["reader_stall_seconds_count"] == 3
