"""The whole forwarder in this process: wiring, health, an orderly end."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.unit.forwarder_reading.entries import put
from tests.unit.forwarder_sending.scripted_receiver import Reply, ScriptedReceiver
from vault_audit_forwarder.app import Forwarder
from vault_audit_forwarder.change import Hint
from vault_audit_forwarder.program.errors import CommandError, SecretFileError
from vault_audit_forwarder.program.private_files import FileLock
from vault_audit_forwarder.settings import Settings
from vault_audit_forwarder.signing import new_key
from vault_audit_forwarder.spool import Spool

pytestmark = pytest.mark.integration

Configured = Callable[..., Settings]


@pytest.fixture
def configured(
    tmp_path: Path, receiver: ScriptedReceiver, key_file: Path
) -> Configured:
    """Settings for this test's directory, with further keys."""

    def settings(**keys: object) -> Settings:
        return Settings.model_validate(
            {
                "source": "vault-prod",
                "listen": [{"unix": str(tmp_path / "audit.sock")}],
                "receiver": {"url": receiver.url, "signing_key_file": str(key_file)},
                "spool": {"path": str(tmp_path / "spool" / "spool.db")},
                "watchdog": 0.0,
                **keys,
            }
        )

    return settings


@pytest.fixture
def started() -> Iterator[Callable[[Forwarder], Forwarder]]:
    with ExitStack() as ending:

        def start(forwarder: Forwarder) -> Forwarder:
            ending.callback(forwarder.stop)
            forwarder.start()
            return forwarder

        yield start


def connect(tmp_path: Path) -> socket.socket:
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(str(tmp_path / "audit.sock"))
    return peer


def health(forwarder: Forwarder) -> dict[str, Any]:
    url = f"http://127.0.0.1:{forwarder.status_port}/healthz"
    with urllib.request.urlopen(url, timeout=5) as answer:
        body: dict[str, Any] = json.load(answer)
    return body


def test_a_connection_is_a_gap_that_reaches_the_receiver(
    configured: Configured,
    started: Callable[[Forwarder], Forwarder],
    receiver: ScriptedReceiver,
    tmp_path: Path,
) -> None:
    """The whole way: socket, memory, disk, HTTP."""
    forwarder = started(Forwarder(configured(metrics="127.0.0.1:0", mounts=["kv"])))
    assert health(forwarder) == {"healthy": True, "faults": [], "missing": []}
    with connect(tmp_path):
        receiver.wait(lambda: receiver.taken)

    event = receiver.taken[0]
    assert event["type"] == "vault.audit.gap"
    assert event["data"] == {"mounts": ["kv"], "reason": "connection", "since": None}


def test_a_refused_delivery_is_unhealthy_after_the_tolerance(
    configured: Configured,
    started: Callable[[Forwarder], Forwarder],
    receiver: ScriptedReceiver,
) -> None:
    """Not before; the body says why."""
    receiver.script.extend([Reply(401)] * 1000)
    patient = started(Forwarder(configured()))
    receiver.wait(lambda: receiver.posts)
    assert patient.health()[0]
    patient.stop()

    strict = started(Forwarder(configured(tolerance=1e-9, heartbeat=0.01)))
    seen = len(receiver.posts)
    receiver.wait(lambda: len(receiver.posts) > seen + 1)
    assert strict.health() == (
        False,
        {
            "healthy": False,
            "faults": ["401: no key in signing_key_file is one of the receiver's"],
            "missing": [],
        },
    )


def test_a_dead_thread_is_unhealthy(configured: Configured) -> None:
    """Built but not started looks the same from outside: nobody reads."""
    forwarder = Forwarder(configured())

    healthy, body = forwarder.health()
    assert not healthy
    assert body["faults"][0] == "the audit-reader is dead"
    forwarder.start()
    assert forwarder.health()[0]
    forwarder.stop()
    assert not forwarder.health()[0]


def test_a_receiver_that_hangs_does_not_hold_the_end_up(
    configured: Configured, receiver: ScriptedReceiver, tmp_path: Path
) -> None:
    """What was under way stays in the spool for the next start."""
    held = threading.Event()
    settings = configured(heartbeat=3600.0)
    threads = set(threading.enumerate())
    forwarder = Forwarder(settings, end_within=1.0)
    forwarder.start()
    receiver.wait(lambda: receiver.posts)  # the first heartbeat
    receiver.script.append(Reply(hold=held))
    with connect(tmp_path):
        receiver.wait(lambda: len(receiver.posts) == 2)
    forwarder.stop()

    FileLock(settings.spool.path).release()  # it has let go
    spool = Spool(settings.spool.path, max_events=10)
    assert spool.pending().events >= 1
    spool.close()
    held.set()
    for thread in set(threading.enumerate()) - threads:
        thread.join(20)  # the sender, once it was answered


def test_files_alone_need_no_socket(
    configured: Configured,
    started: Callable[[Forwarder], Forwarder],
    receiver: ScriptedReceiver,
    tmp_path: Path,
) -> None:
    """The whole way: file, disk, HTTP. Until the file is there, all is well."""
    file = tmp_path / "audit.log"
    listen = [{"file": str(file)}]
    forwarder = started(
        Forwarder(configured(listen=listen, heartbeat=0.01, metrics="127.0.0.1:0"))
    )
    receiver.wait(lambda: len(receiver.posts) > 2)
    assert health(forwarder) == {
        "healthy": True,
        "faults": [],
        "missing": [f"{file} does not exist"],
    }
    file.write_bytes(put(id="one", time="2026-11-23T10:00:00Z") + b"\n")
    receiver.wait(lambda: len(receiver.taken) == 2)
    receiver.wait(lambda: newest_heartbeat(receiver)["last_entry_time"])

    gap, change = receiver.taken
    assert gap["data"]["reason"] == "new_file"
    assert change["id"] == "one"
    beat = newest_heartbeat(receiver)
    assert beat["last_entry_time"] == "2026-11-23T10:00:00Z"
    assert (beat["entries"], beat["events"], beat["gaps"]) == (1, 1, 1)
    assert health(forwarder)["missing"] == []


