"""One fault instead of ten thousand parked secrets."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from receiver.circuits import PROBE, TRIP, Circuit
from receiver.core.causes import Cause, Permanent, ReplicationError, Temporary
from receiver.core.state import Hint, Lane, SecretRef, Work
from tests.fakes import Clock

DENIED = Permanent(Cause.AWS_DENIED, "PutSecretValue: AccessDeniedException")


class Told:
    """What a closed circuit said."""

    def __init__(self) -> None:
        self.causes: list[Cause] = []

    def __call__(self, causes: Collection[Cause]) -> None:
        self.causes += causes


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(clock: Clock, told: Told) -> Circuit:
    return Circuit("AWS eu-central-1", now=clock.now, on_close=told)


def ref(number: int) -> SecretRef:
    return SecretRef("", "kv", f"app/{number}")


def work(lane: Lane = Lane.RECONCILE, attempts: int = 0) -> Work:
    hint = Hint(ref=ref(0), lane=lane)
    return Work(hint=hint, sequence=1, attempts=attempts, since=0, lease_until=1e12)


def trip(circuit: Circuit) -> list[ReplicationError]:
    return [circuit.failed(ref(number), DENIED) for number in range(TRIP)]


def test_one_denied_secret_is_parked_and_the_others_go_on(circuit: Circuit) -> None:
    """However often it is denied."""
    for _ in range(TRIP + 1):
        assert circuit.failed(ref(1), DENIED) is DENIED

    circuit.enter(work())
    assert circuit.fault is None


def test_several_in_a_row_open_the_circuit(circuit: Circuit) -> None:
    """From then on a denial is temporary, and what comes waits."""
    *parked, last = trip(circuit)

    assert all(error is DENIED for error in parked)
    assert isinstance(last, Temporary)
    with pytest.raises(Temporary) as caught:
        circuit.enter(work())
    assert caught.value.cause is Cause.AWS_DENIED
    assert caught.value.after == pytest.approx(PROBE, rel=0.01)
    assert circuit.fault == (
        "AWS eu-central-1 refuses everything: PutSecretValue: AccessDeniedException "
        "[AWS_DENIED]"
    )


def test_what_works_in_between_keeps_it_closed(circuit: Circuit) -> None:
    """Then it is the fault of these secrets."""
    for number in range(TRIP * 2):
        assert circuit.failed(ref(number), DENIED) is DENIED
        circuit.worked()


def test_other_failures_do_not_open_it(circuit: Circuit) -> None:
    """A value that is too large says nothing of the next one."""
    error = Permanent(Cause.VALUE_TOO_LARGE, "too large")
    for number in range(TRIP * 2):
        assert circuit.failed(ref(number), error) is error

    circuit.enter(work())


def test_now_and_then_one_tries_again(circuit: Circuit, clock: Clock) -> None:
    """One, not all."""
    trip(circuit)
    clock.advance(PROBE)

    circuit.enter(work())
    with pytest.raises(Temporary):
        circuit.enter(work())


def test_a_fresh_event_may_try_at_once(circuit: Circuit) -> None:
    """It may be about a secret that is not denied; its second try waits."""
    trip(circuit)

    circuit.enter(work(Lane.EVENT))
    with pytest.raises(Temporary):
        circuit.enter(work(Lane.EVENT, attempts=1))


def test_the_first_that_works_closes_it(circuit: Circuit, told: Told) -> None:
    """And what was parked before is due again."""
    trip(circuit)
    circuit.worked()

    circuit.enter(work())
    assert circuit.fault is None
    assert Cause.AWS_DENIED in told.causes


def test_what_was_never_open_tells_nobody(circuit: Circuit, told: Told) -> None:
    """Closing is news only then."""
    circuit.failed(ref(1), DENIED)
    circuit.worked()

    assert told.causes == []
