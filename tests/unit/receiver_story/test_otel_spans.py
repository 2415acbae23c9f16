"""A round stands in the trace of the change that caused it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from receiver.adapters.otel_spans import RoundSpans
from receiver.core.causes import Cause, Permanent
from receiver.core.state import Hint, SecretRef, VaultRequest, Work
from receiver.outcome import Outcome
from receiver.stages import Stage

REF = SecretRef("", "kv", "app/db")
FIRST, SECOND = (
    VaultRequest(name, f"00-{digit * 32}-{digit * 16}-01")
    for name, digit in (("first", "a"), ("second", "b"))
)
DONE = Outcome(ref=REF, rule="all", name="kv/app/db", action="update", version=3)


@dataclass
class Bench:
    """Rounds under a tracer, and the spans that have ended."""

    ended: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    observed: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.ended))
        self.spans = RoundSpans(provider.get_tracer("test"))
        self.observe = self.spans.beside(lambda *seen: self.observed.append(seen))

    def run(
        self, *requests: VaultRequest, outcomes: Sequence[Outcome] = (DONE,)
    ) -> None:
        """A round that reads and writes."""

        def replicate(_: Work) -> Sequence[Outcome]:
            self.observe(Stage.READ, 0.25)
            self.observe(Stage.WRITE, 0.5)
            return outcomes

        self.spans.around(replicate)(work(requests))

    @property
    def all(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self.ended.get_finished_spans()}


def work(requests: tuple[VaultRequest, ...] = ()) -> Work:
    hint = Hint(ref=REF, requests=requests)
    return Work(hint=hint, sequence=1, attempts=2, since=0.0, lease_until=1.0)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_round_continues_the_trace_of_its_change(bench: Bench) -> None:
    """What was done stands in attributes, as in the log."""
    bench.run(FIRST)
    span = bench.all["replicate"]

    assert span.kind is SpanKind.CONSUMER
    assert span.parent is not None
    assert span.parent.is_remote
    assert f"{span.parent.trace_id:032x}" == "a" * 32
    assert f"{span.parent.span_id:016x}" == "a" * 16
    assert dict(span.attributes or {}) == {
        "vault.path": "kv/app/db",
        "vault.request_id": "first",
        "vault.version": 3,
        "replicator.rule": "all",
        "replicator.action": "update",
        "replicator.attempts": 2,
    }


def test_stages_are_its_children(bench: Bench) -> None:
    """Each as long as it was measured; the metrics see them as before."""
    bench.run(FIRST)
    spans = bench.all
    parent = spans["replicate"].get_span_context()

    assert list(spans) == ["read", "write", "replicate"]
    for name, seconds in (("read", 0.25), ("write", 0.5)):
        span = spans[name]
        assert span.parent == parent
        assert span.start_time is not None
        assert span.end_time == span.start_time + int(seconds * 1e9)
    assert bench.observed == [("read", 0.25), ("write", 0.5)]


def test_earlier_changes_are_links(bench: Bench) -> None:
    """One round answers all that came before it; each began a trace of its own."""
    bench.run(FIRST, VaultRequest("untraced"), SECOND)
    span = bench.all["replicate"]

    assert span.parent is not None
    assert f"{span.parent.trace_id:032x}" == "b" * 32
    assert [f"{link.context.trace_id:032x}" for link in span.links] == ["a" * 32]


def test_what_nobody_asked_for_has_a_trace_of_its_own(bench: Bench) -> None:
    """A comparison's work, or a timer's; each is a new one."""
    bench.run()
    bench.run()
    one, other = (
        span for span in bench.ended.get_finished_spans() if span.name == "replicate"
    )

    assert one.parent is None
    assert one.get_span_context().trace_id != other.get_span_context().trace_id  # type: ignore[union-attr]  # they have one


def test_an_error_is_told_by_its_cause(bench: Bench) -> None:
    """Neither message nor traceback is recorded: they may quote what was handled."""

    def replicate(_: Work) -> Sequence[Outcome]:
        raise Permanent(Cause.VALUE_TOO_LARGE, "CANARY")

    with pytest.raises(Permanent):
        bench.spans.around(replicate)(work())
    span = bench.all["replicate"]

    assert (span.attributes or {})["error.type"] == Cause.VALUE_TOO_LARGE
    assert span.status.status_code is StatusCode.ERROR
    assert "CANARY" not in span.to_json()


def test_a_bug_is_told_by_its_type(bench: Bench) -> None:
    """As in the log."""

    def replicate(_: Work) -> Sequence[Outcome]:
        raise KeyError("CANARY")

    with pytest.raises(KeyError):
        bench.spans.around(replicate)(work())

    assert (bench.all["replicate"].attributes or {})["error.type"] == "KeyError"
    assert "CANARY" not in bench.all["replicate"].to_json()


def test_further_rules_stand_in_events(bench: Bench) -> None:
    """A secret may go to several places."""
    other = Outcome(ref=REF, rule="other", name="x", action="create")
    bench.run(FIRST, outcomes=[DONE, other])
    span = bench.all["replicate"]

    assert (span.attributes or {})["replicator.rule"] == "all"
    ((rule, action),) = [
        (said.attributes["replicator.rule"], said.attributes["replicator.action"])
        for said in span.events
        if said.attributes
    ]
    assert (rule, action) == ("other", "create")


def test_outside_a_round_nothing_is_made(bench: Bench) -> None:
    """A stage without a round has no trace to stand in."""
    bench.observe(Stage.READ, 0.1)

    assert bench.all == {}
    assert bench.observed == [("read", 0.1)]
