"""Channels fail, recover and restart, each by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from receiver.adapters.notify_files import ToldFile
from receiver.core.notify.telling import Pace, Told
from receiver.core.notify.trouble import Message, Severity, Trouble
from receiver.notifying import Listener, Notifier, NotSent
from receiver.ports import JournalUnavailable
from tests.fakes import Clock

PARKED = Trouble(
    key="parked:KMS_DENIED", severity=Severity.TICKET, summary="1 secret", names=("a",)
)
SILENT = Trouble(
    key="forwarder:vault-1", severity=Severity.PAGE, summary="vault-1 is silent"
)


class FakeChannel:
    """Keeps what it is sent; ``failing`` makes it refuse."""

    def __init__(self) -> None:
        self.failing = False
        self.tries = 0
        self.sent: list[Message] = []

    def send(self, message: Message) -> None:
        self.tries += 1
        if self.failing:
            raise NotSent("the answer was 500")
        self.sent.append(message)


@dataclass
class Report:
    results: list[tuple[str, str]] = field(default_factory=list)

    def notified(self, kind: str, result: str) -> None:
        self.results.append((kind, result))


class Desk:
    """A notifier over a file in ``directory``, and all that it needs."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self.clock = clock
        self.troubles: Sequence[Trouble] = ()
        self.unreadable = False
        self.report = Report()
        self.channels = {"sns": FakeChannel(), "slack": FakeChannel()}
        self.listeners = [
            Listener(f"{kind}-1", kind, channel, Pace(settle=0))
            for kind, channel in self.channels.items()
        ]
        self.notifier = Notifier(
            self.listeners,
            self._look,
            memory=ToldFile(directory / "state.db.told"),
            report=self.report,
            now=clock.now,
        )
        self.notifier.remember()

    def _look(self) -> Sequence[Trouble]:
        if self.unreadable:
            raise JournalUnavailable("disk full")
        return self.troubles

    def look(self, *troubles: Trouble, after: float = 0.0) -> list[Message]:
        """What the first channel was sent by it."""
        before = len(self.channels["sns"].sent)
        self.clock.advance(after)
        self.troubles = troubles
        self.notifier.look()
        return self.channels["sns"].sent[before:]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Desk:
    return Desk(tmp_path, clock)


def test_every_channel_is_told(desk: Desk) -> None:
    """And it is counted."""
    assert desk.look(PARKED) == [Message(began=(PARKED,))]

    assert desk.channels["slack"].sent == [Message(began=(PARKED,))]
    assert desk.report.results == [("sns", "sent"), ("slack", "sent")]


def test_one_that_fails_keeps_no_other_from_its_turn(desk: Desk) -> None:
    """It is counted as failed, and not tried again at once."""
    desk.channels["sns"].failing = True
    desk.look(PARKED)
    desk.look(PARKED)

    assert desk.channels["slack"].sent == [Message(began=(PARKED,))]
    assert desk.report.results == [("sns", "failed"), ("slack", "sent")]
    assert desk.channels["sns"].tries == 1


def test_a_failure_is_tried_again_later_each_time() -> None:
    """With ten seconds at first, and never more than five minutes apart; who answers
    with a number of seconds is heeded."""
    channel, steady, waits = FakeChannel(), 0.0, []
    channel.failing = True
    listener = Listener("sns-1", "sns", channel, Pace())
    for _ in range(8):
        began = steady
        tries = channel.tries
        while channel.tries == tries:
            steady += 1
            decision = listener.decide([PARKED], steady, unsure_before=0.0)
            listener.tell(decision, steady)
        waits.append(steady - began)

    assert waits[1:] == [10, 20, 40, 80, 160, 300, 300]


def test_a_restart_repeats_nothing(desk: Desk, tmp_path: Path, clock: Clock) -> None:
    """What was told is on disk; what ended meanwhile is told once that is known."""
    desk.look(PARKED)
    again = Desk(tmp_path, clock)

    assert again.look(PARKED, after=60) == []
    assert again.look(after=30) == []
    (message,) = again.look(after=60)
    assert message == Message(recovered=(PARKED,))


def test_a_restart_claims_no_recovery_of_a_forwarder(
    desk: Desk, tmp_path: Path, clock: Clock
) -> None:
    """Just started, nobody knows which forwarders there were."""
    desk.look(SILENT)
    again = Desk(tmp_path, clock)

    assert again.look(after=200) == []
    assert again.look(after=200) == []


def test_a_damaged_memory_is_begun_afresh(desk: Desk, tmp_path: Path) -> None:
    """At worst something is told twice."""
    desk.look(PARKED)
    path = tmp_path / "state.db.told"
    assert path.stat().st_mode & 0o777 == 0o600
    for content in (b"\xff", b"{", b'{"sns-1": 3}', b"[]"):
        path.write_bytes(content)
        assert ToldFile(path).load() == {}


def test_a_memory_that_cannot_be_kept_stops_nothing(tmp_path: Path) -> None:
    """A full disk is one trouble, not two."""
    nowhere = tmp_path / "file"
    nowhere.write_text("")
    told: Mapping[str, Told] = {"sns-1": Told()}

    ToldFile(nowhere / "below").save(told)


def test_a_state_file_that_cannot_be_read(desk: Desk) -> None:
    """Is told of, and what was true before is not taken for over."""
    desk.look(PARKED)
    desk.unreadable = True
    desk.look(after=300)
    (message,) = desk.look(after=60)

    assert [one.key for one in message.began] == ["state"]
    assert message.recovered == ()
    desk.unreadable = False
    desk.look(PARKED, after=61)
    assert desk.channels["sns"].sent[-1].recovered[0].key == "state"
