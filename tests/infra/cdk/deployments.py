"""Contexts of deployments, as ``cdk`` would give them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from infra.config import Config
from infra.context import from_context

INFRA = Path(__file__).parents[3] / "infra"
ACCOUNT, REGION = "123456789012", "eu-central-1"
#: What every deployment must say.
REQUIRED: dict[str, Any] = {
    "account": ACCOUNT,
    "region": REGION,
    "vault_address": "https://vault.internal:8200",
    "vault_source": "vault-prod",
    "domain_name": "replicator.internal",
    "certificate_arn": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/1234",
}


def config(**more: Any) -> Config:
    """A deployment that says no more than it must, and ``more``."""
    return from_context({**REQUIRED, **more}, directory=INFRA)


def in_region(region: str, partition: str) -> dict[str, Any]:
    """What changes in another Region, maybe of another partition."""
    certificate = f"arn:{partition}:acm:{region}:{ACCOUNT}:certificate/1234"
    return {"region": region, "certificate_arn": certificate}


def flags() -> dict[str, Any]:
    """The feature flags of cdk.json."""
    context: dict[str, Any] = json.loads((INFRA / "cdk.json").read_text())["context"]
    return context
