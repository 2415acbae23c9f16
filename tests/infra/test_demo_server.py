"""A fresh OpenBao on disk, with TLS, from its birth on: by the commands that are
shipped, each as a process of its own, and with the configuration that is shipped.
"""

from __future__ import annotations

import json
import resource
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from receiver.demo.child import free_port
from tests.acceptance.scene import wait_until
from tests.certificates import issue
from tests.gate import Gate
from tests.infra.demo_server import Commands, DemoServer, answers

pytestmark = pytest.mark.integration

NAMES = [f"unseal-share-{n}" for n in range(1, 6)]


@pytest.fixture(scope="module")
def unborn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """A server that nobody initializes; every test leaves it so."""
    server = DemoServer(tmp_path_factory.mktemp("unborn"))
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def born(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DemoServer, Path]]:
    """A server that is initialized, and its keys."""
    directory = tmp_path_factory.mktemp("born")
    server, keys = DemoServer(directory), directory / "keys"
    server.start()
    assert Commands(server)("init", "--keys", keys).code == 0
    yield server, keys
    server.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DemoServer]:
    (tmp_path / "server").mkdir()
    server = DemoServer(tmp_path / "server")
    server.start()
    yield server
    server.close()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Where keys are to be; not there yet."""
    return tmp_path / "keys"


def texts(keys: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in keys.iterdir()}


def is_unborn(run: Commands) -> bool:
    return json.loads(run("status", "--json").out)["initialized"] is False


def test_a_server_is_born_opened_and_opened_again(
    server: DemoServer, keys: Path, tmp_path: Path
) -> None:
    """From nothing to a revoked token, with a restart in between and every step
    repeated; no key is said or logged anywhere on the way."""
    run = Commands(server)
    assert run("status").code == 2

    # Born once: five shares and a token, each for its owner alone.
    assert run("init", "--keys", keys).code == 0
    born = texts(keys)
    assert sorted(born) == ["root-token", *NAMES]
    assert len(set(born.values())) == 6
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert {stat.S_IMODE(one.stat().st_mode) for one in keys.iterdir()} == {0o600}

    again = run("init", "--keys", keys)
    assert (again.code, "nothing to do" in again.err) == (0, True)
    elsewhere = run("init", "--keys", tmp_path / "other")
    assert (elsewhere.code, "0 of the 3 shares" in elsewhere.err) == (1, True)
    assert texts(keys) == born
    assert not (tmp_path / "other").exists()

    # Opened by three people, one after another, and once more by nobody.
    for name, code in zip(NAMES[2:], (2, 2, 0), strict=True):
        assert run("unseal", "--share", keys / name).code == code
    assert run("unseal", "--keys", keys).code == 0
    assert run("status").out == "open\n"

    server.stop()
    server.start()
    assert run("status").out == "sealed: 0 of 3 shares given\n"
    assert run("unseal", "--keys", keys).code == 0

    # Its first token works, until it is revoked.
    with server.client(born["root-token"].strip()) as client:
        wait_until(lambda: answers(client, "auth/token/lookup-self"), "an active node")
        assert run("revoke-root", "--keys", keys).code == 0
        assert client.get("auth/token/lookup-self").status_code == 403
    assert not (keys / "root-token").exists()
    assert run("revoke-root", "--keys", keys).code == 0
    assert run("init", "--keys", keys).code == 0

    logs = [server.child.log, server.directory / "log" / "audit.log"]
    said = run.said + "".join(log.read_text() for log in logs)
    assert len(said) > 5_000
    for name, key in born.items():
        assert key.strip() not in said, name


def test_systemd_hears_that_it_listens(unborn: DemoServer) -> None:
    """The unit is of the type notify: started when it answers, sealed or not."""
    assert b"READY=1" in unborn.notices.recv(4096)


def test_shares_of_another_server_open_nothing(
    born: tuple[DemoServer, Path], tmp_path: Path
) -> None:
    """They are refused by name, and the right ones still work."""
    server, keys = born
    run = Commands(server)
    damaged, (_, second, third, *_) = tmp_path / "damaged", NAMES
    text = (keys / NAMES[0]).read_text()
    damaged.write_text(text.swapcase())
    shares = [damaged, keys / second, keys / third]
    server.stop()
    server.start()

    refused = run("unseal", *(word for one in shares for word in ("--share", one)))

    assert (refused.code, f"with {keys / third} and" in refused.err) == (1, True)
    assert text.strip() not in refused.err
    assert text.strip().swapcase() not in refused.err
    assert run("unseal", "--keys", keys).code == 0


def test_a_token_that_the_server_does_not_know_is_kept(
    born: tuple[DemoServer, Path], tmp_path: Path
) -> None:
    """Whether it was revoked or is another server's, only a person can tell."""
    server, keys = born
    run = Commands(server)
    assert run("unseal", "--keys", keys).code == 0
    other = tmp_path / "root-token"
    other.write_text("s.another\n")
    with server.client() as client:
        wait_until(lambda: answers(client, "sys/health"), "an active node")

    refused = run("revoke-root", "--keys", tmp_path)

    assert (refused.code, "does not know the token" in refused.err) == (1, True)
    assert other.read_text() == "s.another\n"


