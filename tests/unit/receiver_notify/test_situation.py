"""What is gathered, from a queue and a journal that hold more than is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from receiver.adapters.vault_token import Lease
from receiver.core.causes import Cause, Temporary
from receiver.core.notify.facts import Beat, Facts, Held, Stuck, TokenLife
from receiver.core.state import Hint, SecretRef, State
from receiver.situation import Situation
from receiver.web.sightings import Forwarder
from tests.unit.receiver_web.conftest import SOURCE, World


@dataclass
class Keeper:
    """What the token keeper knows."""

    trouble: Temporary | None = None
    lease: Lease | None = None
    asked_at: float | None = None


@dataclass
class Report:
    failures: list[str] = field(default_factory=list)


@dataclass
class Elsewhere:
    """Circuits and reconciler, as far as they are asked."""

    last: Report | None = None
    lines: Sequence[str] = ()

    def faults(self) -> Sequence[str]:
        return self.lines


@pytest.fixture
def world() -> World:
    return World()


def gathered(world: World, keeper: Keeper | None = None, **more: Any) -> Facts:
    elsewhere = Elsewhere(**more)
    situation = Situation(
        parts=world.parts,
        keeper=cast(Any, keeper or Keeper()),
        circuits=cast(Any, elsewhere),
        reconciler=cast(Any, elsewhere),
        faults=lambda: ["a file is unreadable"],
        interval=1800.0,
        started=1.0,
    )
    return situation.facts(world.clock.now())


def test_parked_by_cause(world: World) -> None:
    """The queue's count, and a few names; what is being tried again is in the journal
    alone and still counts, what has no mount is in the queue alone."""
    for number in range(7):
        path = f"app/{number}"
        world.park(Hint(ref=SecretRef("", "kv", path)), Cause.KMS_DENIED)
        world.enter(path, State.PARKED, cause=Cause.KMS_DENIED)
    world.enter("retried", State.CONFLICT, cause=Cause.CONFLICT_FOREIGN)
    world.park(Hint(ref=SecretRef("", "lost", "x")), Cause.MOUNT_UNKNOWN)

    assert gathered(world).stuck == (
        Stuck(cause="CONFLICT_FOREIGN", count=1, names=("kv/retried",)),
        Stuck(
            cause="KMS_DENIED",
            count=7,
            names=tuple(f"kv/app/{number}" for number in range(5)),
        ),
        Stuck(cause="MOUNT_UNKNOWN", count=1, names=("lost/x",)),
    )


def test_held_by_rule(world: World) -> None:
    """With the reason of the one that was held first."""
    world.enter("b", State.HELD, cause="BRAKE", detail="51 deletes", checked_at=1.0)
    world.enter("a", State.HELD, cause="BRAKE", detail="held already", checked_at=2.0)

    assert gathered(world).held == (
        Held(
            rule="hybrid",
            count=2,
            cause="BRAKE",
            why="51 deletes",
            names=("kv/a", "kv/b"),
        ),
    )


def test_forwarders_by_our_clock(world: World) -> None:
    """The time of an entry is of Vault's host, so the difference is taken off it; one
    that is no time is unknown."""
    world.metrics.clock_skew(SOURCE, 90.0)
    for name, entry in (("one", "2026-11-24T03:00:00.5Z"), ("two", "yesterday")):
        world.parts.forwarders.note(
            Forwarder(
                source=SOURCE,
                name=name,
                last_seen=7.0,
                last_entry_time=entry,
                gaps=0,
                spool=0,
                version=None,
            )
        )

    assert gathered(world).beats == (
        Beat(name="one", last_seen=7.0, last_entry=1_795_489_200.5 + 90.0),
        Beat(name="two", last_seen=7.0, last_entry=None),
    )


def test_the_token(world: World) -> None:
    """When it ends is counted from the last answer; one that never ends has no end."""
    keeper = Keeper(lease=Lease(600.0, 3600.0, True), asked_at=1000.0)

    assert gathered(world, keeper).token == TokenLife(ends=1600.0, whole=3600.0)
    keeper.lease = Lease(0.0, 0.0, False)
    assert gathered(world, keeper).token is None


def test_all_the_rest(world: World) -> None:
    """Each part says what it knows."""
    keeper = Keeper(trouble=Temporary(Cause.VAULT_SEALED, "lookup-self: 503"))
    facts = gathered(world, keeper, last=Report(["rule a: 403"]), lines=["aws refuses"])

    assert facts.vault_trouble == "lookup-self: 503"
    assert facts.refusing == ("aws refuses",)
    assert facts.faults == ("a file is unreadable",)
    assert facts.compared.failures == ("rule a: 403",)
    assert facts.compared.interval == 1800.0
    assert (facts.pending, facts.oldest, facts.paused) == (0, None, ())
