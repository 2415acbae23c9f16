"""What is known afterwards: from the receiver's own account, and from Vault's."""

from __future__ import annotations

import json
import time
import uuid

from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance.scene import Scene, wait_until
from vault_audit_forwarder import wire

_READABLE = ("data", "metadata")


def states(scene: Scene) -> dict[str, tuple[str, str | None]]:
    """State and cause of each secret in this scene's folder, by its path."""
    answer = scene.api("GET", f"/v1/secrets?limit=1000&q={scene.folder}")
    return {
        item["path"].removeprefix(scene.folder): (item["state"], item["cause"])
        for item in answer.raise_for_status().json()["items"]
    }


def reports(scene: Scene, *words: str) -> bool:
    """Whether one of the faults in the status says all of these words."""
    faults = scene.status()["faults"]
    return any(all(word in fault for word in words) for fault in faults)


def logged(scene: Scene, words: str) -> bool:
    """Whether the receiver's log has a line with these words on this folder."""
    lines = scene.receiver.child.log.read_text().splitlines()
    return any(words in line and scene.folder in line for line in lines)


def aws_calls(scene: Scene, **labels: str) -> float:
    """How often the receiver has called AWS since its start."""
    return _counted(scene, "vault_replicator_aws_requests_total", labels)


def vault_calls(scene: Scene, **labels: str) -> float:
    """How often it has called Vault."""
    return _counted(scene, "vault_replicator_vault_requests_total", labels)


def vault_reads(scene: Scene, path: str) -> int:
    """How often anybody asked Vault for that secret, by Vault's own account."""
    asked = {f"{scene.mount}/{kind}/{scene.inside(path)}" for kind in _READABLE}
    with scene.installation.openbao.audit_log.open() as lines:
        entries = [json.loads(line) for line in lines]
    return sum(
        entry["type"] == "request"
        and entry["request"]["operation"] == "read"
        and entry["request"]["path"] in asked
        for entry in entries
    )


def compares(scene: Scene) -> None:
    """Let the receiver believe that it missed something, and wait until it has
    compared everything since, whatever came of it."""
    gap = wire.make_event(
        wire.Gap(reason="test"),
        source=scene.installation.layout.source,
        forwarder="forwarder-1",
        id=str(uuid.uuid4()),
        time=None,
    )
    body, told = wire.encode(gap), time.time()
    scene.post_event(body, scene.signed(body)).raise_for_status()
    wait_until(lambda: _compared_since(scene, told), "a comparison")


def _compared_since(scene: Scene, then: float) -> bool:
    last = scene.status()["reconcile"]
    return last["last"] is not None and last["last"] - last["seconds"] >= then


def _counted(scene: Scene, name: str, labels: dict[str, str]) -> float:
    return sum(
        sample.value
        for family in text_string_to_metric_families(scene.receiver.metrics())
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )
