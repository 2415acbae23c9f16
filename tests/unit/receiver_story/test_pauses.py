"""Pauses: what they hold up, for how long, and what lets it go."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from receiver.core.causes import Cause, Temporary
from receiver.core.pause import Pause
from receiver.core.state import SecretRef
from receiver.pauses import Pauses
from tests.fake_pauses import FakeKeptPauses
from tests.fakes import Clock

REF = SecretRef("", "kv", "team/db")
HOUR = 3600.0


class Held:
    """Pauses, and how often what they held up was let go."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.kept = FakeKeptPauses()
        self.let_go = 0
        self.pauses = self.another_process()

    def another_process(self) -> Pauses:
        return Pauses(
            self.kept,
            let_go=self._let_go,
            longest_write=20.0,
            now=self.clock.now,
            steady=self.clock.steady,
        )

    def _let_go(self) -> None:
        self.let_go += 1

    def begin(self, rule: str | None, seconds: float = HOUR) -> bool:
        now = self.clock.now()
        return self.pauses.begin(
            Pause(rule=rule, reason="keys", by="oncall", since=now, until=now + seconds)
        )

    def is_paused(self, rule: str = "a") -> bool:
        return self.pauses.of(rule) is not None

    def left(self, rule: str = "a") -> float:
        """How long work is told to wait."""
        with pytest.raises(Temporary) as raised:
            self.pauses.check(rule, REF)
        assert raised.value.cause is Cause.PAUSED
        assert raised.value.after is not None
        return raised.value.after


@pytest.fixture
def held() -> Held:
    return Held()


class TestWhatIsPaused:
    def test_one_rule(self, held: Held) -> None:
        """The other rules go on."""
        held.begin("a")

        assert held.is_paused("a")
        assert not held.is_paused("b")
        held.pauses.check("b", REF)

    def test_one_secret(self, held: Held) -> None:
        """The others of its rule go on, and so does the rule as a whole."""
        now = held.clock.now()
        held.pauses.begin(
            Pause(
                rule="a",
                ref=REF,
                reason="keys",
                by="oncall",
                since=now,
                until=now + HOUR,
            )
        )

        assert held.left("a") > HOUR - 1
        assert held.pauses.of("a", REF) is not None
        assert not held.is_paused("a")
        held.pauses.check("a", SecretRef("", "kv", "team/other"))
        held.pauses.check("b", REF)
        held.pauses.end(("a", SecretRef("", "kv", "team/other")))
        assert held.pauses.of("a", REF) is not None
        held.pauses.end((None, REF))
        held.pauses.check("a", REF)

    def test_all_rules(self, held: Held) -> None:
        """Each of them, also one that comes later."""
        held.begin(None)

        assert held.is_paused("a")
        assert held.is_paused("made tomorrow")

    def test_the_longest_decides(self, held: Held) -> None:
        """Work waits until none of them stands."""
        held.begin("a", 10)
        held.begin(None, HOUR)

        assert held.left() == pytest.approx(HOUR, abs=5)
        assert [one.rule for one in held.pauses.standing()] == [None, "a"]

    def test_a_new_one_replaces_the_old(self, held: Held) -> None:
        """Also with a shorter time; what waits for the old end is let go for it."""
        held.begin("a", HOUR)
        before = held.let_go
        held.begin("a", 10)

        assert held.left() == pytest.approx(10, abs=5)
        assert held.let_go == before + 1