def newest_heartbeat(receiver: ScriptedReceiver) -> dict[str, Any]:
    beats = [
        event["data"]
        for post in list(receiver.posts)
        for event in post.events
        if event["type"] == "vault.audit.heartbeat"
    ]
    newest: dict[str, Any] = beats[-1]
    return newest


def test_the_same_entry_by_socket_and_file_is_posted_once(
    configured: Configured,
    started: Callable[[Forwarder], Forwarder],
    receiver: ScriptedReceiver,
    tmp_path: Path,
) -> None:
    """Though each device writes a time of its own; later ones are not held up."""
    file = tmp_path / "audit.log"
    listen = [{"unix": str(tmp_path / "audit.sock")}, {"file": str(file)}]
    started(Forwarder(configured(listen=listen, metrics="127.0.0.1:0")))
    with connect(tmp_path) as peer:
        peer.sendall(put(id="one", time="2026-11-23T10:00:00Z") + b"\n")
        receiver.wait(lambda: posted(receiver) == ["one"])
        with file.open("ab") as log:
            log.write(put(id="one", time="2026-11-23T10:00:01Z") + b"\n")
            log.write(put(id="two", time="2026-11-23T10:00:02Z") + b"\n")
        receiver.wait(lambda: "two" in posted(receiver))

    assert posted(receiver) == ["one", "two"]


def posted(receiver: ScriptedReceiver) -> list[str]:
    taken = receiver.taken
    return [event["id"] for event in taken if event["type"] == "vault.kv.changed"]


def test_an_unreadable_file_is_unhealthy(
    configured: Configured, started: Callable[[Forwarder], Forwarder], tmp_path: Path
) -> None:
    """The body says which, and what to do."""
    file = tmp_path / "audit.log"
    file.mkdir()
    listen = [{"file": str(file)}]
    forwarder = started(Forwarder(configured(listen=listen)))

    deadline = time.monotonic() + 20
    while forwarder.health()[0]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (fault,) = forwarder.health()[1]["faults"]
    assert fault.startswith(f"{file} cannot be read")


def test_one_forwarder_per_spool(
    configured: Configured, started: Callable[[Forwarder], Forwarder], tmp_path: Path
) -> None:
    """The second says which spool, and leaves the first alone."""
    started(Forwarder(configured()))
    with pytest.raises(CommandError, match="another forwarder uses the spool"):
        Forwarder(configured(listen=[{"unix": str(tmp_path / "other.sock")}]))

    connect(tmp_path).close()


def test_a_start_that_fails_gives_everything_back(
    configured: Configured, tmp_path: Path, key_file: Path
) -> None:
    """Sockets, spool and lock: the next start with a right configuration works."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match="cannot listen"):
            Forwarder(configured(metrics=f"127.0.0.1:{port}"))
        tcp = {"tcp": f"127.0.0.1:{port}"}
        unix = {"unix": str(tmp_path / "audit.sock")}
        with pytest.raises(CommandError, match="cannot listen"):
            Forwarder(configured(listen=[unix, tcp]))
    key = key_file.read_text()
    key_file.write_text("SECRET")
    with pytest.raises(SecretFileError) as caught:
        Forwarder(configured())
    assert "SECRET" not in str(caught.value)
    key_file.write_text(key)
    with pytest.raises(CommandError, match="cannot be used"):
        Forwarder(configured(spool={"path": f"{key_file}/spool.db"}))

    forwarder = Forwarder(configured())
    forwarder.start()
    forwarder.stop()


def test_a_reload_is_all_or_nothing(
    configured: Configured,
    started: Callable[[Forwarder], Forwarder],
    key_file: Path,
    tmp_path: Path,
) -> None:
    """A wrong file is an error and changes nothing."""
    forwarder = started(Forwarder(configured()))
    broken = tmp_path / "broken.key"
    broken.write_text("SECRET")
    wrong = configured(
        receiver={"url": "http://127.0.0.1:1/", "signing_key_file": str(broken)}
    )
    with pytest.raises(CommandError):
        forwarder.reload(wrong)

    key_file.write_text(new_key())
    forwarder.reload(configured())


def test_a_reload_takes_the_log_level_over(
    configured: Configured, started: Callable[[Forwarder], Forwarder]
) -> None:
    """Nobody restarts a forwarder to see more of it, or less."""
    ours = logging.getLogger("vault_audit_forwarder")
    before = ours.level
    forwarder = started(Forwarder(configured()))
    try:
        for level in ("debug", "error"):
            forwarder.reload(configured(log_level=level))
            assert ours.level == getattr(logging, level.upper())
    finally:
        ours.setLevel(before)


def test_hints_left_in_the_spool_are_sent_at_the_start(
    configured: Configured,
    started: Callable[[Forwarder], Forwarder],
    receiver: ScriptedReceiver,
    hint: Callable[..., Hint],
) -> None:
    """Before anything new is read."""
    settings = configured()
    spool = Spool(settings.spool.path, max_events=10)
    spool.add([hint("data/left")])
    spool.close()
    started(Forwarder(settings))
    receiver.wait(lambda: receiver.taken)

    assert receiver.taken[0]["data"]["path"] == "data/left"
