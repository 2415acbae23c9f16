"""``check``: what is looked at, and what the operator is told to type."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.unit.forwarder_sending.scripted_receiver import Reply, ScriptedReceiver
from vault_audit_forwarder.check import DeviceReport, check
from vault_audit_forwarder.program.config_types import HostPort
from vault_audit_forwarder.settings import Settings, TcpListener, load_settings

pytestmark = pytest.mark.integration


class Vault:
    """Answers GET /v1/sys/audit; remembers the token it was shown."""

    def __init__(self) -> None:
        self.status = 200
        self.devices: dict[str, object] = {}
        self.tokens: list[str | None] = []
        vault = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                vault.tokens.append(self.headers["x-vault-token"])
                known = self.path == "/v1/sys/audit"
                self.send_response(vault.status if known else 404)
                self.end_headers()
                self.wfile.write(json.dumps({"data": vault.devices}).encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(0.01,))
        self._thread.start()

    @property
    def env(self) -> dict[str, str]:
        port = self._server.server_address[1]
        return {"VAULT_ADDR": f"http://127.0.0.1:{port}/", "VAULT_TOKEN": "TOKEN"}

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def vault() -> Iterator[Vault]:
    running = Vault()
    yield running
    running.close()


@pytest.fixture
def settings(tmp_path: Path, receiver: ScriptedReceiver, key_file: Path) -> Settings:
    file = tmp_path / "forwarder.yaml"
    file.write_text(
        f"source: vault-prod\nlisten:\n- unix: {tmp_path}/audit.sock\n"
        f"- tcp: 127.0.0.1:9090\nreceiver:\n  url: {receiver.url}\n"
        f"  signing_key_file: {key_file}\nspool: {{path: a/b/spool.db}}\n"
    )
    return load_settings(file, {})


def states(report: DeviceReport) -> dict[str, str]:
    return {one.name: one.state for one in report.checks}


def socket_device(address: object, kind: str = "unix") -> dict[str, object]:
    options = {"address": str(address), "socket_type": kind}
    return {"type": "socket", "options": options}


def test_all_well(settings: Settings, vault: Vault, tmp_path: Path) -> None:
    """Ours and another device: nothing to do, and no file device is proposed."""
    vault.devices = {
        "replicator/": socket_device(tmp_path / "audit.sock"),
        "file/": {"type": "file", "options": {"file_path": "/var/log/audit.log"}},
    }
    report = check(settings, vault.env)

    assert report.well
    assert set(states(report).values()) == {"ok"}
    assert vault.tokens == ["TOKEN"]
    assert not any("file_path" in command for command in report.vault_commands)
    assert "file_path" not in report.openbao_stanza
    assert report.as_text().endswith("all well")


def test_the_receiver_gets_one_empty_signed_batch(
    settings: Settings, receiver: ScriptedReceiver
) -> None:
    """No event of anything is made up."""
    check(settings, {})
    (post,) = receiver.posts

    assert post.body == b"[]"
    assert post.headers["webhook-signature"].startswith("v1,")


def test_a_check_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    """Neither spool nor socket is made."""
    before = sorted(tmp_path.iterdir())
    check(settings, {})

    assert sorted(tmp_path.iterdir()) == before


def test_the_commands_word_by_word(settings: Settings, tmp_path: Path) -> None:
    """They are pasted as they stand: the second device first, then ours."""
    report = check(settings, {})

    assert report.vault_commands == [
        "vault audit enable file file_path=/var/log/vault/audit.log",
        f"vault audit enable -path=replicator socket address={tmp_path}/audit.sock "
        "socket_type=unix write_timeout=1s elide_list_responses=true",
        "vault audit enable -path=replicator-2 socket address=127.0.0.1:9090 "
        "socket_type=tcp write_timeout=1s elide_list_responses=true",
    ]
    assert report.openbao_stanza == (
        'audit "file" "primary" {\n'
        "  options {\n"
        '    file_path = "/var/log/openbao/audit.log"\n'
        "  }\n"
        "}\n"
        'audit "socket" "replicator" {\n'
        "  options {\n"
        f'    address              = "{tmp_path}/audit.sock"\n'
        '    socket_type          = "unix"\n'
        '    write_timeout        = "1s"\n'
        '    elide_list_responses = "true"\n'
        '    skip_test            = "true"\n'
        "  }\n"
        "}\n"
        'audit "socket" "replicator-2" {\n'
        "  options {\n"
        '    address              = "127.0.0.1:9090"\n'
        '    socket_type          = "tcp"\n'
        '    write_timeout        = "1s"\n'
        '    elide_list_responses = "true"\n'
        '    skip_test            = "true"\n'
        "  }\n"
        "}"
    )


def test_without_a_second_device_it_comes_first(
    settings: Settings, vault: Vault, tmp_path: Path
) -> None:
    """Our own sockets do not count as one."""
    vault.devices = {
        "replicator/": socket_device(tmp_path / "audit.sock"),
        "replicator-2/": socket_device("127.0.0.1:9090", "tcp"),
    }
    report = check(settings, vault.env)

    assert not report.well
    assert states(report)["second audit device"] == "failed"
    assert "file_path" in report.vault_commands[0]
    assert report.openbao_stanza.startswith('audit "file"')


def test_another_socket_is_a_second_device(settings: Settings, vault: Vault) -> None:
    """Somebody else's listener keeps Vault going as well."""
    vault.devices = {"siem/": socket_device("10.0.0.9:514", "tcp")}

    assert check(settings, vault.env).well


