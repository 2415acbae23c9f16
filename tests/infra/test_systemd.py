"""The units, looked at by systemd itself, and the configurations beside them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.configurations import INFRA, forwarder_settings, receiver_settings
from vault_audit_forwarder.app import END_WITHIN_SECONDS
from vault_audit_forwarder.settings import UnixListener

SYSTEMD = INFRA / "systemd"
OURS = ("vault-audit-forwarder.service", "vault-replicator.service")
UNITS = (*OURS, "openbao.service", "demo-vault-keys.service")
INSTALLED = ("/opt/vault-secrets-replicator/bin", "/opt/openbao/bin")
CREDENTIALS = "/run/credentials/unit"

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze here"
)


def unit(name: str) -> Path:
    """Its file, wherever below infra/."""
    (file,) = INFRA.rglob(name)
    return file


def values(name: str, key: str) -> list[str]:
    """What the unit gives for ``key``, in order."""
    pairs = (line.partition("=") for line in unit(name).read_text().split("\n"))
    return [value for found, _, value in pairs if found == key]


@needs_systemd
@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands_every_line(name: str, tmp_path: Path) -> None:
    """Verified with the commands where they are installed in this checkout."""
    text = unit(name).read_text()
    for there in INSTALLED:
        text = text.replace(there, str(Path(sys.executable).parent))
    placed = tmp_path / name
    placed.write_text(text)

    done = subprocess.run(
        ["systemd-analyze", "verify", placed], capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("name", UNITS)
def test_a_program_is_left_with_little_to_break(name: str) -> None:
    """systemd's own judgement of the sandbox, where 100 is none at all."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=15", name],
        capture_output=True,
        text=True,
        cwd=unit(name).parent,
    )

    assert done.returncode == 0, done.stdout


def test_the_users_can_be_made(tmp_path: Path) -> None:
    """The units' users are in the files for systemd-sysusers."""
    files = list(INFRA.rglob("sysusers.conf"))
    lines = [line for file in files for line in file.read_text().splitlines()]
    made = {line.split()[1] for line in lines if line.startswith("u ")}
    assert made == {user for name in UNITS for user in values(name, "User")}
    if shutil.which("systemd-sysusers"):
        command = ["systemd-sysusers", "--dry-run", *files]
        subprocess.run(command, check=True, capture_output=True)


def test_the_forwarder_finds_what_its_unit_gives() -> None:
    """Its socket, its spool and its key lie where the unit makes room for them."""
    name = "vault-audit-forwarder.service"
    settings = forwarder_settings(
        SYSTEMD / "forwarder.yaml", CREDENTIALS_DIRECTORY=CREDENTIALS
    )
    (listener,) = settings.listen

    assert isinstance(listener, UnixListener)
    assert listener.group is None  # chown is not among the calls that are allowed
    assert listener.mode == 0o660
    assert [listener.unix.parent.name] == values(name, "RuntimeDirectory")
    assert [settings.spool.path.parent.name] == values(name, "StateDirectory")
    (key,) = settings.receiver.signing_key_file
    assert [key.name] == credentials(name)
    assert key.parent == Path(CREDENTIALS)
    (watchdog,) = values(name, "WatchdogSec")
    assert settings.watchdog < int(watchdog)


def test_the_receiver_finds_what_its_unit_gives() -> None:
    """Its state and its keys lie where the unit makes room for them."""
    name = "vault-replicator.service"
    settings = receiver_settings(
        SYSTEMD / "replicator.yaml", CREDENTIALS_DIRECTORY=CREDENTIALS
    )

    assert [settings.queue.path.parent.name] == values(name, "StateDirectory")
    assert settings.tls is not None
    (signing,) = settings.webhook.signing_key_files
    (fingerprint,) = settings.fingerprint.key_files
    assert settings.admin is not None
    (token,) = settings.admin.tokens
    files = [signing, fingerprint, token.token_file, settings.tls.key_file]
    assert files == [Path(CREDENTIALS, one) for one in credentials(name)]


def test_the_demo_server_finds_what_its_unit_gives() -> None:
    """Its data, its log and its key lie where the unit makes room for them, and it is
    in the group that may write to the forwarder's socket."""
    name = "openbao.service"
    config = (INFRA / "vault" / "openbao.hcl").read_text()
    places = dict(re.findall(r'(\w+) *= "(/[^"]+)"', config))

    assert [f"/var/lib/{one}" for one in values(name, "StateDirectory")] == [
        places["path"]
    ]
    assert [f"/var/log/{one}" for one in values(name, "LogsDirectory")] == [
        str(Path(places["file_path"]).parent)
    ]
    given = [f"/run/credentials/{name}/{one}" for one in credentials(name)]
    assert given == [places["tls_key_file"]]
    assert values(name, "Group") == values("vault-audit-forwarder.service", "Group")


@pytest.mark.parametrize("name", OURS)
def test_systemd_waits_for_the_graceful_end(name: str) -> None:
    """Twenty seconds of it, and no restart limit that would leave it ended."""
    (patience,) = values(name, "TimeoutStopSec")
    assert int(patience) > END_WITHIN_SECONDS
    assert values(name, "StartLimitIntervalSec") == ["0"]
    assert values(name, "Restart") == ["always"]
    assert values(name, "Type") == ["notify"]


def credentials(name: str) -> list[str]:
    return [one.partition(":")[0] for one in values(name, "LoadCredential")]
