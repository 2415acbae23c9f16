"""Planted values are found in AWS, and nowhere else that is ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.gate import Gate
from tests.acceptance.scene import Build, Scene, wait_until

# Numbers, booleans and dates are what Vault's audit log shows in clear.
CANARIES: dict[str, object] = {
    "text": "canary-Vq7pLm2Xz",
    "number": 314159265358979,
    "truth": "tRuE-ish",
    "date": "1987-06-05T04:03:02.123456789Z",
    "long": "canary-long-" + "Jq" * 5_000,
    "canary-key-8sWd": "canary-under-an-odd-key",
}
PLANTED = [
    *(str(value)[:40].encode() for value in CANARIES.values()),
    b"canary-key-8sWd",
]
TOO_LARGE = "canary-too-large-" + "x" * 70_000


def own_files(directory: Path) -> list[Path]:
    """All of the installation but what OpenBao and the emulator wrote."""
    return [
        file
        for file in directory.rglob("*")
        if file.is_file() and not file.name.startswith(("openbao", "emulator"))
    ]


def texts(scene: Scene) -> dict[str, bytes]:
    """Everything the programs say or keep, by where it was found."""
    said = {
        "receiver's metrics": scene.receiver.metrics().encode(),
        "forwarder's metrics": scene.forwarder.metrics().encode(),
        "status": scene.api("GET", "/v1/status").content,
        "health": scene.api("GET", "/readyz").content,
    }
    return said | on_disk(scene)


def on_disk(scene: Scene) -> dict[str, bytes]:
    return {
        file.name: file.read_bytes() for file in own_files(scene.installation.directory)
    }


def assert_clean(found: dict[str, bytes]) -> None:
    for place, content in found.items():
        for canary in (*PLANTED, TOO_LARGE[:40].encode()):
            assert canary not in content, f"{canary[:20]!r} is in {place}"


@pytest.fixture
def written(build: Build, gate: Gate) -> Scene:
    """A scene with canaries that were replicated, refused, delayed and deleted."""
    scene = build(aws_endpoint=gate.endpoint)
    gate.shut()
    delayed = scene.put("delayed", **CANARIES)
    wait_until(lambda: scene.status()["pending"] >= 1, "work that AWS does not take")
    gate.open()
    scene.arrives("delayed", delayed)
    scene.arrives("app/db", scene.put("app/db", **CANARIES))
    scene.patch("app/db", text=CANARIES["text"], more=1)
    scene.arrives("gone", scene.put("gone", **CANARIES))
    scene.is_scheduled("gone", scene.delete("gone"))
    scene.put("parked", text=TOO_LARGE)
    wait_until(lambda: scene.status()["states"].get("parked") == 1, "a parked secret")
    return scene


def test_no_planted_value_is_anywhere_but_in_aws(written: Scene) -> None:
    """Logs, files, spool, queue, metrics and answers hold none, running or ended."""
    assert "canary-Vq7pLm2Xz" in written.value("app/db")
    assert {"forwarder-1.log", "receiver.log", "spool.db", "state.db"} <= on_disk(
        written
    ).keys()

    assert_clean(texts(written))
    written.receiver.child.kill()
    written.forwarder.child.kill()
    assert_clean(on_disk(written))


def test_no_key_or_token_is_in_a_log_or_a_database(written: Scene) -> None:
    """Signing key, fingerprint key and tokens stay in the files they were read from."""
    keys = written.installation.keys
    token = written.installation.directory / "vault.token"
    secret = [
        keys.signing,
        keys.fingerprint,
        keys.admin_token,
        token.read_text().strip(),
    ]
    files = {"signing.key", "fingerprint.key", "admin.token", "vault.token"}

    for place, content in texts(written).items():
        if place not in files:
            for each in secret:
                assert each.encode() not in content, f"a key is in {place}"
