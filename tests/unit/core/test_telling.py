"""When people are told: at once, then in digests, and when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from receiver.core.notify.telling import Decision, Pace, Told, decide
from receiver.core.notify.trouble import Message, Severity, Trouble

PACE = Pace(digest=900, remind=14_400, gap=60, settle=15)
START = 1_000_000.0


def trouble(key: str, count: int = 1, *, patience: float = 0.0) -> Trouble:
    """A ticket."""
    return Trouble(
        key=key,
        severity=Severity.TICKET,
        summary=f"{count} of {key}",
        count=count,
        patience=patience,
    )


@dataclass
class Listener:
    """Somebody who is told, and the clock."""

    now: float = START
    told: Told = field(default_factory=Told)

    def hears(self, *troubles: Trouble, after: float = 0.0, **more: float) -> Message:
        """What arrives ``after`` so many seconds; the empty message is silence."""
        decision = self.decide(*troubles, after=after, **more)
        self.told = decision.sent
        return decision.message or Message()

    def misses(self, *troubles: Trouble, after: float = 0.0) -> None:
        """A message is due and does not get through."""
        decision = self.decide(*troubles, after=after)
        assert decision.message is not None
        self.told = decision.unsent

    def decide(
        self, *troubles: Trouble, after: float = 0.0, unsure_before: float = 0.0
    ) -> Decision:
        self.now += after
        return decide(
            self.told,
            troubles,
            now=self.now,
            pace=PACE,
            unsure_before=unsure_before,
        )


def test_the_first_is_told_at_once() -> None:
    """And not again while nothing changes."""
    someone, parked = Listener(), trouble("parked")

    assert someone.hears(parked) == Message(began=(parked,))
    assert someone.hears(parked, after=1) == Message()
    assert someone.hears(parked, after=899) == Message()


def test_what_grows_is_told_in_the_next_digest() -> None:
    """One message for all that has changed, and everything that lasts is in it."""
    someone, other = Listener(), trouble("other")
    someone.hears(trouble("parked"), other)

    assert someone.hears(trouble("parked", 500), other, after=10) == Message()
    digest = someone.hears(trouble("parked", 700), other, after=890)
    assert digest == Message(lasting=(trouble("parked", 700), other))
    assert someone.hears(trouble("parked", 700), other, after=900) == Message()


def test_what_does_not_change_is_remembered_rarely() -> None:
    """A forgotten trouble comes back after some hours."""
    someone, parked = Listener(), trouble("parked")
    someone.hears(parked)

    assert someone.hears(parked, after=14_399) == Message()
    assert someone.hears(parked, after=1) == Message(lasting=(parked,))


def test_another_one_soon_after_waits_for_the_gap() -> None:
    """A failure with many faces is a message or two, not twenty."""
    someone, first = Listener(), trouble("first")
    someone.hears(first)

    assert someone.hears(first, trouble("second"), after=1) == Message()
    message = someone.hears(first, trouble("second"), trouble("third"), after=59)
    assert message == Message(began=(trouble("second"), trouble("third")))


def test_recovery_is_told_once_it_has_settled() -> None:
    """Away for a moment is not over, and what is over is said once."""
    someone, parked = Listener(), trouble("parked", 3)
    someone.hears(parked)

    assert someone.hears(after=5) == Message()
    assert someone.hears(parked, after=5) == Message()
    assert someone.hears(after=5) == Message()
    assert someone.hears(after=14) == Message()
    assert someone.hears(after=1) == Message(recovered=(parked,))
    assert someone.hears(after=100_000) == Message()
    assert someone.hears(parked) == Message(began=(parked,))


def test_what_passes_quickly_is_never_told() -> None:
    """A trouble with patience is told only when it has lasted."""
    someone, vault = Listener(), trouble("vault", patience=60)

    assert someone.hears(vault) == Message()
    assert someone.hears(after=30) == Message()
    assert someone.hears(vault, after=31) == Message()
    assert someone.hears(vault, after=59) == Message()
    assert someone.hears(vault, after=1) == Message(began=(vault,))


def test_what_did_not_get_through_is_told_as_it_is_then() -> None:
    """Nothing is queued: whoever is reached again hears the truth of that moment."""
    someone = Listener()
    someone.misses(trouble("parked"))
    someone.misses(trouble("parked", 2), trouble("gone"), after=10)

    message = someone.hears(trouble("parked", 9), after=300)
    assert message == Message(began=(trouble("parked", 9),))


def test_a_recovery_that_did_not_get_through_is_said_again() -> None:
    """It is not forgotten with the trouble."""
    someone, parked = Listener(), trouble("parked")
    someone.hears(parked)
    someone.hears(after=1)
    someone.misses(after=15)

    assert someone.hears(after=300) == Message(recovered=(parked,))


def test_what_becomes_a_page_is_news() -> None:
    """Whoever saw a ticket is woken when it gets worse, without waiting for more."""
    someone, ticket = Listener(), trouble("token")
    someone.hears(ticket)
    page = replace(ticket, severity=Severity.PAGE)

    assert someone.hears(page, after=61) == Message(began=(page,))
    assert someone.hears(page, after=61) == Message()


def test_nothing_is_over_before_it_can_be_known() -> None:
    """Just started, what is not seen yet may still be there."""
    someone, before, since = Listener(), trouble("before"), trouble("since")
    someone.hears(before)
    someone.hears(before, since, after=60)
    start = someone.now

    assert someone.hears(after=1, unsure_before=start) == Message()
    message = someone.hears(after=15, unsure_before=start)
    assert message == Message(recovered=(since,))
    assert someone.hears(after=30) == Message(recovered=(before,))


def test_a_clock_set_back_silences_nothing() -> None:
    """Times that lie ahead count as now."""
    someone, parked = Listener(), trouble("parked")
    someone.hears(parked)
    someone.hears(after=1)
    someone.now -= 1_000_000

    assert someone.hears(trouble("other"), parked) == Message(began=(trouble("other"),))
    assert someone.hears(trouble("other"), after=1) == Message()
    assert someone.hears(trouble("other"), after=15) == Message(recovered=(parked,))


KEYS = st.sampled_from(["a", "b", "c"])
MOMENTS = st.lists(
    st.tuples(
        st.floats(0.5, 2000),
        st.dictionaries(KEYS, st.integers(1, 3)),
        st.booleans(),
    ),
    max_size=40,
)


@given(MOMENTS)
def test_began_and_recovered_take_turns(
    moments: list[tuple[float, dict[str, int], bool]],
) -> None:
    """Whatever happens and however often sending fails: who listens hears of each
    trouble that it began, then perhaps that it lasts, then that it is over."""
    someone, known = Listener(), set[str]()
    for after, present, gets_through in moments:
        troubles = [trouble(key, count) for key, count in present.items()]
        decision = someone.decide(*troubles, after=after)
        someone.told = decision.sent if gets_through else decision.unsent
        if decision.message is None or not gets_through:
            continue
        for one in decision.message.began:
            assert one.key not in known
            known.add(one.key)
        for one in decision.message.recovered:
            assert one.key not in present
            known.remove(one.key)
        assert {one.key for one in decision.message.lasting} <= known


@given(MOMENTS, st.dictionaries(KEYS, st.integers(1, 3)))
def test_in_the_end_everybody_knows(
    moments: list[tuple[float, dict[str, int], bool]], last: dict[str, int]
) -> None:
    """After any history, two messages later what is known is what is true."""
    someone = Listener()
    for after, present, gets_through in moments:
        troubles = [trouble(key, count) for key, count in present.items()]
        decision = someone.decide(*troubles, after=after)
        someone.told = decision.sent if gets_through else decision.unsent
    now = [trouble(key, count) for key, count in last.items()]
    for after in (0.0, 61.0, 901.0):
        someone.hears(*now, after=after)

    assert {key: line.told for key, line in someone.told.lines.items()} == {
        one.key: one for one in now
    }
