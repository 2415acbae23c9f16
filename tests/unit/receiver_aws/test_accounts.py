"""Each write of a round has its turn: halted, too late or paused, none is made."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from receiver.accounts import Accounts
from receiver.core.causes import Cause, Temporary
from receiver.core.pause import Pause
from receiver.core.rules import TargetSpec
from receiver.core.state import Hint, SecretRef, Work
from receiver.pauses import Pauses
from receiver.ports import Target
from tests.fake_pauses import FakeKeptPauses
from tests.fake_target import FakeTarget
from tests.fakes import Clock

REF = SecretRef("", "kv", "a")


@dataclass
class World:
    clock: Clock = field(default_factory=Clock)
    target: FakeTarget = field(default_factory=FakeTarget)
    halted: str | None = None

    def __post_init__(self) -> None:
        self.pauses = Pauses(
            FakeKeptPauses(),
            let_go=lambda: None,
            longest_write=1.0,
            now=self.clock.now,
            steady=self.clock.steady,
        )
        self._accounts = Accounts(
            lambda _: self.target,
            writes_per_second=100,
            call_timeout=10.0,
            halted=lambda: self.halted,
            writing=self.pauses.writing,
            steady=self.clock.steady,
        )

    def round(self, rule: str = "a", *, lease: float = 60.0) -> Target:
        until = self.clock.steady() + lease
        work = Work(
            hint=Hint(ref=REF), sequence=1, attempts=0, since=0, lease_until=until
        )
        return self._accounts.for_work(TargetSpec(), work, rule)

    def pause(self, rule: str | None) -> None:
        now = self.clock.now()
        until = now + 3600
        self.pauses.begin(
            Pause(rule=rule, reason="r", by="oncall", since=now, until=until)
        )


def refused(target: Target) -> Cause:
    with pytest.raises(Temporary) as raised:
        target.tag("arn", {"a": "b"})
    return raised.value.cause


def test_a_pause_in_the_midst_of_a_round() -> None:
    """Its next write is not made; what it only reads, it may read."""
    world = World()
    target = world.round("a")
    world.pause(None)
    target.describe("a")

    assert refused(target) is Cause.PAUSED
    assert world.target.calls == ["describe"]


def test_a_pause_of_another_rule() -> None:
    """The same secret is written under the rule that is not paused."""
    world = World()
    world.pause("a")
    arn = world.round("b").create(
        "n", body="1", version_id="v", spec=TargetSpec(), tags={}
    )

    assert arn
    assert refused(world.round("a")) is Cause.PAUSED


def test_while_nothing_may_be_written() -> None:
    """Whatever the rule."""
    world = World(halted="unknown keys")

    assert refused(world.round()) is Cause.KEYS_UNKNOWN


def test_a_lease_that_ends_too_soon() -> None:
    """A call that may outlast it, by the clock of the lease, is not begun."""
    world = World()

    assert refused(world.round(lease=10.0)) is Cause.LEASE_SHORT
    world.round(lease=10.1).create(
        "n", body="1", version_id="v", spec=TargetSpec(), tags={}
    )

    assert world.target.calls == ["create"]
