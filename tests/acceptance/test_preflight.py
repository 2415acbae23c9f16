"""``check`` and SIGHUP: what an operator does before, and while, it runs."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from typing import Any

import yaml

from receiver.demo.child import isolated
from receiver.demo.emulator import ENVIRONMENT
from receiver.demo.programs import VAULT_TOKEN
from tests.acceptance.scene import Build, Scene, rule, wait_until


def check(scene: Scene) -> tuple[int, dict[str, str]]:
    """Run ``vault-replicator check``: its exit code, and the state of each check."""
    config = scene.installation.directory / "replicator.yaml"
    done = subprocess.run(
        [sys.executable, "-m", "receiver", "check", "--json", "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=60,
        env=isolated(os.environ) | ENVIRONMENT,
    )
    report = json.loads(done.stdout)
    assert report["format_version"] == 1
    return done.returncode, {one["name"]: one["state"] for one in report["checks"]}


def test_a_good_installation_is_well(scene: Scene) -> None:
    """Everything that is needed answers; exit code 0."""
    code, checks = check(scene)

    assert code == 0
    assert set(checks.values()) == {"ok"}
    assert {"vault token", "state file", "keys and tokens"} <= checks.keys()


def test_all_checks_run_before_the_verdict(scene: Scene) -> None:
    """A wrong token fails what needs it, and AWS is still looked at; exit code 2."""
    scene.receiver.stop()
    (scene.installation.directory / VAULT_TOKEN).write_text("s.wrong\n")
    code, checks = check(scene)

    assert code == 2
    assert checks["vault token"] == "failed"
    assert checks["Secrets Manager in eu-central-1"] == "ok"


def test_a_reload_takes_new_rules_over(build: Build) -> None:
    """SIGHUP: what the new rule covers arrives, also what was there before."""
    scene = build()
    narrow = rule(scene.mount) | {"include": ["app/**"]}
    _rewrite(scene, {"rules": [narrow]})
    scene.receiver.child.send(signal.SIGHUP)
    _wait_for_log(scene, "configuration read again")
    before = scene.put("other/db", a="b")
    scene.arrives("app/db", scene.put("app/db", a="b"))
    assert scene.held("other/db") is None

    _rewrite(scene, {"rules": [rule(scene.mount)]})
    scene.receiver.child.send(signal.SIGHUP)

    scene.arrives("other/db", before)


def test_a_wrong_reload_keeps_the_old_rules(scene: Scene) -> None:
    """The log says why, and the receiver goes on."""
    _rewrite(scene, {"rules": []})
    scene.receiver.child.send(signal.SIGHUP)
    _wait_for_log(scene, "not reloaded")

    scene.arrives("app/db", scene.put("app/db", a="b"))


def test_a_reload_takes_the_log_level_over(scene: Scene) -> None:
    """Nobody restarts a receiver to see more of it, or less."""
    assert _is_logged(scene)
    _rewrite(scene, {"log_level": "error"})
    scene.receiver.child.send(signal.SIGHUP)
    wait_until(lambda: not _is_logged(scene), "no line for a change any more")

    scene.reconfigure(log_level="info")
    assert _is_logged(scene)


def _is_logged(scene: Scene) -> bool:
    """Whether a change that is made now gets its line in the log."""
    path = f"app/{secrets.token_hex(4)}"
    scene.arrives(path, scene.put(path, a="b"))
    scene.queue_drains()  # its line is written before
    return path in scene.receiver.child.log.read_text()


def _rewrite(scene: Scene, change: dict[str, Any]) -> None:
    file = scene.installation.directory / "replicator.yaml"
    document = yaml.safe_load(file.read_text()) | change
    file.write_text(yaml.safe_dump(document))


def _wait_for_log(scene: Scene, words: str) -> None:
    wait_until(lambda: words in scene.receiver.child.log.read_text(), words)