@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_vault_that_does_not_say_is_not_verified(
    settings: Settings, vault: Vault, status: int
) -> None:
    """Not knowing is no failure, and the file device is proposed to be safe."""
    vault.status = status
    report = check(settings, vault.env)

    assert report.well
    assert states(report)["second audit device"] == "not verified"
    assert "file_path" in report.vault_commands[0]
    assert "TOKEN" not in report.as_text() + json.dumps(report.as_json())


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"VAULT_ADDR": "http://127.0.0.1:9"},
        {"VAULT_TOKEN": "TOKEN"},
        {"VAULT_ADDR": "http://127.0.0.1:9", "VAULT_TOKEN": "TOKEN"},
        {"VAULT_ADDR": "no address", "VAULT_TOKEN": "TOKEN"},
        {"VAULT_ADDR": "http://127.0.0.1:9", "VAULT_TOKEN": "TO\nKEN"},
    ],
    ids=["nothing", "no-token", "no-address", "nobody", "no-url", "no-header"],
)
def test_without_a_vault_it_says_not_verified(
    settings: Settings, env: dict[str, str]
) -> None:
    """In these words."""
    report = check(settings, env)

    assert states(report)["second audit device"] == "not verified"
    assert "? second audit device: not verified: " in report.as_text()


def test_all_checks_run_and_each_says_what_to_do(
    settings: Settings, receiver: ScriptedReceiver, key_file: Path, tmp_path: Path
) -> None:
    """One failure does not hide the next."""
    receiver.script.append(Reply(401))
    report = check(settings, {})
    assert states(report)["receiver"] == "failed"
    assert "401: no key in signing_key_file" in report.as_text()

    key_file.write_text("SECRET")
    (tmp_path / "a").write_text("a file where a directory must be")
    report = check(settings, {})
    assert states(report)["receiver"] == "failed"
    assert states(report)["spool"] == "failed"
    assert "SECRET" not in report.as_text()
    assert report.as_text().endswith("something failed, see ✗ above")


def test_what_a_network_can_reach_is_warned_of(
    settings: Settings, receiver: ScriptedReceiver
) -> None:
    """Nothing has failed; the commands name this machine's own address."""
    tcp = TcpListener(tcp=HostPort("0.0.0.0", 9090))
    url = receiver.url.replace("127.0.0.1", "receiver.invalid")
    plain = settings.receiver.model_copy(update={"url": url})
    exposed = settings.model_copy(update={"listen": (tcp,), "receiver": plain})
    report = check(exposed, {})

    assert states(report)["listener"] == "warning"
    assert states(report)["transport"] == "warning"
    assert "address=127.0.0.1:9090" in report.vault_commands[1]


