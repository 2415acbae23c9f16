"""The reader as Vault meets it: real sockets, real threads."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import struct
import subprocess
import sys
import uuid
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.typing import EventDict

from tests.unit.forwarder_reading.conftest import DEADLINE, Listen, has_id, is_gap
from tests.unit.forwarder_reading.entries import entry, put
from vault_audit_forwarder import wire
from vault_audit_forwarder.handoff import Handoff

pytestmark = pytest.mark.integration

both = pytest.mark.parametrize("tcp", [False, True], ids=["unix", "tcp"])


@both
def test_a_write_becomes_a_hint(listen: Listen, tcp: bool) -> None:
    """One line in, one hint out, at once."""
    listening = listen(tcp=tcp)

    listening.connect().sendall(put(7, id="one") + b"\n")

    hint = listening.wait_for(has_id("one"))
    assert isinstance(hint.data, wire.Change)
    assert (hint.data.path, hint.data.version) == ("data/app/db", 7)
    assert listening.stats.events[wire.CHANGED] == 1


def test_many_connections_are_read_at_once(listen: Listen) -> None:
    """Idle ones do no harm, and their lines do not mix."""
    listening = listen()
    peers = [listening.connect() for _ in range(20)]
    lines = {str(number): put(id=str(number)) + b"\n" for number in range(20)}

    for peer, line in zip(peers, lines.values(), strict=True):
        peer.sendall(line[:700])
    for peer, line in zip(peers, lines.values(), strict=True):
        peer.sendall(line[700:])

    for id in lines:
        listening.wait_for(has_id(id))
    assert listening.stats.connections == 20
    assert listening.stats.gaps == {
        **dict.fromkeys(listening.stats.gaps, 0),
        "connection": 20,
    }


def test_every_connection_and_every_end_is_a_gap(listen: Listen) -> None:
    """While nobody was connected, entries may have been missed."""
    listening = listen(mounts=["secret", "team1/**"])

    with listening.connect() as peer:
        first = listening.wait_for(is_gap("connection"))
        peer.sendall(put(id="one") + b"\n")
    end = listening.wait_for(is_gap("end_of_stream"))

    mounts = ["secret", "team1/**"]
    assert first.data == wire.Gap(mounts=mounts, reason="connection", since=None)
    since = "2026-11-23T16:21:07.139702207Z"
    assert end.data == wire.Gap(mounts=mounts, reason="end_of_stream", since=since)
    assert uuid.UUID(first.id) != uuid.UUID(end.id)
    assert listening.stats.gaps["torn_line"] == 0
    assert listening.stats.connections == 0


def test_a_torn_line_is_dropped_and_a_gap(listen: Listen) -> None:
    """After a failed write Vault sends the whole line again on a new connection."""
    listening = listen()

    with listening.connect() as peer:
        peer.sendall(put(id="torn"))
    listening.wait_for(is_gap("torn_line"))
    listening.wait_for(is_gap("end_of_stream"))
    listening.connect().sendall(put(id="whole") + b"\n")
    listening.wait_for(has_id("whole"))

    assert "torn" not in {hint.id for hint in listening.seen}


def test_a_reset_is_an_end_like_any_other(listen: Listen) -> None:
    """A peer that vanishes leaves gaps, not a dead reader."""
    listening = listen(tcp=True)
    peer = listening.connect()
    listening.wait_for(is_gap("connection"))
    peer.sendall(b"half a line")
    listening.wait_until(lambda: sum(listening.stats.stalls.counts) >= 2)

    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()

    listening.wait_for(is_gap("torn_line"))
    listening.wait_for(is_gap("end_of_stream"))


def test_an_oversized_line_is_a_gap_and_the_next_is_read(listen: Listen) -> None:
    """Memory is bounded whatever arrives."""
    listening = listen(max_line_bytes=10_000)

    listening.connect().sendall(
        put(id="big", request={"x": "x" * 50_000}) + b"\n" + put(id="next") + b"\n"
    )

    listening.wait_for(has_id("next"))
    assert listening.stats.gaps["oversized_line"] == 1
    assert "big" not in {hint.id for hint in listening.seen}


def test_a_line_of_many_megabytes_is_read(listen: Listen) -> None:
    """A listing with a hundred thousand keys is one line."""
    listening = listen()
    keys = ["app/db"] * 1_000_000

    listening.connect().sendall(put(id="big", request={"keys": keys}) + b"\n")

    listening.wait_for(has_id("big"))


def test_an_unreadable_write_is_a_gap(listen: Listen, logged: list[EventDict]) -> None:
    """It passed the filter, so something may have changed: said once in the log."""
    listening = listen()
    bad = b'{"request":{"operation":"update","path":"canary"\n'

    listening.connect().sendall(bad + bad + put(id="next") + b"\n")

    listening.wait_for(has_id("next"))
    listening.close()
    assert listening.stats.gaps["unreadable_line"] == 2
    warnings = [line for line in logged if line["log_level"] == "warning"]
    assert [line["reason"] for line in warnings] == ["unreadable_line"]
    assert "canary" not in repr(logged)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b'<json:object name="auth">canary</json:object>', "jsonx"),
        (put(auth={"client_token": "canary"}), "log_raw"),
    ],
)
def test_a_wrong_device_is_shouted_about_once_a_connection(
    listen: Listen, logged: list[EventDict], line: bytes, fault: str
) -> None:
    """Whoever enabled the device hears of it, without a word of its content."""
    listening = listen()
    for id in ("one", "two"):
        listening.connect().sendall(line + b"\n" + line + b"\n" + put(id=id) + b"\n")
        listening.wait_for(has_id(id))
    listening.close()

    assert listening.stats.faults[fault] == 2
    errors = [line for line in logged if line["log_level"] == "error"]
    assert len(errors) == 2
    assert "canary" not in repr(logged)
    xml = fault == "jsonx"
    assert listening.stats.gaps["unreadable_line"] == (2 if xml else 0)


def test_last_entry_time_is_that_of_any_line(listen: Listen) -> None:
    """Reads, unwanted mounts and refusals show too that Vault is writing to us."""
    listening = listen(mounts=["other"])
    peer = listening.connect()
    assert listening.stats.last_entry_time() is None
    times = [f"2026-11-23T10:00:0{second}Z" for second in range(3)]
    lines = [
        entry(operation="read", time=times[0]),
        put(time=times[1]),
        entry(error="denied", time=times[2]),
    ]

    def is_last(time: str) -> bool:
        return listening.stats.last_entry_time() == time

    for line, time in zip(lines, times, strict=True):
        peer.sendall(line + b"\n")
        listening.wait_until(partial(is_last, time))
    peer.sendall(b"no entry at all\n")
    listening.wait_until(lambda: listening.stats.entries == 4)

    listening.close()
    assert listening.stats.last_entry_time() == times[-1]
    assert listening.stats.events[wire.CHANGED] == 0


def test_a_write_without_response_becomes_a_hint(listen: Listen) -> None:
    """After half a minute the path itself is the hint."""
    now = [1000.0]
    listening = listen(clock=lambda: now[0])
    listening.connect().sendall(
        entry(type="request", id="lost") + b"\n" + put(id="other") + b"\n"
    )
    listening.wait_for(has_id("other"))

    now[0] += 31

    hint = listening.wait_for(has_id("lost"))
    assert isinstance(hint.data, wire.Change)
    assert (hint.data.path, hint.data.version) == ("data/app/db", None)


def test_a_full_handoff_never_stops_the_reader(listen: Listen) -> None:
    """Everything is received although nobody takes; one gap stands for the rest."""
    listening = listen(handoff=Handoff(10))

    listening.connect().sendall((put() + b"\n") * 5000)
    listening.wait_until(lambda: listening.stats.entries == 5000)

    assert len(listening.handoff) == 11
    listening.wait_for(is_gap("overflow"))
    assert listening.stats.gaps["overflow"] == 1


def test_the_reader_beats_when_idle(listen: Listen) -> None:
    """A quiet Vault is no hung reader."""
    listening = listen()

    listening.wait_until(lambda: listening.beats > 3)


@both
def test_stop_loses_nothing_that_vault_has_written(listen: Listen, tcp: bool) -> None:
    """What was written before the stop is handed over, also on a late connection."""
    listening = listen(tcp=tcp)
    peer = listening.connect()
    listening.wait_for(is_gap("connection"))
    wanted = [str(number) for number in range(20)]
    listening.hold()
    late = listening.connect()
    for id in wanted:
        peer.sendall(put(id=id) + b"\n")
    late.sendall(put(id="late") + b"\n" + entry(type="request", id="asked") + b"\n")

    listening.reader.stop(0)
    listening.let_go()
    listening.reader.join(DEADLINE)

    assert not listening.reader.is_alive()
    listening.seen += listening.handoff.take(0)
    assert {*wanted, "late", "asked"} <= {hint.id for hint in listening.seen}


@both
def test_vaults_next_write_after_stop_fails_at_once(listen: Listen, tcp: bool) -> None:
    """So Vault writes that entry again elsewhere; a polite close would swallow it."""
    listening = listen(tcp=tcp)
    peer = listening.connect()
    peer.sendall(b"half a line")
    listening.wait_for(is_gap("connection"))

    listening.reader.stop()

    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        peer.sendall(put() + b"\n")
    with pytest.raises(ConnectionRefusedError):
        listening.connect()


WRITER = """
import socket, sys
path, before, after = sys.argv[1:]
written = 0
with socket.socket(socket.AF_UNIX) as peer:
    peer.connect(path)
    try:
        while True:
            peer.sendall(f"{before}{written}{after}\\n".encode())
            written += 1
    except OSError:
        print(written)
