"""Every key and token is replaced as the operations page says, while changes arrive."""

from __future__ import annotations

import os
import secrets
import signal
from contextlib import closing

import pytest
import yaml

from receiver.demo.programs import VAULT_TOKEN, write_secret
from tests.acceptance.scene import Build, Scene, metric, wait_until
from tests.acceptance.vault_operator import VaultOperator
from vault_audit_forwarder import signing


@pytest.fixture(scope="module")
def running(build_once: Build) -> Scene:
    """An installation that only this file's tests use, each beginning where the last
    one ended."""
    scene = build_once()
    scene.settles()
    return scene


def test_signing_keys(running: Scene) -> None:
    """The receiver takes both, the forwarder changes over, the receiver forgets the old
    one: nothing is refused and nothing is missed."""
    directory = running.installation.directory
    former = yaml.safe_load((directory / "replicator.yaml").read_text())["webhook"]
    (old,) = former["signing_key_files"]
    write_secret(directory / "new.key", signing.new_key())
    gaps = metric(running.forwarder, "vault_audit_forwarder_gaps_total")

    running.reconfigure(webhook={"signing_key_files": [old, "new.key"]})
    running.settles()
    _forwarder_signs_with(running, "new.key")
    running.settles()
    running.reconfigure(webhook={"signing_key_files": ["new.key"]})
    running.settles()

    assert metric(running.receiver, "vault_replicator_webhook_rejected_total") == 0
    assert metric(running.forwarder, "vault_audit_forwarder_gaps_total") == gaps
    body = running.change_event("app/db")
    forged = running.signed(body, key=(directory / old).read_text().strip())
    assert running.post_event(body, forged).status_code == 401


def test_the_fingerprint_key(running: Scene) -> None:
    """With the new one first, every secret is renewed; then the old one can go."""
    directory = running.installation.directory
    for number in range(5):
        path = f"sealed/{number}"
        running.arrives(path, running.put(path, a="b"))
    former = yaml.safe_load((directory / "replicator.yaml").read_text())["fingerprint"]
    (old,) = former["key_files"]
    new = f"fingerprint-{secrets.token_hex(4)}.key"
    write_secret(directory / new, secrets.token_hex(32))
    before = running.held("sealed/0")

    running.reconfigure(fingerprint={"key_files": [new, old]})
    wait_until(lambda: _is_quiet(running), "the plan has nothing to do")
    running.reconfigure(fingerprint={"key_files": [new]})
    running.reconcile()

    after = running.held("sealed/0")
    assert before is not None
    assert after is not None
    assert after.tags["vault-seal"] != before.tags["vault-seal"]
    assert running.status()["faults"] == []
    assert _is_quiet(running)


def test_admin_tokens(running: Scene) -> None:
    """What the file holds counts for the next request, without a signal."""
    file = running.installation.directory / "admin.token"
    former = file.read_text()
    assert running.api("GET", "/v1/status").status_code == 200
    try:
        file.write_text("another-token-of-the-operator\n")
        assert running.api("GET", "/v1/status").status_code == 401
    finally:
        file.write_text(former)
    assert running.api("GET", "/v1/status").status_code == 200


def test_the_vault_token(running: Scene) -> None:
    """Renamed over the old file and the old one revoked: the next change arrives."""
    directory = running.installation.directory
    old = (directory / VAULT_TOKEN).read_text().strip()
    write_secret(directory / "token.new", running.vault.create_token("replicator"))
    os.replace(directory / "token.new", directory / VAULT_TOKEN)
    with closing(VaultOperator(running.installation)) as operator:
        operator.do("POST", "auth/token/revoke", {"token": old})

    running.arrives("app/db", running.put("app/db", a="b"))
    assert running.status()["faults"] == []


def _forwarder_signs_with(scene: Scene, key: str) -> None:
    directory = scene.installation.directory
    config, log = directory / "forwarder-1.yaml", directory / "forwarder-1.log"
    document = yaml.safe_load(config.read_text())
    document["receiver"]["signing_key_file"] = key
    config.write_text(yaml.safe_dump(document))
    said = log.read_text().count("were read again")
    scene.forwarder.child.send(signal.SIGHUP)
    wait_until(
        lambda: log.read_text().count("were read again") > said,
        "the forwarder reads its keys again",
    )


def _is_quiet(scene: Scene) -> bool:
    plan = scene.plan()
    return not plan["changes"] and scene.status()["pending"] == 0
