"""The alert rules and the dashboard as they are shipped, and what they name."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
MONITORING = ROOT / "docs" / "monitoring"
RUNBOOK = ROOT / "docs" / "operations.md"

_NAME = re.compile(r"\b(vault_(?:replicator|audit_forwarder)_\w+)\b")


def alerts() -> list[dict[str, Any]]:
    """Every alert rule."""
    groups = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """Every panel of the dashboard that shows something."""
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries() -> list[str]:
    """Every query of the dashboard."""
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def named(expression: str) -> set[str]:
    """The metrics of ours that an expression names."""
    return set(_NAME.findall(expression))