class TestItsEnd:
    def test_by_itself(self, held: Held) -> None:
        """When its time is over nothing is held up any more."""
        held.begin("a", 10)
        held.clock.advance(11)

        assert not held.is_paused()
        assert held.pauses.standing() == []
        held.pauses.check("a", REF)

    def test_resume(self, held: Held) -> None:
        """What waited is let go, after the pause is over for everybody."""
        held.begin("a")
        before = held.let_go
        (ended,) = held.pauses.end(("a", None))

        assert ended.rule == "a"
        assert not held.is_paused()
        assert held.let_go == before + 1
        assert held.kept.all() == []

    def test_resume_of_one_rule_while_all_are_paused(self, held: Held) -> None:
        """Its own pause ends; that of all rules goes on."""
        held.begin("a")
        held.begin(None)
        held.pauses.end(("a", None))

        assert held.is_paused("a")
        assert [one.rule for one in held.pauses.standing()] == [None]

    def test_resume_of_everything(self, held: Held) -> None:
        """No pause is left."""
        held.begin("a")
        held.begin(None)

        assert {one.rule for one in held.pauses.end((None, None))} == {"a", None}
        assert not held.is_paused("a")

    def test_resume_of_nothing(self, held: Held) -> None:
        """Nothing is let go for it."""
        before = held.let_go

        assert held.pauses.end((None, None)) == []
        assert held.let_go == before

    def test_work_that_comes_back_after_it(self, held: Held) -> None:
        """A round that was turned away before the resume, and is back in the queue
        only after it, is let go when it is."""
        held.begin("a")
        held.left()
        held.pauses.end(("a", None))
        before = held.let_go
        held.pauses.changed(REF)
        held.pauses.changed(REF)

        assert held.let_go == before + 1

    def test_work_that_comes_back_before_it(self, held: Held) -> None:
        """What is still paused is not let go: it would be turned away for ever."""
        held.begin("a")
        held.left()
        before = held.let_go
        held.pauses.changed(REF)

        assert held.let_go == before


class TestClocks:
    @pytest.mark.parametrize("jump", [10 * HOUR, -10 * HOUR])
    def test_a_jump(self, held: Held, jump: float) -> None:
        """A wall clock that is set neither ends a pause nor prolongs it."""
        held.begin("a", HOUR)
        held.clock.jump(jump)

        assert held.left() == pytest.approx(HOUR, abs=5)
        held.clock.advance(HOUR + 1)
        assert not held.is_paused()

    def test_another_process(self, held: Held) -> None:
        """It stands for the rest of its time, and what the former process left in the
        queue is looked at again."""
        held.begin("a", HOUR)
        held.clock.advance(HOUR / 2)
        before = held.let_go
        held.pauses = held.another_process()

        assert held.left() == pytest.approx(HOUR / 2, abs=5)
        assert held.let_go == before + 1

    def test_another_process_after_its_end(self, held: Held) -> None:
        """What ended meanwhile holds nothing up."""
        held.begin("a", HOUR)
        held.clock.advance(HOUR + 1)
        held.pauses = held.another_process()

        assert not held.is_paused()

    def test_a_clock_set_back_between_two_processes(self, held: Held) -> None:
        """It stands no longer than it was made for."""
        held.begin("a", HOUR)
        held.clock.jump(-100 * HOUR)
        held.pauses = held.another_process()

        assert held.left() == pytest.approx(HOUR, abs=5)


class TestWrites:
    def test_none_begins(self, held: Held) -> None:
        """While its rule is paused; under another one it does."""
        held.begin("a")

        with pytest.raises(Temporary, match="paused by oncall: keys"):
            held.pauses.writing("a", REF).__enter__()
        with held.pauses.writing("b", REF):
            pass

    def test_one_under_way_is_waited_for(self, held: Held) -> None:
        """A pause has begun when the last write has ended, and not before."""
        begun, ended = threading.Event(), threading.Event()

        def write() -> None:
            with held.pauses.writing("a", REF):
                begun.set()
                assert ended.wait(20)

        with ThreadPoolExecutor(2) as pool:
            writing = pool.submit(write)
            assert begun.wait(20)
            pausing = pool.submit(held.begin, "a")
            while not held.is_paused():
                assert not pausing.done()
            assert not pausing.done()
            ended.set()
            assert pausing.result(20) is True
            writing.result(20)

    def test_one_under_another_rule_is_not(self, held: Held) -> None:
        """Nobody waits for what the pause is not about."""
        with held.pauses.writing("b", REF):
            assert held.begin("a") is True

    def test_one_that_does_not_end(self, held: Held) -> None:
        """After the longest time that a write can take nobody waits any more, and
        it is said."""
        impatient = Pauses(
            held.kept,
            let_go=lambda: None,
            longest_write=0.01,
            now=held.clock.now,
            steady=held.clock.steady,
        )
        with impatient.writing("a", REF):
            now = held.clock.now()
            until = now + HOUR
            pause = Pause(rule="a", reason="r", by="o", since=now, until=until)
            assert impatient.begin(pause) is False
