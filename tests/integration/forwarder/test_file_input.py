"""A real OpenBao writes its file device, a real forwarder follows it."""

from __future__ import annotations

import shutil
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from receiver.demo.openbao import OpenBao
from receiver.demo.vault import Vault
from tests.integration.forwarder.process import ForwarderProcess
from tests.unit.forwarder_reading.entries import put
from tests.unit.forwarder_sending.scripted_receiver import ScriptedReceiver
from vault_audit_forwarder.spool import Spool

pytestmark = pytest.mark.integration

Configure = Callable[..., Path]
Run = Callable[..., ForwarderProcess]

FILE, BOTH = (
    "{file: openbao-audit.log}",
    "{unix: audit.sock}, {file: openbao-audit.log}",
)
DEADLINE = 60.0


class Bao(OpenBao):
    """An OpenBao whose audit file is rotated as logrotate does it."""

    def rename(self) -> None:
        log = self.audit_log
        first, second = (log.with_name(f"{log.name}.{n}") for n in (1, 2))
        if first.exists():
            first.rename(second)
        log.rename(first)

    def reopen(self) -> None:
        """SIGHUP: it opens its audit files anew, soon."""
        self._running().send(signal.SIGHUP)

    def copy_truncate(self) -> None:
        shutil.copyfile(self.audit_log, f"{self.audit_log}.1")
        with self.audit_log.open("r+b") as file:
            file.truncate()


class Load:
    """Writes secrets ``SET/0``, ``SET/1`` and so on until told to stop."""

    def __init__(self, bao: OpenBao, name: str) -> None:
        self.paths: list[str] = []
        self._name = name
        self._vault = Vault(bao.address, bao.root_token)
        self._over = threading.Event()
        self._written = threading.Condition()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def goes_on(self, count: int = 50) -> None:
        """Until so many more are written."""
        wanted = len(self.paths) + count
        with self._written:
            assert self._written.wait_for(lambda: len(self.paths) >= wanted, DEADLINE)

    def stop(self) -> list[str]:
        self._over.set()
        self._thread.join(DEADLINE)
        self._vault.close()
        return self.paths

    def _write(self) -> None:
        while not self._over.is_set():
            path = f"{self._name}/{len(self.paths)}"
            self._vault.put("secret", path, {"a": "b"})
            with self._written:
                self.paths.append(f"secret/data/{path}")
                self._written.notify_all()


@pytest.fixture
def bao(tmp_path: Path) -> Iterator[Bao]:
    """Not yet started; its first device writes ``openbao-audit.log``."""
    server = Bao(tmp_path, audit_addresses=[str(tmp_path / "audit.sock")])
    yield server
    server.stop()


@pytest.fixture
def load(bao: Bao) -> Iterator[Callable[[str], Load]]:
    """Starts loads; ends them all."""
    loads: list[Load] = []

    def loading(name: str = "app") -> Load:
        loads.append(Load(bao, name))
        return loads[-1]

    yield loading
    for one in loads:
        one.stop()


def posted(receiver: ScriptedReceiver) -> Counter[str]:
    """How often each secret was named."""
    taken = receiver.taken
    return Counter(e["subject"] for e in taken if e["type"] == "vault.kv.changed")


def gaps(receiver: ScriptedReceiver) -> set[str]:
    taken = receiver.taken
    return {e["data"]["reason"] for e in taken if e["type"] == "vault.audit.gap"}


def wait_for(receiver: ScriptedReceiver, paths: Sequence[str]) -> None:
    wanted = set(paths)
    receiver.wait(lambda: wanted <= set(posted(receiver)), DEADLINE)


def test_a_rotation_with_sighup_loses_nothing(
    bao: Bao,
    load: Callable[..., Load],
    configure: Configure,
    run: Run,
    receiver: ScriptedReceiver,
) -> None:
    """Vault writes all the time: before, between and after the rename and SIGHUP."""
    forwarder = run(configure(listen=FILE)).started()
    bao.start()
    loading = load()
    for _ in range(2):
        loading.goes_on()
        bao.rename()
        loading.goes_on()
        bao.reopen()
    loading.goes_on()
    paths = loading.stop()

    wait_for(receiver, paths)
    assert all(posted(receiver)[path] == 1 for path in paths)
    assert gaps(receiver) == {"new_file"}
    assert bao.audit_log.with_name("openbao-audit.log.2").exists()
    assert forwarder.terminate() == 0


