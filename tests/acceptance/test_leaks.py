"""Planted values are found in AWS, and nowhere else that is ours."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from receiver.demo.emulator import Emulator
from tests.acceptance.hand import Hand
from tests.acceptance.scene import Build, Scene, wait_until
from tests.acceptance.vault_operator import VaultOperator
from tests.gate import Gate

# Numbers, booleans and dates are what Vault's audit log shows in clear.
CANARIES: dict[str, object] = {
    "text": "canary-Vq7pLm2Xz",
    "number": 314159265358979,
    "truth": "tRuE-ish",
    "date": "1987-06-05T04:03:02.123456789Z",
    "long": "canary-long-" + "Jq" * 30_000,
    "canary-key-8sWd": "canary-under-an-odd-key",
}
PLANTED = [
    *(str(value)[:40].encode() for value in CANARIES.values()),
    b"canary-key-8sWd",
]
SECRET_FILES = {"signing.key", "fingerprint.key", "admin.token", "vault.token"}
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
        "forwarder's health": scene.api("GET", "/healthz").content,
    }
    for path in ("/v1/status", "/v1/secrets?limit=1000", "/v1/history", "/readyz"):
        said[path] = scene.api("GET", path).content
    said["plan"] = scene.api("POST", "/v1/plan", {}).content
    said["pending"] = scene.api("GET", "/v1/secrets?state=pending").content
    place = f"/v1/secrets/one?mount={scene.mount}&path="
    said |= {
        path: scene.api("GET", place + path).content for path in ("gone", "parked")
    }
    said["checks"] = command(scene, "receiver", "replicator.yaml")
    said["forwarder's checks"] = command(
        scene, "vault_audit_forwarder", "forwarder-1.yaml"
    )
    return said | on_disk(scene)


def command(scene: Scene, program: str, config: str, what: str = "check") -> bytes:
    """All that a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", program, what, "--config", config],
        cwd=scene.installation.directory,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


def requests_to_aws(gate: Gate) -> Iterator[tuple[str, bytes]]:
    """Each request that passed the gate: what it asks for, and all its bytes."""
    for stream in gate.heard:
        heads = re.finditer(rb"POST / HTTP/1\.1\r\n.*?\r\n\r\n", stream, re.DOTALL)
        for head in heads:
            target = re.search(rb"(?i)x-amz-target: (\S+)", head[0])
            length = re.search(rb"(?i)content-length: (\d+)", head[0])
            assert target
            assert length
            end = head.end() + int(length[1])
            yield target[1].decode(), bytes(stream[head.start() : end])


def on_disk(scene: Scene) -> dict[str, bytes]:
    return {
        file.name: file.read_bytes() for file in own_files(scene.installation.directory)
    }


def assert_clean(found: dict[str, bytes]) -> None:
    for place, content in found.items():
        for canary in (*PLANTED, TOO_LARGE[:40].encode()):
            assert canary not in content, f"{canary[:20]!r} is in {place}"


@dataclass(frozen=True)
class Evidence:
    """``said`` while the programs ran, ``left`` on disk when they were killed, and
    ``sent`` to AWS, by what was called."""

    said: dict[str, bytes]
    left: dict[str, bytes]
    sent: list[tuple[str, bytes]]
    secret_files: dict[str, str]
    in_aws: str


@pytest.fixture(scope="module")
def evidence(build_once: Build, emulator: Emulator, hand: Hand) -> Iterator[Evidence]:
    """Of an installation through which canaries went in every way."""
    with closing(Gate(emulator.endpoint)) as gate:
        scene = build_once(aws_endpoint=gate.endpoint)
        _plant(scene, gate)
        _contend(scene, hand)
        _shut_vault(scene)
        _misconfigure(scene)
        directory = scene.installation.directory
        said, in_aws = texts(scene), scene.value("app/db")
        scene.receiver.child.kill()
        scene.forwarder.child.kill()
        yield Evidence(
            said=said,
            left=on_disk(scene),
            sent=list(requests_to_aws(gate)),
            secret_files={
                name: (directory / name).read_text().strip() for name in SECRET_FILES
            },
            in_aws=in_aws,
        )


def _plant(scene: Scene, gate: Gate) -> None:
    """Replicated, patched, delayed by an AWS that does not answer, deleted, parked."""
    gate.shut()
    delayed = scene.put("delayed", **CANARIES)
    wait_until(lambda: scene.status()["pending"] >= 1, "work that AWS does not take")
    gate.open()
    scene.arrives("delayed", delayed)
    scene.arrives("app/db", scene.put("app/db", **CANARIES))
    patched = scene.patch("app/db", number=CANARIES["number"], more=1)
    scene.arrives("app/db", patched)
    scene.arrives("gone", scene.put("gone", **CANARIES))
    scene.is_scheduled("gone", scene.delete("gone"))
    scene.put("parked", text=TOO_LARGE)
    wait_until(lambda: scene.status()["states"].get("parked") == 1, "a parked secret")


