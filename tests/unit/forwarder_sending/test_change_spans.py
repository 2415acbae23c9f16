"""A change that is sent begins a trace, and its name travels along."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from vault_audit_forwarder import wire
from vault_audit_forwarder.change_spans import ChangeSpans
from vault_audit_forwarder.delivery import Answer
from vault_audit_forwarder.origin import Origin

TIME = "2026-11-23T10:00:00.5Z"
CHANGE = wire.Change(
    namespace="team/", mount="kv/", path="data/db", operation="create", version=3
)
ORIGIN = Origin(source="vault", forwarder="here")


class Bench:
    """A traced webhook that answers as told, and the spans that have ended."""

    def __init__(self) -> None:
        self.status: int | None = 202
        self.ended = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.ended))
        self.spans = ChangeSpans(provider.get_tracer("test"), ORIGIN, self)

    def post(self, events: Sequence[bytes]) -> Answer:
        return Answer(self.status)

    def encode(self, data: wire.Data = CHANGE, id: str = "request-1") -> bytes:
        return self.spans.encode(data, id=id, time=TIME)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_span_reaches_from_the_entry_to_the_answer(bench: Bench) -> None:
    """It is named in the event and ends when the receiver has taken it."""
    event = bench.encode()
    assert bench.ended.get_finished_spans() == ()
    bench.spans.post([event])
    (span,) = bench.ended.get_finished_spans()

    assert (span.name, span.kind, span.parent) == (
        "vault.audit.change",
        SpanKind.PRODUCER,
        None,
    )
    assert span.start_time == wire.nanoseconds(TIME)
    assert dict(span.attributes or {}) == {
        "vault.request_id": "request-1",
        "vault.path": "team/kv/data/db",
        "vault.operation": "create",
        "vault.version": 3,
    }
    context = span.get_span_context()
    assert context is not None
    assert wire.decode_event(event).traceparent == (
        f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    )


def test_what_was_not_taken_leaves_no_span(bench: Bench) -> None:
    """An hour without a receiver is no thousand traces: the try that works is one."""
    for status in (None, 503, 401, 202):
        bench.status = status
        bench.spans.post([bench.encode()])

    assert len(bench.ended.get_finished_spans()) == 1


def test_what_was_not_sent_leaves_no_span(bench: Bench) -> None:
    """Of what did not fit into the body a new one is begun with the next."""
    first, second = bench.encode(), bench.encode(id="request-2")
    bench.spans.post([first])
    bench.spans.post([second])

    (span,) = bench.ended.get_finished_spans()
    assert (span.attributes or {})["vault.request_id"] == "request-1"


def test_only_changes_are_traced(bench: Bench) -> None:
    """Gaps and mounts are no change of a secret; they travel as they are."""
    gap = bench.encode(wire.Gap(reason="connected"))
    bench.spans.post([gap])

    assert gap == ORIGIN.encode(wire.Gap(reason="connected"), id="request-1", time=TIME)
    assert bench.ended.get_finished_spans() == ()
    assert b"traceparent" not in gap
