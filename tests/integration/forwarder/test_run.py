"""A real process between a real socket and a real HTTP receiver."""

from __future__ import annotations

import json
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook as Oracle

from tests.integration.forwarder.process import ForwarderProcess
from tests.unit.forwarder_sending.scripted_receiver import Reply, ScriptedReceiver
from vault_audit_forwarder.signing import new_key

Configure = Callable[..., Path]
Run = Callable[..., ForwarderProcess]


def changed_paths(receiver: ScriptedReceiver) -> set[str]:
    return {
        event["subject"]
        for event in receiver.taken
        if event["type"] == "vault.kv.changed"
    }


def write_line(path: str, *, id: str = "id-1", **data: object) -> bytes:
    """The response entry of a successful KV v2 write, as OpenBao writes it."""
    request = {
        "id": id,
        "operation": "update",
        "mount_point": "kv/",
        "mount_type": "kv",
        "namespace": {"id": "root"},
        "path": f"kv/data/{path}",
        "data": data,
    }
    time = "2026-11-23T16:21:07.138896586Z"
    response = {"data": {"created_time": time, "version": 1}}
    entry = {
        "time": "2026-11-23T16:21:07.139702207Z",
        "type": "response",
        "request": request,
        "response": response,
    }
    return json.dumps(entry, separators=(",", ":")).encode()


def test_real_audit_lines_become_signed_events(
    configure: Configure,
    run: Run,
    receiver: ScriptedReceiver,
    audit_lines: list[bytes],
    key: str,
) -> None:
    """Every secret that the recorded OpenBao changed is named to the receiver."""
    expected = {
        f"{hint.get('namespace') or ''}{hint['mount']}{hint['path']}"
        for hint in _golden_changes()
    }
    forwarder = run(configure()).started()
    forwarder.feed(*audit_lines)
    receiver.wait(lambda: changed_paths(receiver) == expected)

    for post in receiver.posts:
        Oracle(key).verify(post.body, post.headers)
    status, metrics = forwarder.get("/metrics")
    assert status == 200
    assert f"vault_audit_forwarder_entries_total {len(audit_lines)}.0" in metrics
    assert forwarder.terminate() == 0


def _golden_changes() -> list[dict[str, str]]:
    file = Path(__file__).parents[2] / "contract/golden/openbao-2.7.2.hints.jsonl"
    hints = [json.loads(line) for line in file.read_text().splitlines()]
    datas = [hint["data"] for hint in hints if hint]
    return [data for data in datas if "path" in data]


def test_a_killed_forwarder_delivers_after_its_restart(
    configure: Configure, run: Run, receiver: ScriptedReceiver
) -> None:
    """What was spooled before kill -9 arrives; nothing of it is lost."""
    receiver.script.extend([Reply(503)] * 10_000)
    config = configure()
    first = run(config).started()
    first.feed(*(write_line(f"app/{n}", id=f"id-{n}") for n in range(200)))
    wanted = {f"kv/data/app/{n}" for n in range(200)}

    def all_tried() -> bool:
        tried = {e["subject"] for post in list(receiver.posts) for e in post.events}
        return wanted <= tried

    receiver.wait(all_tried)
    first.kill()
    assert receiver.taken == []

    receiver.script.clear()
    second = run(config).started()
    receiver.wait(lambda: wanted <= changed_paths(receiver))
    assert second.terminate() == 0