def _contend(scene: Scene, hand: Hand) -> None:
    """A conflict, which one adopts, and an edit by hand that a reconcile undoes."""
    for path in ("foreign", "adopted"):
        hand.create(scene.name(path), "somebody's own")
        scene.put(path, **CANARIES)
    wait_until(lambda: scene.status()["states"]["conflict"] == 2, "two conflicts")
    scene.order("adopt", path="adopted")
    wait_until(lambda: scene.value("adopted") != "somebody's own", "it is adopted")
    hand.edit(scene.name("delayed"), "edited by hand")
    scene.plan()
    scene.reconcile()
    wait_until(lambda: scene.value("delayed") != "edited by hand", "it is put back")


def _shut_vault(scene: Scene) -> None:
    """Work that fails because Vault is sealed, and is done when it is not."""
    with closing(VaultOperator(scene.installation)) as operator:
        operator.seal()
        body = {"mount": scene.mount, "path": "app/db"}
        scene.api("POST", "/v1/secrets/sync", body)
        wait_until(lambda: scene.status()["pending"] >= 1, "work Vault does not answer")
        operator.unseal()
    scene.queue_drains()


def _misconfigure(scene: Scene) -> None:
    """A configuration with canaries at wrong places, refused while running."""
    config = scene.installation.directory / "replicator.yaml"
    log = scene.installation.directory / "receiver.log"
    good = config.read_text()
    for text in misconfigured(yaml.safe_load(good)):
        config.write_text(text)
        before = log.read_text().count("not reloaded")
        scene.receiver.child.send(signal.SIGHUP)
        wait_until(
            lambda before=before: log.read_text().count("not reloaded") > before,  # type: ignore[misc]  # its default is an int
            "the configuration is refused",
        )
    config.write_text(good)


def misconfigured(document: dict[str, Any]) -> list[str]:
    """The file with a canary as it may slip in: for a key's name, a kind, a duration,
    and where YAML itself cannot read on."""
    text = str(CANARIES["text"])
    wrong: list[dict[str, Any]] = [
        {"webhook": {"signing_keys": [text]}},
        {"vault": {**document["vault"], "auth": {"method": text, "token": text}}},
        {"reconcile": {"interval": CANARIES["date"], "at_start": text}},
        {"aws": {"region": [text], "endpoint_url": text}},
    ]
    good = yaml.safe_dump(document)
    return [yaml.safe_dump(document | each) for each in wrong] + [
        f'{good}notify: "{text}\n',
        f"{good}  {text}: [{text}\n",
    ]


def test_no_planted_value_is_anywhere_but_in_aws(evidence: Evidence) -> None:
    """Logs, files, spool, queue, metrics and answers hold none, running or ended."""
    assert "canary-Vq7pLm2Xz" in evidence.in_aws
    databases = {"forwarder-1.log", "receiver.log", "spool.db", "state.db"}
    assert databases <= evidence.left.keys()

    assert_clean(evidence.said)
    assert_clean(evidence.left)


def test_planted_values_go_to_two_calls_of_aws_alone(evidence: Evidence) -> None:
    """Of all that the receiver sends to AWS, only what creates a secret or puts a value
    holds one; tags, descriptions and the checks' own calls do not."""
    carriers = {
        target.removeprefix("secretsmanager.")
        for target, request in evidence.sent
        if any(canary in request for canary in (*PLANTED, TOO_LARGE[:40].encode()))
    }

    assert carriers == {"CreateSecret", "PutSecretValue"}
    assert len({target for target, _ in evidence.sent}) > 4


def test_no_command_repeats_what_a_file_holds(shared: Scene) -> None:
    """Every command that reads a configuration names the place of a mistake alone."""
    directory = shared.installation.directory
    for program, name in (
        ("receiver", "replicator.yaml"),
        ("vault_audit_forwarder", "forwarder-1.yaml"),
    ):
        document = yaml.safe_load((directory / name).read_text())
        document.setdefault("vault", {})
        wrong = directory / f"wrong-{name}"
        try:
            first, *_, last = misconfigured(document)
            runs = "serve" if program == "receiver" else "run"
            for text, what in ((first, runs), (first, "check"), (last, "check")):
                wrong.write_text(text)
                said = command(shared, program, wrong.name, what)
                assert wrong.name.encode() in said
                assert_clean({f"{program} {what}": said})
        finally:
            wrong.unlink()


def test_no_key_or_token_is_in_a_log_or_a_database(evidence: Evidence) -> None:
    """Signing key, fingerprint key and tokens stay in the files they were read from."""
    for place, content in (*evidence.said.items(), *evidence.left.items()):
        if place not in SECRET_FILES:
            for secret in evidence.secret_files.values():
                assert secret.encode() not in content, f"a key is in {place}"
