"""Traces are made where the environment asks for them, and cost nothing elsewhere."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing

import pytest
from structlog.testing import capture_logs

from vault_audit_forwarder.program.tracing import is_wanted, open_tracing

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


@pytest.mark.parametrize(
    ("env", "wanted"),
    [
        ({}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, False),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "True"}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
    ],
)
def test_who_asks_for_traces(env: dict[str, str], wanted: bool) -> None:
    """Who names an exporter or an endpoint, and has not switched the SDK off."""
    assert is_wanted(env) is wanted


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL"),
    ],
)
def test_what_cannot_be_done_is_said(more: dict[str, str], named: str) -> None:
    """A cluster may set these for everybody: the program runs, without traces."""
    with capture_logs() as lines:
        assert open_tracing("it", "1", ENDPOINT | more) is None

    (line,) = lines
    assert named in line["reason"]


def test_the_protocol_of_traces_goes_first() -> None:
    """What is set for traces alone wins over what is set for all signals."""
    protocols = {
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
    }
    tracing = open_tracing("it", "1", ENDPOINT | protocols)

    assert tracing is not None
    tracing.close()


def test_the_environment_names_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """By OTEL_SERVICE_NAME; the program's own name is what it is called otherwise."""
    names = []
    for own in ("", "payments-vault"):
        monkeypatch.setenv("OTEL_SERVICE_NAME", own)
        tracing = open_tracing("it", "1", ENDPOINT)
        assert tracing is not None
        with closing(tracing):
            resource = tracing.tracer.start_span("x").resource  # type: ignore[attr-defined]  # of the SDK's spans
            names.append(resource.attributes["service.name"])

    assert names == ["it", "payments-vault"]


@pytest.mark.parametrize("program", ["receiver", "vault_audit_forwarder"])
def test_nothing_is_imported_unasked(program: str) -> None:
    """Neither program loads the SDK, and the forwarder nothing of OpenTelemetry."""
    script = f"""
import sys
import {program}.serving
from vault_audit_forwarder.program.tracing import open_tracing
assert open_tracing("it", "1", {{}}) is None
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert "opentelemetry.sdk" not in done.stdout
    assert program == "receiver" or done.stdout.strip() == "[]"


def test_without_the_extra_it_runs_untraced() -> None:
    """The log says which extra is missing."""
    script = """
import sys
sys.modules["opentelemetry.sdk.trace"] = None
from vault_audit_forwarder.program import logs
from vault_audit_forwarder.program.tracing import open_tracing
logs.configure("info", keys=("reason",))
assert open_tracing("it", "1", {"OTEL_TRACES_EXPORTER": "otlp"}) is None
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert "install the extra: vault-secrets-replicator[otel]" in done.stderr
