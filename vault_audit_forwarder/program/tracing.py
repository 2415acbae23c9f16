"""Traces by OpenTelemetry, for those who ask for them.

Asked for by OpenTelemetry's own environment variables: an endpoint, or
``OTEL_TRACES_EXPORTER=otlp``. Everything else of theirs (sampler, headers, batches,
resource) is read by the SDK itself. Unless asked for, nothing of OpenTelemetry is
imported. A trace is never worth a secret: what cannot be traced with runs untraced.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_OURS = "http/protobuf"
#: Seconds for the last spans when the program ends; what the collector has not taken by
#: then is lost.
CLOSE_WITHIN = 1.0

log = structlog.get_logger(__name__)


class Tracing:
    """Where spans are made, and sent from by a thread of its own."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self.tracer: Tracer = provider.get_tracer("vault-secrets-replicator")

    def close(self) -> None:
        """Send what is left; returns within CLOSE_WITHIN, whoever answers."""
        # The SDK waits for half a minute, longer than a program has to end.
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(CLOSE_WITHIN)


def open_tracing(service: str, version: str, env: Mapping[str, str]) -> Tracing | None:
    """None where no traces are wanted, or none can be made: then the log says why."""
    if not is_wanted(env):
        return None
    if why := _obstacle(env):
        log.warning("traces are asked for, but none are made", reason=why)
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        why = "install the extra: vault-secrets-replicator[otel]"
        log.warning("traces are asked for, but none are made", reason=why)
        return None
    ours = Resource.create({"service.name": service, "service.version": version})
    resource = ours.merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)


def is_wanted(env: Mapping[str, str]) -> bool:
    """Whether the environment says where traces go."""
    if env.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if exporter := env.get("OTEL_TRACES_EXPORTER", "").strip():
        return exporter != "none"
    return any(env.get(name) for name in _ENDPOINTS)


def _obstacle(env: Mapping[str, str]) -> str:
    """Why what the environment asks for cannot be done; empty when it can."""
    if env.get("OTEL_TRACES_EXPORTER", "otlp").strip() not in ("", "otlp"):
        return "OTEL_TRACES_EXPORTER must be otlp or none"
    for name in _PROTOCOLS:
        if (protocol := env.get(name, "").strip()) and protocol != _OURS:
            return f"{name} must be {_OURS}"
        if protocol:
            break
    return ""