def test_nothing_is_asked_of_the_server_when_a_file_exists(
    unborn: DemoServer, keys: Path
) -> None:
    """What is there may be another server's only copy."""
    run = Commands(unborn)
    keys.mkdir(mode=0o700)
    (keys / NAMES[3]).write_text("of another server\n")

    refused = run("init", "--keys", keys)

    assert (refused.code, f"{keys / NAMES[3]}: exists" in refused.err) == (1, True)
    assert texts(keys) == {NAMES[3]: "of another server\n"}
    assert is_unborn(run)


def test_nothing_is_asked_of_the_server_when_the_disk_is_full(
    unborn: DemoServer, keys: Path
) -> None:
    """The kernel takes not one byte of this process; so it holds no file either."""
    run = Commands(unborn)

    refused = run("init", "--keys", keys, preexec_fn=_take_no_byte)

    assert refused.code == 1
    assert f"{keys / NAMES[0]}: cannot be written (File too large)" in refused.err
    assert texts(keys) == {}
    assert is_unborn(run)


def _take_no_byte() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def test_keys_are_not_put_where_others_look(unborn: DemoServer, keys: Path) -> None:
    """A directory that the group may read is refused, not narrowed silently."""
    run = Commands(unborn)
    keys.mkdir()
    keys.chmod(0o750)

    refused = run("init", "--keys", keys)

    assert (refused.code, "chmod 0700" in refused.err) == (1, True)
    assert is_unborn(run)


def test_what_makes_no_sense_is_not_asked(unborn: DemoServer, keys: Path) -> None:
    """More shares than there are, and shares for a server that has no keys yet."""
    run = Commands(unborn)

    refused = run("init", "--keys", keys, "--shares", 3, "--threshold", 5)

    assert (refused.code, "--threshold" in refused.err) == (1, True)
    assert not keys.exists()
    early = run("unseal", "--share", __file__)
    assert (early.code, "init comes first" in early.err) == (1, True)
    assert is_unborn(run)


def test_nobody_there_is_said_and_leaves_nothing(
    unborn: DemoServer, keys: Path, tmp_path: Path
) -> None:
    """Nor do plain HTTP to another host and a certificate that nobody signed."""
    for address, complaint in {
        f"https://127.0.0.1:{free_port()}": "cannot be reached",
        "http://vault.internal:8200": "would cross the network",
    }.items():
        done = Commands(unborn, address=address)("init", "--keys", keys)
        assert (done.code, complaint in done.err) == (1, True)
    stranger, _ = issue(tmp_path, "stranger")
    unknown = Commands(unborn)("init", "--keys", keys, "--ca-file", stranger)
    assert (unknown.code, "certificate verify failed" in unknown.err) == (1, True)
    assert not keys.exists()


def test_an_ending_that_is_asked_for_waits_for_the_keys(
    server: DemoServer, keys: Path
) -> None:
    """A signal between question and answer would otherwise lose what is told once."""
    with Gate(server.plain_address, seconds=0.3) as gate:
        init = Commands(server, address=gate.endpoint).start("init", "--keys", keys)
        wait_until(lambda: any(b"/sys/init" in one for one in gate.heard), "a request")
        init.send_signal(signal.SIGTERM)
        init.communicate(timeout=60)

    assert init.returncode == -signal.SIGTERM
    assert Commands(server)("unseal", "--keys", keys).code == 0


def test_a_lost_answer_is_said_to_be_what_it_is(server: DemoServer, keys: Path) -> None:
    """The server has keys that nobody knows; no empty file pretends to hold them."""
    with Gate(server.plain_address) as gate:
        gate.cut_answers(b"/sys/init", times=1)
        lost = Commands(server, address=gate.endpoint)("init", "--keys", keys)

    assert (lost.code, "its keys are lost" in lost.err) == (1, True)
    assert texts(keys) == {}
    assert not is_unborn(Commands(server))


def test_one_of_many_gets_the_keys(server: DemoServer, keys: Path) -> None:
    """Whoever is refused by the server, or sees that it is too late, leaves nothing."""
    run = Commands(server)
    places = [keys / name for name in ("a", "b", "c")]

    together = [run.start("init", "--keys", place) for place in places]
    for one in together:
        one.communicate(timeout=60)

    assert sorted(one.returncode for one in together) == [0, 1, 1]
    held = [len(texts(place)) for place in places if place.exists()]
    assert (max(held), sum(held)) == (6, 6)