def test_a_receiver_that_is_not_there_yet_is_waited_for(
    configure: Configure, run: Run
) -> None:
    """The forwarder starts, listens, is healthy, and delivers when it comes."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    forwarder = run(configure(url=f"http://127.0.0.1:{port}/v1/events")).started()
    assert forwarder.get("/healthz")[0] == 200
    forwarder.feed(write_line("app/db"))
    forwarder.wait_for("deliveries fail; events are kept")

    with ScriptedReceiver(port) as late:
        late.wait(lambda: "kv/data/app/db" in changed_paths(late))
        assert forwarder.terminate() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_what_is_under_way(
    configure: Configure, run: Run, receiver: ScriptedReceiver, number: signal.Signals
) -> None:
    """Exit code 0; what was read before the signal has been delivered."""
    held = threading.Event()
    config = configure("heartbeat: 1h\n")
    forwarder = run(config).started()
    receiver.wait(lambda: receiver.posts)
    receiver.script.append(Reply(hold=held))
    forwarder.feed(write_line("app/one"))
    receiver.wait(lambda: len(receiver.posts) == 2)
    forwarder.feed(write_line("app/two"))
    forwarder.wait_for("audit stream ended", times=2)
    forwarder.signal(number)
    held.set()

    assert forwarder.end() == 0
    assert changed_paths(receiver) == {"kv/data/app/one", "kv/data/app/two"}
    assert forwarder.log[-1]["event"] == "forwarder ended"
    assert forwarder.log[-1]["waiting"] == 0


def test_a_second_signal_ends_it_at_once(
    configure: Configure, run: Run, receiver: ScriptedReceiver
) -> None:
    """Without waiting for a receiver that hangs."""
    held = threading.Event()
    forwarder = run(configure("heartbeat: 1h\n")).started()
    receiver.wait(lambda: receiver.posts)
    receiver.script.append(Reply(hold=held))
    forwarder.feed(write_line("app/one"))
    receiver.wait(lambda: len(receiver.posts) == 2)
    forwarder.signal(signal.SIGTERM)
    forwarder.wait_for("ending")
    forwarder.signal(signal.SIGTERM)

    assert forwarder.end() == -signal.SIGTERM
    held.set()


def test_one_process_per_spool(configure: Configure, run: Run) -> None:
    """The second exits 1 and says why; the first goes on."""
    config = configure()
    first = run(config).started()
    second = run(config)

    assert second.end() == 1
    assert second.lines[-1].startswith("error: another forwarder uses the spool ")
    assert first.get("/healthz")[0] == 200


def test_a_reload_takes_new_keys_and_refuses_nonsense(
    configure: Configure,
    run: Run,
    receiver: ScriptedReceiver,
    tmp_path: Path,
    key: str,
) -> None:
    """SIGHUP; what is wrong changes nothing and is said. At level debug each delivery
    is told, with the id of a request in it."""
    config = configure()
    forwarder = run(config).started()
    good = config.read_text()
    config.write_text("nonsense: true\n")
    forwarder.signal(signal.SIGHUP)
    forwarder.wait_for("not reloaded; the old settings stay")

    config.write_text(good + "log_level: debug\n")
    fresh = new_key()
    (tmp_path / "signing.key").write_text(fresh)
    forwarder.signal(signal.SIGHUP)
    forwarder.wait_for("log level and key files were read again")
    before = len(receiver.posts)
    forwarder.feed(write_line("app/db"))
    receiver.wait(lambda: "kv/data/app/db" in changed_paths(receiver))

    for post in receiver.posts[before:]:
        Oracle(fresh).verify(post.body, post.headers)
    forwarder.wait_for("delivered")
    told = [line for line in forwarder.log if line["event"] == "delivered"]
    posted = b"".join(post.body for post in receiver.posts)
    assert told[-1]["request_id"].encode() in posted
    assert forwarder.terminate() == 0


def test_an_installation_fault_is_unhealthy_after_the_tolerance(
    configure: Configure, run: Run, receiver: ScriptedReceiver
) -> None:
    """503 with the reason; still running, still taking audit lines."""
    receiver.script.extend([Reply(401)] * 10_000)
    forwarder = run(configure("tolerance: 1ms\n")).started()
    forwarder.feed(write_line("app/db"))
    forwarder.wait_for("deliveries fail; events are kept")
    status, body = forwarder.get("/healthz")

    assert status == 503
    assert "401: no key in signing_key_file" in body
    assert forwarder.terminate() == 0


def test_a_wrong_configuration_is_exit_code_1(configure: Configure, run: Run) -> None:
    """The problem stands at the start of its line."""
    config = configure("lissten: []\n")
    forwarder = run(config)

    assert forwarder.end() == 1
    assert forwarder.lines[0] == (
        f"{config}:7:1: lissten: unknown key. Did you mean listen?"
    )


def test_nothing_secret_is_kept_or_said(
    configure: Configure, run: Run, receiver: ScriptedReceiver, tmp_path: Path
) -> None:
    """Vault leaves numbers, switches and dates of a secret in clear; we do not."""
    config = configure("log_level: debug\n")
    forwarder = run(config).started()
    canaries = [b"CANARY-text", b"190283746554738", b"2031-07-19T03:14:15Z"]
    line = write_line(
        "app/db", pin=190283746554738, text="CANARY-text", date="2031-07-19T03:14:15Z"
    )
    assert all(canary in line for canary in canaries)
    forwarder.feed(line, line[:-20], b'{"x":"' + canaries[0])
    receiver.wait(lambda: "kv/data/app/db" in changed_paths(receiver))
    metrics = forwarder.get("/metrics")[1]
    assert forwarder.terminate() == 0

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    kept = [path.read_bytes() for path in files]
    sent = [post.body for post in receiver.posts]
    said = ["\n".join(forwarder.lines).encode(), metrics.encode()]
    assert any(b"app/db" in body for body in sent)
    for canary in canaries:
        assert not any(canary in text for text in (*kept, *sent, *said))
