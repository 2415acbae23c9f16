"""``forwarder.yaml``: required keys, defaults, refusals."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from vault_audit_forwarder.program.addresses import is_loopback
from vault_audit_forwarder.program.config_file import ConfigError
from vault_audit_forwarder.settings import (
    TcpListener,
    UnixListener,
    load_settings,
    schema,
)

LEAST = """\
source: vault-prod
listen:
  - unix: run/audit.sock
receiver:
  url: https://replicator.internal:8443/v1/events
  signing_key_file: signing.key
spool: {path: spool.db}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "forwarder.yaml"


def problems(file: Path, text: str) -> list[str]:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(file, {})
    return [line.removeprefix(f"{file}:") for line in caught.value.problems]


def test_the_required_keys_are_enough(file: Path) -> None:
    """Everything else has its documented default."""
    file.write_text(LEAST)
    settings = load_settings(file, {})

    here = file.parent
    assert settings.listen == (UnixListener(unix=here / "run/audit.sock"),)
    assert settings.listen[0].mode == 0o660  # type: ignore[union-attr]  # a Unix one
    assert settings.name == socket.gethostname()
    assert settings.mounts == ("**",)
    assert settings.receiver.signing_key_file == (here / "signing.key",)
    assert settings.spool.max_events == 1_000_000
    assert (settings.watchdog, settings.heartbeat, settings.tolerance) == (10, 30, 300)
    assert (settings.metrics, settings.log_level) == (None, "info")


def test_every_key_can_be_given(file: Path) -> None:
    """The documented sample."""
    file.write_text(
        "source: vault-prod\n"
        "name: vault-1\n"
        "listen:\n"
        '- {unix: /run/a.sock, mode: "0600", group: vault}\n'
        "- tcp: 127.0.0.1:9090\n"
        "- file: /var/log/vault/audit.log\n"
        "- file: other.log\n"
        'mounts: ["team/**", kv]\n'
        "receiver:\n"
        "  url: https://replicator.internal/v1/events\n"
        "  signing_key_file: [old.key, /new.key]\n"
        "  ca_file: null\n"
        "  client_cert_file: c.pem\n"
        "  client_key_file: k.pem\n"
        "spool: {path: /var/lib/spool.db, max_events: 10}\n"
        "metrics: 127.0.0.1:9102\n"
        "watchdog: 0\n"
        "heartbeat: 5s\n"
        "tolerance: 1m\n"
        "log_level: debug\n"
    )
    settings = load_settings(file, {})

    unix, tcp, _, _ = settings.listen
    assert isinstance(unix, UnixListener)
    assert isinstance(tcp, TcpListener)
    assert (unix.mode, unix.group) == (0o600, "vault")
    assert str(tcp.tcp) == "127.0.0.1:9090"
    assert settings.files == (
        Path("/var/log/vault/audit.log"),
        file.parent / "other.log",
    )
    assert settings.receiver.signing_key_file == (
        file.parent / "old.key",
        Path("/new.key"),
    )
    assert settings.watchdog == 0


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("source: vault-prod\n", "", ["1:1: source: is required"]),
        ("listen:\n  - unix: run/audit.sock\n", "", ["1:1: listen: is required"]),
        (
            "  - unix: run/audit.sock\n",
            "  - file: audit.log\n  - file: ./audit.log\n",
            ["3:3: listen: must not name a file twice"],
        ),
        (
            "  - unix: run/audit.sock\n",
            "  - file: null\n",
            ["3:11: listen[0].file: must be text, and nothing stands here"],
        ),
        (
            "  - unix: run/audit.sock\n",
            "  - unixx: run/audit.sock\n",
            ["3:5: listen[0]: must be unix: PATH, tcp: HOST:PORT or file: PATH"],
        ),
        (
            "  - unix: run/audit.sock\n",
            "  - {unix: a, tcp: 127.0.0.1:1}\n",
            ["3:5: listen[0]: must be unix: PATH, tcp: HOST:PORT or file: PATH"],
        ),
        (
            "  - unix: run/audit.sock\n",
            "  - {unix: a, mode: 0660, gruop: b}\n",
            [
                "3:21: listen[0].mode: must be a file mode written as text: "
                'quote it, as in "0660"',
                "3:27: listen[0].gruop: unknown key. Did you mean group?",
            ],
        ),
        (
            "  - unix: run/audit.sock\n",
            "  []\n",
            ["3:3: listen: must have entries, at least 1"],
        ),
        (
            "  signing_key_file: signing.key\n",
            "",
            ["4:1: receiver.signing_key_file: is required"],
        ),
        (
            "  signing_key_file: signing.key\n",
            "  signing_key_file: []\n",
            ["6:21: receiver.signing_key_file: must have entries, at least 1"],
        ),
        (
            "https://replicator.internal:8443/v1/events",
            "replicator.internal:8443",
            [
                "5:8: receiver.url: must be a URL, "
                "as in https://replicator.internal/v1/events"
            ],
        ),
        (
            "https://replicator.internal:8443/v1/events",
            "https://user:password@replicator.internal/",
            ["5:8: receiver.url: must hold no user or password"],
        ),
        (
            "spool: {path: spool.db}",
            "spool: {path: spool.db, max_events: 0}",
            ["7:37: spool.max_events: must be at least 1"],
        ),
        (
            "source: vault-prod",
            "watchdog: 200ms\nsource: vault-prod",
            ["1:11: watchdog: must be 0 (off) or at least 1s"],
        ),
        (
            "source: vault-prod",
            "heartbeat: 0\nsource: vault-prod",
            ["1:12: heartbeat: must be longer than nothing"],
        ),
        (
            "source: vault-prod",
            "log_level: trace\nsource: vault-prod",
            ["1:12: log_level: must be debug | info | warning | error"],
        ),
        ("source: vault-prod", "source: vault prod", None),
    ],
)
def test_mistakes(
    file: Path, before: str, after: str, expected: list[str] | None
) -> None:
    """Each is named at its place, in words that say what to write."""
    assert before in LEAST
    found = problems(file, LEAST.replace(before, after))

    assert found == expected or expected is None


def test_a_client_key_needs_its_certificate(file: Path) -> None:
    """Half of a pair is a mistake, not a setting."""
    text = LEAST.replace("spool:", "  client_key_file: k.pem\nspool:")
    (found,) = problems(file, text)

    assert found == "5:3: receiver: client_key_file needs client_cert_file beside it"


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("http://127.0.0.1:8080/", False),
        ("http://[::1]:8080/", False),
        ("http://localhost/", False),
        ("https://replicator.internal/", False),
        ("http://replicator.internal/", True),
        ("http://127.0.0.1.example.com/", True),
        ("http://10.0.0.1/", True),
    ],
)
def test_plain_http_is_noticed_off_this_machine(
    file: Path, url: str, plain: bool
) -> None:
    """Loopback is safe without TLS, a network is not."""
    file.write_text(LEAST.replace("https://replicator.internal:8443/v1/events", url))

    assert load_settings(file, {}).receiver.is_plain is plain


def test_loopback_is_judged_by_text() -> None:
    """No name is looked up."""
    assert is_loopback("127.8.8.8")
    assert is_loopback("forwarder.localhost")
    assert not is_loopback("localhost.example.com")


def test_the_schema_knows_every_key() -> None:
    """An editor completes what the program takes."""
    known = schema()["properties"]

    assert set(known) == {
        *("source", "name", "listen", "mounts", "receiver", "spool", "metrics"),
        *("watchdog", "heartbeat", "tolerance", "log_level"),
    }
