"""The sender against a real HTTP receiver: every rule of delivery, as it acts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.unit.forwarder_sending.scripted_receiver import (
    DEADLINE,
    Reply,
    ScriptedReceiver,
)
from vault_audit_forwarder import spool_schema as sql
from vault_audit_forwarder import wire
from vault_audit_forwarder.change import Hint
from vault_audit_forwarder.delivery_stats import DeliveryStats
from vault_audit_forwarder.origin import Origin
from vault_audit_forwarder.sender import Sender
from vault_audit_forwarder.settings import Receiver
from vault_audit_forwarder.signing import new_key, parse_key
from vault_audit_forwarder.spool import Spool
from vault_audit_forwarder.webhook import Webhook

pytestmark = pytest.mark.integration

Made = Callable[..., Hint]


class Line:
    """A spool, a sender and what it counts."""

    def __init__(self, spool: Spool, sender: Sender, stats: DeliveryStats) -> None:
        self.spool = spool
        self.sender = sender
        self.stats = stats

    def add(self, *hints: Hint) -> None:
        self.spool.add(hints)
        self.sender.wake()

    def is_empty(self) -> bool:
        return self.spool.pending().events == 0


@pytest.fixture
def line(
    open_spool: Callable[..., Spool], receiver: ScriptedReceiver
) -> Iterator[Line]:
    """Built, not started: a test writes its script first."""
    with ExitStack() as closing:
        key = parse_key(new_key())
        settings = Receiver.model_validate(
            {"url": receiver.url, "signing_key_file": "unused"}
        )
        webhook = Webhook(settings, lambda: [key])
        closing.callback(webhook.close)
        spool, stats = open_spool(100_000), DeliveryStats()
        origin = Origin(source="vault-prod", forwarder="vault-1")
        sender = Sender(spool, webhook, origin, stats, rand=lambda: 0.0)
        yield Line(spool, sender, stats)
        if sender.ident is not None:
            sender.drain(DEADLINE)
            assert not sender.is_alive()


def drained(line: Line) -> None:
    """Let the sender finish what it can."""
    line.sender.drain(DEADLINE)


def paths(receiver: ScriptedReceiver) -> list[str]:
    return [event["data"]["path"] for event in receiver.taken]


def test_an_event_travels_as_the_contract_says(
    line: Line, receiver: ScriptedReceiver, hint: Made
) -> None:
    """Envelope, source and subject around the hint."""
    line.sender.start()
    line.add(hint("data/x", id="a4be", namespace="team1/", version=1))
    receiver.wait(lambda: receiver.taken)

    (event,) = receiver.taken
    assert event == {
        "specversion": "1.0",
        "type": "vault.kv.changed",
        "source": "vault://vault-prod",
        "forwarder": "vault-1",
        "id": "a4be",
        "time": "2026-11-23T10:00:00Z",
        "subject": "team1/kv/data/x",
        "data": {
            "namespace": "team1/",
            "mount": "kv/",
            "mount_accessor": None,
            "path": "data/x",
            "operation": None,
            "version": 1,
            "created_time": None,
            "deletion_time": None,
        },
    }


def test_what_gathers_during_a_post_goes_in_the_next(
    line: Line, receiver: ScriptedReceiver, hint: Made
) -> None:
    """One event at once, then everything that came meanwhile in one batch."""
    held = threading.Event()
    receiver.script.append(Reply(hold=held))
    line.sender.start()
    line.add(hint("data/first"))
    receiver.wait(lambda: receiver.posts)
    gap = Hint(wire.Gap(reason="connection"), "gap", None)
    mounted = Hint(wire.MountChange(mount="kv/"), "mount", None)
    line.add(*(hint(f"data/{number}") for number in range(20)), gap, mounted)
    held.set()
    receiver.wait(lambda: len(receiver.posts) == 2)

    assert [len(post.events) for post in receiver.posts] == [1, 22]


def test_a_batch_holds_what_the_receiver_takes_at_once(
    line: Line, receiver: ScriptedReceiver, hint: Made
) -> None:
    """Neither more events nor more bytes; all arrive in order."""
    long = "x" * 4000
    line.add(*(hint(f"data/{number}") for number in range(1500)))
    line.add(*(hint(f"data/{long}/{number}") for number in range(600)))
    line.sender.start()
    drained(line)

    assert max(len(post.events) for post in receiver.posts) == wire.MAX_EVENTS
    assert max(len(post.body) for post in receiver.posts) <= wire.MAX_BODY_BYTES
    assert max(len(post.body) for post in receiver.posts) > wire.MAX_BODY_BYTES - 9000
    assert len(paths(receiver)) == 2100
    assert paths(receiver)[:1500] == [f"data/{number}" for number in range(1500)]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200),
        Reply(204, body=b""),
        Reply(302),
        Reply(400),
        Reply(401),
        Reply(403),
        Reply(404),
        Reply(408),
        Reply(415),
        Reply(422),
        Reply(429),
        Reply(500),
        Reply(503),
        Reply(drop=True),
    ],
    ids=lambda reply: f"{reply.status}{'-drop' if reply.drop else ''}",
)
def test_a_fault_of_the_installation_loses_nothing(
    line: Line, receiver: ScriptedReceiver, hint: Made, reply: Reply
) -> None:
    """The same events come again, and leave the spool with the 202 alone."""
    receiver.script.append(reply)
    line.add(hint("data/a"), hint("data/b"))
    line.sender.start()
    receiver.wait(lambda: len(receiver.posts) == 2)
    drained(line)

    first, second = receiver.posts
    assert first.events == second.events
    assert second.status == 202
    assert line.is_empty()
    assert line.stats.results["failed"] == 1
    assert line.stats.results["delivered"] == 1


def test_events_are_on_disk_while_the_receiver_refuses(
    line: Line, receiver: ScriptedReceiver, hint: Made
) -> None:
    """Draining sends once, does not insist, and leaves the rest for the next start."""
    receiver.script.extend([Reply(503)] * 3)
    line.add(hint())
    line.sender.start()
    drained(line)

    assert line.spool.pending().events == 1
    assert line.spool.select(sql.LAST_FAILURE)[0][1].startswith("503: ")


def test_a_413_is_halved_until_it_fits(
    line: Line, receiver: ScriptedReceiver, hint: Made
) -> None:
    """Every event arrives; later batches grow again."""
    receiver.script.extend([Reply(413)] * 3)
    line.add(*(hint(f"data/{number}") for number in range(64)))
    line.sender.start()
    drained(line)

    assert [len(post.events) for post in receiver.posts] == [64, 32, 16, 8, 16, 32, 8]
    assert sorted(paths(receiver)) == sorted(f"data/{n}" for n in range(64))
    assert line.stats.results["halved"] == 3


def test_a_single_event_too_large_is_set_aside(
    line: Line, receiver: ScriptedReceiver, hint: Made
) -> None:
    """The ones behind it are not held up."""
    receiver.script.extend([Reply(413), Reply(413)])
    line.add(hint("data/large"), hint("data/b"))
    line.sender.start()
    drained(line)

    assert paths(receiver) == ["data/b"]
    ((reason,),) = line.spool.select("SELECT reason FROM set_aside")
    assert reason == "413: too large for the receiver"
    assert line.stats.results["set_aside"] == 1


def test_a_422_sets_aside_the_one_it_names(
    line: Line, receiver: ScriptedReceiver, hint: Made
) -> None:
    """And the rest is sent at once."""
    receiver.script.append(Reply(422, body=b'{"index": 1, "field": "data.path"}'))
    line.add(hint("data/a"), hint("data/bad"), hint("data/c"))
    line.sender.start()
    drained(line)

    assert paths(receiver) == ["data/a", "data/c"]
    assert line.is_empty()
    ((data,),) = line.spool.select("SELECT data FROM set_aside")
    assert b"data/bad" in data


def test_a_replayed_event_is_sent(
    line: Line, receiver: ScriptedReceiver, hint: Made
) -> None:
    """Whatever was wrong with it may have been repaired."""
    receiver.script.append(Reply(422, body=b'{"index": 0}'))
    line.add(hint("data/a"))
    line.sender.start()
    receiver.wait(lambda: len(receiver.posts) == 1)
    drained(line)
    assert line.spool.replay() == 1

    again = Sender(
        line.spool,
        line.sender._webhook,
        Origin(source="vault-prod", forwarder="vault-1"),
        line.stats,
    )
    again.start()
    again.drain(DEADLINE)
    assert paths(receiver) == ["data/a"]


def test_a_new_event_does_not_cut_a_wait_short(
    line: Line, receiver: ScriptedReceiver, hint: Made
) -> None:
    """Else a busy Vault would turn every back-off into a storm; a repair may."""
    receiver.script.append(Reply(429, {"retry-after": "3600"}))
    line.add(hint("data/a"))
    line.sender.start()
    receiver.wait(lambda: len(receiver.posts) == 1)
    for number in range(50):
        line.add(hint(f"data/{number}"))
    with pytest.raises(AssertionError):
        receiver.wait(lambda: len(receiver.posts) == 2, deadline=0.3)

    line.sender.hurry()
    receiver.wait(lambda: len(receiver.posts) == 2)
    drained(line)
    assert line.is_empty()


def test_failing_is_remembered_until_it_works(
    line: Line, receiver: ScriptedReceiver, hint: Made
) -> None:
    """Health asks since when, and why."""
    receiver.script.extend([Reply(401), Reply(hold=threading.Event())])
    held = receiver.script[1].hold
    assert held
    line.add(hint())
    line.sender.start()
    receiver.wait(lambda: len(receiver.posts) == 2)
    assert line.stats.failing_for(0) == [
        "401: no key in signing_key_file is one of the receiver's"
    ]
    assert line.stats.failing_for(3600) == []

    held.set()
    drained(line)
    assert line.stats.failing_for(0) == []


def test_what_changes_under_way_is_sent_again(
    line: Line, receiver: ScriptedReceiver, hint: Made
) -> None:
    """The receiver learns the newest version in the end."""
    held = threading.Event()
    receiver.script.append(Reply(hold=held))
    line.sender.start()
    line.add(hint(id="1"))
    receiver.wait(lambda: receiver.posts)
    line.add(hint(id="2"))
    held.set()
    receiver.wait(lambda: len(receiver.posts) == 2)
    drained(line)

    assert [event["id"] for event in receiver.taken] == ["1", "2"]
    assert line.is_empty()
