"""The alert rules: they fire, they name what exists, and somebody explains them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.monitoring.monitored import (
    MONITORING,
    RUNBOOK,
    alerts,
    named,
    panels,
    queries,
)
from tests.unit.receiver_web.conftest import World
from vault_audit_forwarder.delivery_stats import DeliveryStats
from vault_audit_forwarder.metrics import ForwarderMetrics
from vault_audit_forwarder.reader_stats import ReaderStats
from vault_audit_forwarder.spool import Spool

PROMTOOL = shutil.which("promtool")
NAMES = [alert["alert"] for alert in alerts()]


@pytest.mark.integration
@pytest.mark.skipif(PROMTOOL is None, reason="promtool (Debian: prometheus) is missing")
def test_they_fire_when_they_should_and_only_then() -> None:
    """Prometheus's own unit tests of the rules, with promtool."""
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, "test", "rules", "alerts_test.yaml"],
        cwd=MONITORING,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_each_is_tested() -> None:
    """A rule that nobody has seen fire is a hope."""
    tests = (MONITORING / "alerts_test.yaml").read_text()
    untested = [
        name
        for name in NAMES
        if not re.search(rf"alertname: {name}\n *exp_alerts", tests)
        or not re.search(rf"alertname: {name}}}", tests)
    ]

    assert untested == []


@pytest.fixture
def known(tmp_path: Path) -> set[str]:
    """Every series that the two programs can show, as Prometheus names it."""
    metrics = World().metrics
    metrics.token_expiry(1.0, 2.0)
    metrics.reconcile_interval(1.0)
    metrics.reconciled(1.0, {}, 1.0)
    metrics.forwarder_seen("v", "f", 1.0)
    metrics.clock_skew("v", 1.0)
    spool = Spool(tmp_path / "spool.db", max_events=10)
    try:
        forwarder = ForwarderMetrics([ReaderStats()], spool, DeliveryStats()).registry()
        return {
            sample.name
            for registry in (metrics.registry, forwarder)
            for family in registry.collect()
            for sample in family.samples
        }
    finally:
        spool.close()


def test_alerts_and_dashboard_name_what_exists(known: set[str]) -> None:
    """A renamed metric must not leave an alert that can never fire."""
    expressions = [alert["expr"] for alert in alerts()] + queries()
    unknown = set().union(*map(named, expressions)) - known

    assert unknown == set()


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_means_and_where_to_read_on(name: str) -> None:
    """Summary, description, severity, and a link to a section that exists."""
    (alert,) = [one for one in alerts() if one["alert"] == name]
    url = alert["annotations"]["runbook_url"]

    assert alert["labels"]["severity"] in ("page", "ticket")
    assert alert["annotations"]["summary"]
    assert alert["annotations"]["description"].endswith(".")
    assert url == f"docs/operations.md#{name.lower()}"
    assert 'job="' in alert["expr"] or 'job=~"' in alert["expr"]


def test_the_runbook_has_a_section_for_each_and_no_other() -> None:
    """With what it means, where to look, and what to do."""
    text = RUNBOOK.read_text()
    runbook = text[text.index("\n## Runbook") : text.index("\n## Sizing")]
    sections = re.findall(r"^### (\w+)$(.*?)(?=^### |\Z)", runbook, re.M | re.S)

    assert [name for name, _ in sections] == NAMES
    for name, section in sections:
        for part in ("It means", "Look", "Do"):
            assert f"**{part}" in section, f"{name}: {part}"


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_a_panel_can_be_read(panel: dict[str, object]) -> None:
    """Title, description, unit; any data source and job; windows that follow the
    scrape interval."""
    text = str(panel)
    targets = panel["targets"]
    assert isinstance(targets, list)

    assert panel["title"]
    assert str(panel["description"]).endswith(".")
    assert "'unit': '" in text
    for target in targets:
        assert target["datasource"]["uid"] == "${datasource}"
        assert "$receiver" in target["expr"] or "$forwarder" in target["expr"]
        if "rate(" in target["expr"]:
            assert "$__rate_interval" in target["expr"]