def test_a_file_that_is_copied_and_emptied_is_a_gap(
    bao: Bao,
    load: Callable[..., Load],
    configure: Configure,
    run: Run,
    receiver: ScriptedReceiver,
) -> None:
    """What was cut off under load is compared; what comes later arrives."""
    forwarder = run(configure(listen=FILE)).started()
    bao.start()
    loading = load("before")
    loading.goes_on(200)
    bao.copy_truncate()
    loading.goes_on(200)
    loading.stop()
    receiver.wait(lambda: "file_truncated" in gaps(receiver))
    after = load("after")
    after.goes_on()

    wait_for(receiver, after.stop())
    assert gaps(receiver) == {"new_file", "file_truncated"}
    assert forwarder.terminate() == 0


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_what_happens_while_the_forwarder_is_dead_is_read_later(
    bao: Bao,
    load: Callable[..., Load],
    configure: Configure,
    run: Run,
    receiver: ScriptedReceiver,
    rotations: int,
) -> None:
    """kill -9 under load, rotations meanwhile: no line is lost, and there is no gap."""
    config = configure(listen=FILE)
    first = run(config).started()
    bao.start()
    loading = load()
    loading.goes_on()
    first.kill()
    loading.goes_on()
    for _ in range(rotations):
        bao.rename()
        bao.reopen()
        loading.goes_on()
    second = run(config).started()
    loading.goes_on()
    paths = loading.stop()

    wait_for(receiver, paths)
    assert gaps(receiver) == {"new_file"}
    assert second.terminate() == 0


def test_beside_the_socket_nothing_is_told_twice(
    bao: Bao,
    load: Callable[..., Load],
    configure: Configure,
    run: Run,
    receiver: ScriptedReceiver,
) -> None:
    """Vault writes each entry to both; each input rotated or reconnected alone."""
    forwarder = run(configure("heartbeat: 100ms\n", listen=BOTH)).started()
    bao.start()
    loading = load()
    loading.goes_on()
    bao.rename()
    bao.reopen()
    loading.goes_on(200)
    paths = loading.stop()
    wait_for(receiver, paths)
    receiver.wait(lambda: all_is_read(bao.audit_log), DEADLINE)
    assert forwarder.terminate() == 0
    assert all(posted(receiver)[path] == 1 for path in paths)


def all_is_read(log: Path) -> bool:
    """Whether the place in the spool is the end of the file."""
    with closing(Spool(log.parent / "var/spool.db", max_events=1, repair=False)) as one:
        known = one.checkpoint(log)
    there = log.stat()
    return known is not None and known[:2] == (there.st_ino, there.st_size)


def test_twenty_thousand_lines_through_a_file(
    tmp_path: Path,
    configure: Configure,
    run: Run,
    receiver: ScriptedReceiver,
) -> None:
    """Half of them while the forwarder is being killed again and again."""
    log = tmp_path / "openbao-audit.log"
    config = configure(listen=FILE)
    ids = [str(number) for number in range(20_000)]
    first = run(config).started()
    with log.open("ab") as file:
        for number, id in enumerate(ids):
            file.write(put(id=id, path=f"secret/data/{id}") + b"\n")
            if number in (3000, 6000, 9000):
                file.flush()
                wait_for(receiver, [f"secret/data/{ids[number - 1000]}"])
                first.kill()
                first = run(config).started()
    wait_for(receiver, [f"secret/data/{id}" for id in ids])
    assert gaps(receiver) == {"new_file"}
    assert first.terminate() == 0


def test_a_quiet_file_keeps_the_watchdog_quiet(
    tmp_path: Path, configure: Configure, run: Run, receiver: ScriptedReceiver
) -> None:
    """With files alone it is their thread that shows life."""
    (tmp_path / "openbao-audit.log").touch()
    forwarder = run(configure("watchdog: 1s\nheartbeat: 50ms\n", listen=FILE)).started()

    receiver.wait(lambda: len(receiver.posts) > 50)  # two and a half seconds
    assert forwarder.terminate() == 0


def test_nothing_secret_is_kept_or_said(
    tmp_path: Path, configure: Configure, run: Run, receiver: ScriptedReceiver
) -> None:
    """The file holds what Vault leaves in clear; nothing that we write does."""
    log = tmp_path / "openbao-audit.log"
    canary = "CANARY-190283746554738"
    line = put(id="one", request={"data": {"pin": canary}})
    config = configure("log_level: debug\n", listen=FILE)
    forwarder = run(config).started()
    log.write_bytes(line + b"\n" + line[:-20] + b"\n" + line[:-9])
    wait_for(receiver, ["secret/data/app/db"])
    receiver.wait(lambda: "unreadable_line" in gaps(receiver))
    metrics = forwarder.get("/metrics")[1] + forwarder.get("/healthz")[1]
    assert forwarder.terminate() == 0

    files = [one for one in tmp_path.rglob("*") if one.is_file() and one != log]
    kept = b"".join(one.read_bytes() for one in files)
    sent = b"".join(post.body for post in receiver.posts)
    said = "\n".join(forwarder.lines) + metrics
    assert b"app/db" in kept + sent
    assert canary.encode() not in kept + sent + said.encode()