def listening(settings: Settings, *listeners: dict[str, str]) -> Settings:
    """The same, with other inputs."""
    return Settings.model_validate(settings.model_dump() | {"listen": list(listeners)})


def test_a_file_is_enabled_first_and_is_the_second_device(
    settings: Settings, tmp_path: Path
) -> None:
    """Readable for our group; no other file is proposed."""
    both = listening(settings, {"tcp": "127.0.0.1:1"}, {"file": f"{tmp_path}/a.log"})
    report = check(both, {})

    assert report.vault_commands == [
        f"vault audit enable file file_path={tmp_path}/a.log mode=0640",
        "vault audit enable -path=replicator socket address=127.0.0.1:1 "
        "socket_type=tcp write_timeout=1s elide_list_responses=true",
    ]
    assert report.openbao_stanza.startswith(
        'audit "file" "primary" {\n'
        "  options {\n"
        f'    file_path = "{tmp_path}/a.log"\n'
        '    mode      = "0640"\n'
        "  }\n"
        "}\n"
        'audit "socket" "replicator" {\n'
    )


def test_files_alone_need_no_second_device(
    settings: Settings, vault: Vault, tmp_path: Path
) -> None:
    """They cannot hold Vault up: only whether Vault writes to them is asked."""
    for name in ("a.log", "b.log"):
        (tmp_path / name).touch()
    vault.devices = {
        "file/": {"type": "file", "options": {"file_path": f"{tmp_path}/a.log"}}
    }
    files = [{"file": f"{tmp_path}/a.log"}, {"file": f"{tmp_path}/b.log"}]
    report = check(listening(settings, *files), vault.env)

    found = [one for one in report.checks if one.name.endswith("device")]
    assert [(one.name, one.state) for one in found] == [
        ("file audit device", "ok"),
        ("file audit device", "warning"),
    ]
    assert report.well
    assert report.vault_commands == [
        f"vault audit enable file file_path={tmp_path}/a.log mode=0640",
        f"vault audit enable -path=primary-2 file file_path={tmp_path}/b.log mode=0640",
    ]


def test_the_file_beside_a_socket_is_a_second_device(
    settings: Settings, vault: Vault, tmp_path: Path
) -> None:
    """Vault goes on when the forwarder is away."""
    vault.devices = {
        "file/": {"type": "file", "options": {"file_path": f"{tmp_path}/a.log"}},
        "replicator/": socket_device("127.0.0.1:1", "tcp"),
    }
    both = listening(settings, {"tcp": "127.0.0.1:1"}, {"file": f"{tmp_path}/a.log"})
    report = check(both, vault.env)

    assert states(report)["second audit device"] == "ok"
    assert states(report)["file audit device"] == "ok"


def test_what_cannot_be_read_has_failed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is not there yet is only waited for."""

    def state(name: str) -> tuple[str, str]:
        report = check(listening(settings, {"file": f"{tmp_path}/{name}"}), {})
        (found,) = (one for one in report.checks if one.name == "listener")
        return found.state, found.detail

    (tmp_path / "here.log").touch()
    assert state("here.log") == ("ok", f"file {tmp_path}/here.log")
    assert state("later.log")[0] == "warning"
    assert state("no/directory/later.log")[0] == "warning"
    (tmp_path / "directory.log").mkdir()
    assert state("directory.log")[0] == "failed"
    # The tests may run as root, to whom everything is permitted.
    monkeypatch.setattr("os.access", lambda path, _: Path(path).is_dir())
    assert "give the audit device mode=0640" in state("here.log")[1]
    monkeypatch.setattr("os.access", lambda path, _: Path(path).is_file())
    assert "rotated files are not found" in state("here.log")[1]


def test_the_json_document(settings: Settings) -> None:
    """Versioned, with everything the text has."""
    document = json.loads(json.dumps(check(settings, {}).as_json()))

    assert document["format_version"] == 1
    assert document["well"] is True
    assert {"name", "state", "detail"} == set(document["checks"][0])
    assert len(document["vault_commands"]) == 3
    assert "skip_test" in document["openbao_stanza"]
