"""Begins a trace for each change that is sent, where somebody traces.

Stands between the sender and its webhook. The span goes from the audit entry to the
receiver's 202, and its name travels in the event, so that what the receiver does
continues it. A post that fails leaves no span: the next try begins a new one, from
the same entry.
"""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Tracer

from vault_audit_forwarder import wire
from vault_audit_forwarder.delivery import Answer, Posts
from vault_audit_forwarder.origin import Origin

_TAKEN = 202


class ChangeSpans:
    """An Origin and a webhook for the sender's thread alone."""

    def __init__(self, tracer: Tracer, origin: Origin, webhook: Posts) -> None:
        self._tracer = tracer
        self._origin = origin
        self._webhook = webhook
        self._begun: dict[bytes, Span] = {}

    def encode(self, data: wire.Data, *, id: str, time: str | None) -> bytes:
        """``data`` in its envelope; a change with the trace that begins here."""
        if not isinstance(data, wire.Change):
            return self._origin.encode(data, id=id, time=time)
        span = self._begin(data, id, time)
        event = self._origin.encode(data, id=id, time=time, traceparent=_name(span))
        self._begun[event] = span
        return event

    def post(self, events: Sequence[bytes]) -> Answer:
        """Post, and end the spans of what was taken."""
        begun, self._begun = self._begun, {}
        answer = self._webhook.post(events)
        if answer.status == _TAKEN:
            for event in events:
                if span := begun.get(event):
                    span.end()
        return answer

    def _begin(self, change: wire.Change, id: str, time: str | None) -> Span:
        attributes: dict[str, str | int] = {
            "vault.request_id": id,
            "vault.path": f"{change.namespace or ''}{change.mount}{change.path}",
        }
        if change.operation is not None:
            attributes["vault.operation"] = change.operation
        if change.version is not None:
            attributes["vault.version"] = change.version
        return self._tracer.start_span(
            "vault.audit.change",
            context=Context(),
            kind=SpanKind.PRODUCER,
            attributes=attributes,
            start_time=wire.nanoseconds(time) if time else None,
        )


def _name(span: Span) -> str:
    """As W3C's Trace Context writes it."""
    context = span.get_span_context()
    flags = int(context.trace_flags)
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{flags:02x}"