"""


def test_stop_under_load_loses_no_write_that_succeeded(
    listen: Listen, tmp_path: Path
) -> None:
    """On a Unix socket every write is either received or refused, to the last one."""
    listening = listen(handoff=Handoff(10_000_000))
    before, after = put(id="HERE").decode().split("HERE")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, tmp_path / "audit.sock", before, after],
            stdout=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    listening.wait_until(lambda: listening.stats.gaps["connection"] == 3)
    listening.wait_until(lambda: listening.stats.entries > 1000)

    listening.reader.stop()

    written = sum(int(writer.communicate()[0]) for writer in writers)
    assert listening.stats.events[wire.CHANGED] == written


def test_stop_ends_although_vault_goes_on_writing(listen: Listen) -> None:
    """On TCP the peer cannot be stopped, so the drain has an end of its own."""
    listening = listen(tcp=True, clock=count().__next__)  # seconds fly
    peer = listening.connect()
    listening.wait_for(is_gap("connection"))
    listening.hold()
    peer.sendall((entry(operation="read") + b"\n") * 2000)

    listening.reader.stop(0)
    listening.let_go()
    listening.reader.join(DEADLINE)

    assert not listening.reader.is_alive()
    assert listening.stats.entries < 2000


def test_stop_is_repeatable_and_works_before_start(listen: Listen) -> None:
    """Whoever shuts down need not know how far the start came."""
    listening = listen()
    listening.reader.stop()
    listening.reader.stop()

    listener = socket.create_server(("127.0.0.1", 0))
    type(listening.reader)([listener], Handoff()).stop()
    assert listener.fileno() == -1


@contextlib.contextmanager
def no_more_files() -> Iterator[None]:
    """No file descriptor is left to this process."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    filling: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
    try:
        with contextlib.suppress(OSError):
            while True:
                filling.append(os.dup(0))
        yield
    finally:
        for descriptor in filling:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_running_out_of_files_is_survived(listen: Listen) -> None:
    """A connection that cannot be accepted waits, and is accepted later."""
    listening = listen()
    peer = listening.peer()
    with no_more_files():
        listening.connect(peer)
        listening.wait_until(lambda: listening.stats.faults["accept"] >= 2)
        assert listening.stats.connections == 0

    peer.sendall(put(id="one") + b"\n")

    listening.wait_for(has_id("one"))


garbage = st.binary(max_size=200) | st.sampled_from(
    [
        b'"operation":"create"',
        b'{"request":{"operation":"update"}}\n',
        b'{"operation":"delete","request":{"operation":"delete","mount_type":"kv"}}\n',
        b'{"type":"response","request":[]}',
        b'<json:object name="x">',
        b'"client_token":"',
        put()[:500],
        put()[500:],
        b"\n",
    ]
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(st.lists(garbage, max_size=20))
def test_nothing_that_a_peer_sends_stops_the_reader(
    listen: Listen, pieces: list[bytes]
) -> None:
    """After any bytes in any pieces, the next valid line is found."""
    listening = listen(tcp=True)
    id = str(uuid.uuid4())

    with listening.connect() as peer:
        for piece in pieces:
            peer.sendall(piece)
        peer.sendall(b"\n" + put(id=id) + b"\n")
        listening.wait_for(has_id(id))
    listening.close()
