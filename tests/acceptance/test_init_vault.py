"""From a fresh Vault to a replicated secret: ``init-vault``, then the receiver."""

from __future__ import annotations

import os
import pty
import secrets
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from receiver.demo.child import free_port, isolated
from receiver.demo.emulator import ENVIRONMENT, Emulator, SecretsReader
from receiver.demo.openbao import OpenBao
from receiver.demo.programs import Keys, receiver_program, replicator_document
from tests.acceptance.scene import wait_until


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """Nobody has set it up."""
    server = OpenBao(tmp_path_factory.mktemp("fresh"), audit_addresses=[])
    try:
        server.start()
        yield server
    finally:
        server.stop()


def document(fresh: OpenBao, emulator: Emulator, port: int = 0) -> dict[str, Any]:
    """A receiver that logs in by AppRole, at a method of its own."""
    name = f"hybrid-{secrets.token_hex(4)}"
    made = replicator_document(
        port=port,
        source=f"vault-{name}",
        vault=fresh.address,
        aws=emulator.endpoint,
        rules=[{"name": "hybrid", "mount": name}],
    )
    made["vault"]["auth"] = {
        "method": "approle",
        "mount": name,
        "role_id_file": "role_id",
        "secret_id_file": "secret_id",
    }
    return made


def command(directory: Path, *argv: str) -> list[str]:
    config = str(directory / "replicator.yaml")
    return [sys.executable, "-m", "receiver", "init-vault", "-c", config, *argv]


def test_a_fresh_vault_is_set_up_and_replicates(
    fresh: OpenBao, emulator: Emulator, aws: SecretsReader, tmp_path: Path
) -> None:
    """The receiver logs in with what the command has made. Two secrets of the sample
    arrive; the one whose owner keeps it out does not, nor does what is elsewhere."""
    port = free_port()
    whole = document(fresh, emulator, port)
    name = whole["rules"][0]["mount"]
    (tmp_path / "replicator.yaml").write_text(yaml.safe_dump(whole))
    Keys().write(tmp_path)
    made = subprocess.run(
        command(tmp_path, "--demo", "--yes"),
        env=isolated(os.environ) | ENVIRONMENT | {"VAULT_TOKEN": fresh.root_token},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert made.returncode == 0, made.stderr
    assert fresh.root_token not in made.stdout + made.stderr

    receiver = receiver_program(tmp_path, whole, port=port)
    receiver.start()
    try:
        wait_until(lambda: len(aws.current_ids(f"{name}/")) == 2, "both are in AWS")
    finally:
        receiver.stop()

    assert set(aws.current_ids(f"{name}/")) == {
        f"{name}/demo-database",
        f"{name}/demo-api",
    }
    log = (tmp_path / "receiver.log").read_text()
    assert fresh.root_token not in log
    assert (tmp_path / "secret_id").read_text().strip() not in log


class Person:
    """Somebody at a terminal: sees everything, and types."""

    def __init__(self, argv: list[str]) -> None:
        self.screen = ""
        self._terminal, theirs = pty.openpty()
        self._process = subprocess.Popen(
            argv,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=isolated(os.environ) | ENVIRONMENT | {"TERM": "dumb", "CI": ""},
            start_new_session=True,
        )
        os.close(theirs)

    def sees(self, words: str) -> None:
        """Wait until these words stand there."""
        while words not in self.screen:
            assert self._reads(), self.screen

    def types(self, text: str) -> None:
        os.write(self._terminal, f"{text}\n".encode())

    def ends(self) -> int:
        """See it to its end; the exit code."""
        while self._reads():
            pass
        return self._process.wait(timeout=10)

    def close(self) -> None:
        """Leave, whatever is on the screen."""
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    def _reads(self) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], 60)
        assert ready, self.screen
        try:
            read = os.read(self._terminal, 65536).decode(errors="replace")
        except OSError:  # what a terminal gives when nobody has it open any more
            return False
        self.screen += read
        return bool(read)


@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_person_is_asked(
    fresh: OpenBao, emulator: Emulator, tmp_path: Path, answer: str
) -> None:
    """For the token, which is not shown, and whether to do what the plan shows."""
    whole = document(fresh, emulator)
    (tmp_path / "replicator.yaml").write_text(yaml.safe_dump(whole))
    policy = f"p-{secrets.token_hex(4)}"
    argv = command(tmp_path, "--enable-mounts", "--policy", policy)
    with closing(Person(argv)) as person:
        person.sees("Admin token of Vault: ")
        person.types(fresh.root_token)
        person.sees("5 to create. Nothing was changed.")
        person.sees("Do this?")
        person.types(answer)
        code = person.ends()

    assert fresh.root_token not in person.screen
    if answer == "y":
        assert code == 0
        assert "Next:\r\n  vault-replicator check --config " in person.screen
    else:
        assert (code, (tmp_path / "role_id").exists()) == (1, False)
        assert "nothing was changed" in person.screen
