"""One span for each round, in the trace of the newest change that it is about.

Its children are the stages that the metrics know: read, decide, write and what else
takes time. Earlier changes that the same round answers are links: each has a trace of
its own. An error is told by its cause alone; no message and no traceback is recorded.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
)

from receiver.core.causes import ReplicationError
from receiver.core.state import Work
from receiver.outcome import Outcome
from receiver.spans import Replicate
from receiver.stages import Observe


class RoundSpans:
    """Spans of this ``tracer``."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def around(self, replicate: Replicate) -> Replicate:
        """``replicate`` with a span for each call."""

        def traced(work: Work) -> Sequence[Outcome]:
            with self._begin(work) as span:
                try:
                    outcomes = replicate(work)
                except Exception as error:
                    span.set_attribute("error.type", _cause(error))
                    span.set_status(Status(StatusCode.ERROR))
                    raise
                _tell(span, outcomes)
            return outcomes

        return traced

    def beside(self, observe: Observe) -> Observe:
        """``observe``, with a span for each stage that ends in a round."""

        def traced(stage: str, seconds: float) -> None:
            observe(stage, seconds)
            if trace.get_current_span().is_recording():
                now = time.time_ns()
                begun = now - int(seconds * 1e9)
                self._tracer.start_span(str(stage), start_time=begun).end(now)

        return traced

    def _begin(self, work: Work) -> AbstractContextManager[Span]:
        requests, parent = work.hint.requests, Context()
        attributes: dict[str, str | int] = {
            "vault.path": str(work.hint.ref),
            "replicator.attempts": work.attempts,
        }
        if requests:
            attributes["vault.request_id"] = requests[-1].id
            if name := requests[-1].traceparent:
                begun = NonRecordingSpan(_context(name))
                parent = trace.set_span_in_context(begun, parent)
        return self._tracer.start_as_current_span(
            "replicate",
            context=parent,
            kind=SpanKind.CONSUMER,
            attributes=attributes,
            links=[
                Link(_context(one.traceparent), {"vault.request_id": one.id})
                for one in requests[:-1]
                if one.traceparent is not None
            ],
            record_exception=False,
            set_status_on_exception=False,
        )


def _cause(error: Exception) -> str:
    if isinstance(error, ReplicationError):
        return str(error.cause)
    return type(error).__name__


def _tell(span: Span, outcomes: Sequence[Outcome]) -> None:
    """Most secrets match one rule; what the others did stands in events."""
    for number, outcome in enumerate(outcomes):
        said = _about(outcome)
        if number == 0:
            span.set_attributes(said)
        else:
            span.add_event("another rule", said)


def _about(outcome: Outcome) -> dict[str, str | int | float]:
    said = {
        "replicator.rule": outcome.rule,
        "replicator.action": outcome.action,
        "replicator.lag_seconds": outcome.lag,
        "vault.version": outcome.version,
    }
    return {key: value for key, value in said.items() if value is not None}


def _context(traceparent: str) -> SpanContext:
    """Of a name that was checked when it came in."""
    _, trace_id, span_id, flags = traceparent.split("-")
    return SpanContext(
        int(trace_id, 16),
        int(span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(int(flags, 16)),
    )
