"""The promises of a WorkQueue, for every implementation."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from receiver.core.hints import MOST_REQUESTS
from receiver.core.state import Hint, Lane, SecretRef, VaultRequest, Work
from receiver.ports import QueueUnavailable, WorkQueue
from tests.fakes import Clock

BOTH = (Lane.EVENT, Lane.RECONCILE)
A, B, C = (SecretRef("", "kv", name) for name in "abc")
FIRST, SECOND = VaultRequest("first"), VaultRequest("second", "00-of-a-trace")
EARLY, LATE = "2026-11-23T10:00:00.9Z", "2026-11-23T10:00:00.91Z"


def hint(ref: SecretRef = A, **more: object) -> Hint:
    return Hint(ref=ref, **more)


def take(queue: WorkQueue, *lanes: Lane, timeout: float = 0) -> Work | None:
    return queue.take(lanes or BOTH, lease=60, timeout=timeout)


def took(queue: WorkQueue) -> Work:
    work = take(queue)
    assert work is not None
    return work


def waited_for(queue: WorkQueue) -> Work | None:
    """What a worker gets that waits without an end of its own."""
    with ThreadPoolExecutor(1) as pool:
        try:
            wait = pool.submit(queue.take, BOTH, lease=60, timeout=None)
            return wait.result(timeout=20)
        finally:
            queue.close()


def fail(queue: WorkQueue, work: Work, delay: float = 30) -> None:
    queue.retry(work, delay=delay, cause="VAULT_SEALED", detail="sealed")


def drain(queue: WorkQueue) -> list[SecretRef]:
    refs = []
    while work := take(queue):
        refs.append(work.hint.ref)
        queue.done(work)
    return refs


class TestFair:
    def test_first_come_first_served(self, queue: WorkQueue) -> None:
        """References are taken in the order in which they became due."""
        queue.add([hint(B), hint(A)])
        queue.add([hint(C)])

        assert drain(queue) == [B, A, C]

    def test_events_before_reconcile(self, queue: WorkQueue) -> None:
        """The more urgent lane goes first, however late it came."""
        queue.add([hint(A, lane=Lane.RECONCILE)])
        queue.add([hint(B, lane=Lane.EVENT)])

        assert drain(queue) == [B, A]

    def test_a_lane_not_asked_for_is_left(self, queue: WorkQueue) -> None:
        """A worker of one lane gets nothing of another."""
        queue.add([hint(A, lane=Lane.RECONCILE)])

        assert take(queue, Lane.EVENT) is None
        assert take(queue, Lane.RECONCILE) is not None

    def test_work_done_again_goes_to_the_end(self, queue: WorkQueue) -> None:
        """A reference hinted at while worked on does not overtake those waiting."""
        queue.add([hint(A)])
        work = took(queue)
        queue.add([hint(B)])
        queue.add([hint(A)])
        queue.done(work)

        assert drain(queue) == [B, A]

    def test_not_before_its_time(self, queue: WorkQueue, clock: Clock) -> None:
        """A hint for later is taken when its time has come, not earlier."""
        queue.add([hint(A, not_before=clock.now() + 100)])

        assert take(queue) is None
        clock.advance(101)
        assert took(queue).hint.ref == A

    def test_a_clock_that_jumps_makes_no_lease_longer(
        self, queue: WorkQueue, clock: Clock
    ) -> None:
        """Whoever holds it measures what is left on the same steady clock."""
        queue.add([hint(A)])
        work = took(queue)
        clock.jump(-86400)

        assert work.lease_until - clock.steady() <= 60

    def test_the_due_time_ends_the_wait(self, queue: WorkQueue, clock: Clock) -> None:
        """A waiting worker gets the work when it becomes due, without a signal."""
        queue.add([hint(A, not_before=clock.now() + 0.05)])

        assert waited_for(queue) is not None


class TestStingy:
    def test_many_hints_one_round(self, queue: WorkQueue) -> None:
        """However many hints come before its turn, a reference is worked on once."""
        for _ in range(5):
            queue.add([hint(A), hint(A)])

        assert drain(queue) == [A]

    def test_never_twice_at_once(self, queue: WorkQueue) -> None:
        """Leased work is given to nobody else, even when new hints arrive."""
        queue.add([hint(A)])
        took(queue)
        queue.add([hint(A)])

        assert take(queue) is None

    def test_unresolved_is_another_key(self, queue: WorkQueue) -> None:
        """A request path and a secret's path of the same letters are kept apart."""
        queue.add([hint(A), hint(A, unresolved=True)])

        assert {took(queue).hint.unresolved, took(queue).hint.unresolved} == {
            False,
            True,
        }

    def test_several_threads_never_get_one_key_at_once(self, queue: WorkQueue) -> None:
        """Under load every reference has at most one worker at any moment, and
        every one is worked on after its last hint."""
        refs = [SecretRef("", "kv", f"s{number}") for number in range(5)]
        busy: set[SecretRef] = set()
        clashes: list[SecretRef] = []
        newest: dict[SecretRef, int] = {}
        guard, all_seen = threading.Lock(), threading.Event()

        def work_on() -> None:
            while work := queue.take(BOTH, lease=60, timeout=None):
                ref = work.hint.ref
                with guard:
                    clashes.extend({ref} & busy)
                    busy.add(ref)
                all_seen.wait(0.001)
                with guard:
                    busy.discard(ref)
                    # A writer who is behind may hint at an older one afterwards.
                    newest[ref] = max(newest.get(ref, 0), work.hint.version or 0)
                    if newest == dict.fromkeys(refs, 120):
                        all_seen.set()
                queue.done(work)

        def write(start: int) -> None:
            for version in range(start, 121, 3):
                queue.add([hint(ref, version=version) for ref in refs])

        with ThreadPoolExecutor(7) as pool:
            workers = [pool.submit(work_on) for _ in range(4)]
            writers = [pool.submit(write, start) for start in (1, 2, 3)]
            try:
                for writer in writers:
                    writer.result(timeout=60)
                arrived = all_seen.wait(60)
            finally:
                queue.close()
            for worker in workers:
                worker.result(timeout=60)

        assert clashes == []
        assert arrived


class TestCoalescing:
    def test_the_newest_claim_wins(self, queue: WorkQueue) -> None:
        """The greater created_time stays with its version, whatever comes last."""
        queue.add([hint(version=2, created_time=LATE)])
        queue.add([hint(version=7, created_time=EARLY)])
        merged = took(queue).hint

        assert (merged.version, merged.created_time) == (2, LATE)

    def test_the_urgent_lane_wins(self, queue: WorkQueue) -> None:
        """An event for what the reconcile queued is served as an event."""
        queue.add([hint(A, lane=Lane.RECONCILE)])
        queue.add([hint(A, lane=Lane.EVENT)])
        queue.add([hint(A, lane=Lane.RECONCILE)])

        assert took(queue).hint.lane is Lane.EVENT

    def test_the_earlier_time_wins(self, queue: WorkQueue, clock: Clock) -> None:
        """A hint for now brings forward what was to wait."""
        queue.add([hint(A, not_before=clock.now() + 100)])
        queue.add([hint(A)])

        assert take(queue) is not None

    def test_look_twice_stays(self, queue: WorkQueue) -> None:
        """If any hint asks for a second look, the work does."""
        queue.add([hint(A, look_twice=True)])
        queue.add([hint(A)])

        assert took(queue).hint.look_twice

    def test_doubt_stays(self, queue: WorkQueue) -> None:
        """If any hint doubts what is believed of AWS, the work does."""
        queue.add([hint(A), hint(B, doubt=True)])
        queue.add([hint(A, doubt=True), hint(B)])

        assert [took(queue).hint.doubt, took(queue).hint.doubt] == [True, True]

    def test_a_hint_begins_the_attempts_anew(self, queue: WorkQueue) -> None:
        """After a new hint failed work is due at once, without its past."""
        queue.add([hint(A)])
        fail(queue, took(queue))
        queue.add([hint(A)])

        assert took(queue).attempts == 0


class TestDirtyWhileWorkingMeansAgain:
    def test_one_more_round(self, queue: WorkQueue) -> None:
        """A hint under a lease is worked on after the lease, once, with its claim."""
        queue.add([hint(A, version=1, created_time=EARLY)])
        work = took(queue)
        queue.add([hint(A, version=2, created_time=LATE)])
        queue.add([hint(A, version=2, created_time=LATE)])

        assert queue.done(work) is False
        again = took(queue)
        assert again.hint.version == 2
        assert queue.done(again) is True
        assert take(queue) is None

    def test_without_a_hint_done_forgets(self, queue: WorkQueue) -> None:
        """Work that is done is gone."""
        queue.add([hint(A)])

        assert queue.done(took(queue)) is True
        assert take(queue) is None
        assert queue.pending(A) is None

    def test_retry_is_due_at_once(self, queue: WorkQueue) -> None:
        """A failure of a round that was overtaken does not delay the next one."""
        queue.add([hint(A)])
        work = took(queue)
        queue.add([hint(A)])
        fail(queue, work)

        assert took(queue).attempts == 0

    def test_park_is_overruled(self, queue: WorkQueue) -> None:
        """What was hinted at meanwhile is looked at again before it is parked."""
        queue.add([hint(A)])
        work = took(queue)
        queue.add([hint(A)])
        queue.park(work, cause="VALUE_EMPTY", detail="no key")

        assert took(queue).hint.ref == A

    def test_a_second_look_is_no_third(self, queue: WorkQueue, clock: Clock) -> None:
        """What the round was asked for is done with it; the next has only what came
        since."""
        asked = {"look_twice": True, "doubt": True}
        queue.add([hint(A, **asked, version=1, created_time=EARLY)])
        work = took(queue)
        queue.add([hint(A, lane=Lane.RECONCILE, not_before=clock.now() + 100)])
        queue.done(work)
        clock.advance(101)
        second = took(queue).hint

        assert (second.look_twice, second.doubt) == (False, False)
        assert second.lane is Lane.RECONCILE

    def test_doubt_raised_meanwhile_is_for_the_next_round(
        self, queue: WorkQueue
    ) -> None:
        """What came since its lease is the next round's to look into."""
        queue.add([hint(A)])
        work = took(queue)
        queue.add([hint(A, doubt=True)])
        queue.done(work)

        assert took(queue).hint.doubt

    def test_what_an_event_named_is_for_its_own_round(self, queue: WorkQueue) -> None:
        """The next round is bound by what came since, which may be a removal."""
        queue.add([hint(A, version=2, created_time="2026-11-23T10:00:00Z")])
        work = took(queue)
        queue.add([hint(A, look_twice=True)])
        queue.done(work)
        again = took(queue)

        assert (again.hint.version, again.hint.created_time) == (None, None)
        assert again.hint.look_twice

    def test_a_failed_round_forgets_nothing(self, queue: WorkQueue) -> None:
        """When the round failed, the next one has what both were asked for."""
        queue.add([hint(A, look_twice=True, doubt=True)])
        work = took(queue)
        queue.add([hint(A, lane=Lane.RECONCILE)])
        fail(queue, work)
        again = took(queue).hint

        assert (again.look_twice, again.doubt) == (True, True)
        assert again.lane is Lane.EVENT

    def test_a_timer_set_while_working_waits(
        self, queue: WorkQueue, clock: Clock
    ) -> None:
        """A worker that asks for a later look does not get it at once."""
        queue.add([hint(A)])
        work = took(queue)
        queue.add([hint(A, not_before=clock.now() + 100)])

        assert queue.done(work) is False
        assert take(queue) is None
        clock.advance(101)
        assert take(queue) is not None

    def test_a_timer_does_not_undo_the_backoff(
        self, queue: WorkQueue, clock: Clock
    ) -> None:
        """Work that fails after it set a timer waits, and counts its attempts."""
        queue.add([hint(A)])
        for attempt in range(3):
            work = took(queue)
            assert work.attempts == attempt
            queue.add([hint(A, not_before=clock.now() + 1000)])
            fail(queue, work, delay=30)
            assert take(queue) is None
            clock.advance(31)


class TestRequestsBehind:
    """What log lines and traces name as the reason of a round."""

    def test_all_that_came_are_handed_out(self, queue: WorkQueue) -> None:
        """The newest is the last, and one of which two forwarders told is one."""
        queue.add([hint(A, requests=(FIRST,))])
        queue.add([hint(A, requests=(SECOND,)), hint(A, requests=(FIRST,)), hint(A)])

        assert took(queue).hint.requests == (FIRST, SECOND)

    def test_a_retry_is_for_the_same(self, queue: WorkQueue) -> None:
        """They wait for the round that works."""
        queue.add([hint(A, requests=(FIRST,))])
        work = took(queue)
        queue.add([hint(A, requests=(SECOND,))])
        fail(queue, work, delay=0)

        assert took(queue).hint.requests == (FIRST, SECOND)

    def test_what_is_answered_is_not_named_again(self, queue: WorkQueue) -> None:
        """One more round is for what came during the first."""
        queue.add([hint(A, requests=(FIRST,))])
        work = took(queue)
        queue.add([hint(A, requests=(SECOND,))])
        queue.done(work)
        again = took(queue)
        queue.done(again)
        queue.add([hint(A)])

        assert again.hint.requests == (SECOND,)
        assert took(queue).hint.requests == ()

    def test_there_are_never_many(self, queue: WorkQueue) -> None:
        """However often a secret is written, a few are remembered."""
        queue.add([hint(A, requests=(VaultRequest(str(n)),)) for n in range(1_000)])

        requests = took(queue).hint.requests
        assert len(requests) == MOST_REQUESTS
        assert requests[-1] == VaultRequest("999")


class TestLease:
    def test_expiry_frees_the_work(self, queue: WorkQueue, clock: Clock) -> None:
        """Work whose lease ran out is given to somebody else."""
        queue.add([hint(A)])
        took(queue)
        clock.advance(61)

        assert take(queue) is not None

    def test_expiry_ends_a_wait(self, queue: WorkQueue) -> None:
        """A waiting worker gets expired work without a signal."""
        queue.add([hint(A)])
        queue.take(BOTH, lease=0.05, timeout=0)

        assert waited_for(queue) is not None

    def test_who_lost_it_changes_nothing(self, queue: WorkQueue, clock: Clock) -> None:
        """The late holder of an expired lease can neither finish, delay nor park."""
        queue.add([hint(A)])
        lost = took(queue)
        clock.advance(61)
        held = took(queue)

        assert queue.done(lost) is False
        fail(queue, lost)
        queue.park(lost, cause="VALUE_EMPTY", detail="")
        assert take(queue) is None
        assert queue.done(held) is True

    def test_done_too_late_repeats(self, queue: WorkQueue, clock: Clock) -> None:
        """Expired work stays queued even if nobody else has taken it yet."""
        queue.add([hint(A)])
        lost = took(queue)
        clock.advance(61)

        assert queue.done(lost) is False
        assert take(queue) is not None

    @pytest.mark.parametrize("seconds", [-7200, 7200])
    def test_a_clock_that_jumps_ends_no_lease(
        self, queue: WorkQueue, clock: Clock, seconds: float
    ) -> None:
        """Setting the wall clock lets no second worker at a secret."""
        queue.add([hint(A)])
        work = took(queue)
        clock.jump(seconds)

        assert take(queue) is None
        assert queue.done(work) is True


class TestRetryAndPark:
    def test_retry_waits_its_delay(self, queue: WorkQueue, clock: Clock) -> None:
        """Failed work is due after its delay, one attempt more, waiting since ever."""
        queue.add([hint(A)])
        first = took(queue)
        fail(queue, first, delay=30)

        assert take(queue) is None
        assert queue.pending(A) == "VAULT_SEALED"
        clock.advance(31)
        second = took(queue)
        assert (second.attempts, second.since) == (1, first.since)

    def test_parked_work_waits_for_a_hint(self, queue: WorkQueue, clock: Clock) -> None:
        """Parked work is not taken, however long; a new hint makes it due."""
        queue.add([hint(A)])
        queue.park(took(queue), cause="VALUE_EMPTY", detail="no key")
        clock.advance(10_000)

        assert take(queue) is None
        assert queue.pending(A) is None
        assert queue.backlog().parked == {"VALUE_EMPTY": 1}
        queue.add([hint(A)])
        assert queue.backlog().parked == {}
        assert took(queue).attempts == 0

    def test_unpark(self, queue: WorkQueue) -> None:
        """Unparked work is due at once, behind the events."""
        queue.add([hint(A)])
        queue.park(took(queue), cause="VALUE_EMPTY", detail="no key")

        assert queue.unpark() == 1
        assert took(queue).hint.lane is Lane.RECONCILE
        assert queue.unpark() == 0

    def test_unpark_for_a_cause(self, queue: WorkQueue) -> None:
        """Only what was parked for one of the causes is due, and keeps its doubt."""
        queue.add([hint(A), hint(B, doubt=True), hint(C)])
        for cause in ("VALUE_EMPTY", "KMS_DENIED", "BRAKE"):
            queue.park(took(queue), cause=cause, detail="")

        assert queue.unpark([]) == 0
        assert queue.unpark({"KMS_DENIED", "AWS_DENIED"}) == 1
        work = took(queue)
        assert (work.hint.ref, work.hint.doubt) == (B, True)
        assert take(queue) is None
        assert queue.unpark(["VALUE_EMPTY", "BRAKE"]) == 2


class TestHasten:
    def test_what_waits_for_a_cause_is_due(self, queue: WorkQueue) -> None:
        """At once, and as if it had never failed; what waits for another stays."""
        queue.add([hint(A, version=7), hint(B)])
        queue.retry(took(queue), delay=3600, cause="PAUSED", detail="by oncall")
        fail(queue, took(queue), delay=3600)

        assert queue.hasten(["PAUSED"]) == 1
        assert queue.pending(A) == ""
        work = took(queue)
        assert (work.hint.ref, work.hint.version, work.attempts) == (A, 7, 0)
        assert take(queue) is None

    def test_a_worker_that_waits_gets_it(self, queue: WorkQueue) -> None:
        """Without anything else having to happen."""
        queue.add([hint(A)])
        queue.retry(took(queue), delay=3600, cause="PAUSED", detail="")
        with ThreadPoolExecutor(1) as pool:
            wait = pool.submit(queue.take, BOTH, lease=60, timeout=None)
            queue.hasten(["PAUSED"])

            work = wait.result(timeout=20)
            assert work is not None
            assert work.hint.ref == A

    def test_nobody_gets_what_is_worked_on(self, queue: WorkQueue) -> None:
        """Work under a lease stays under it."""
        queue.add([hint(A)])
        queue.retry(took(queue), delay=0, cause="PAUSED", detail="")
        work = took(queue)
        queue.hasten(["PAUSED"])

        assert take(queue) is None
        assert queue.done(work) is True

    def test_what_is_parked_stays_so(self, queue: WorkQueue) -> None:
        """It waits for somebody."""
        queue.add([hint(A)])
        queue.park(took(queue), cause="PAUSED", detail="")

        assert queue.hasten(["PAUSED"]) == 0
        assert take(queue) is None


class TestBacklog:
    def test_counts_what_waits(self, queue: WorkQueue, clock: Clock) -> None:
        """Pending is what waits, in work or after a failure; timers are not."""
        before = clock.now()
        queue.add([hint(A), hint(B), hint(C, not_before=before + 1000)])
        fail(queue, took(queue))
        took(queue)
        backlog = queue.backlog()

        assert (backlog.pending, backlog.parked) == (2, {})
        assert backlog.oldest is not None
        assert before <= backlog.oldest <= clock.now()
        assert queue.pending(B) == ""
        assert queue.pending(C) is None

    def test_empty(self, queue: WorkQueue) -> None:
        """Nothing waits since never."""
        assert (queue.backlog().pending, queue.backlog().oldest) == (0, None)


class TestShutdownWakes:
    def test_everybody_who_waits(self, queue: WorkQueue) -> None:
        """Closing ends every wait, also those without a time-out."""
        with ThreadPoolExecutor(3) as pool:
            waits = [
                pool.submit(queue.take, BOTH, lease=60, timeout=None) for _ in range(3)
            ]
            queue.close()

            assert [wait.result(timeout=30) for wait in waits] == [None] * 3

    def test_nothing_is_taken_in(self, queue: WorkQueue) -> None:
        """A closed queue acknowledges nothing, but lets work in flight end."""
        queue.add([hint(A)])
        work = took(queue)
        queue.close()

        with pytest.raises(QueueUnavailable):
            queue.add([hint(B)])
        assert queue.done(work) is True


class TestWaiting:
    def test_a_hint_wakes_a_worker(self, queue: WorkQueue) -> None:
        """A worker that waits gets new work at once."""
        with ThreadPoolExecutor(1) as pool:
            wait = pool.submit(queue.take, BOTH, lease=60, timeout=None)
            queue.add([hint(A)])

            work = wait.result(timeout=30)
            assert work is not None
            assert work.hint.ref == A

    def test_time_out(self, queue: WorkQueue) -> None:
        """Without work there is None in the end."""
        assert take(queue, timeout=0.01) is None

    def test_adding_nothing(self, queue: WorkQueue) -> None:
        """An empty list is taken, and means nothing."""
        queue.add([])

        assert take(queue) is None


class TestStanding:
    def test_what_is_not_queued_does_not_stand(self, queue: WorkQueue) -> None:
        """Nor does what was done; a request path is another key."""
        queue.add([hint(A)])
        queue.done(took(queue))
        queue.add([hint(B, unresolved=True)])

        assert queue.standing((A, False)) is None
        assert queue.standing((B, False)) is None
        assert queue.standing((B, True)) is not None

    def test_its_turn(self, queue: WorkQueue, clock: Clock) -> None:
        """How many were due before it, whatever waits for later or is parked."""
        queue.add([hint(C)])
        queue.park(took(queue), cause="VALUE_EMPTY", detail="")
        queue.add([hint(A, lane=Lane.RECONCILE), hint(B)])
        queue.add([hint(SecretRef("", "kv", "later"), not_before=clock.now() + 100)])
        first, second = queue.standing((B, False)), queue.standing((A, False))

        assert first is not None
        assert second is not None
        assert (first.ahead, second.ahead) == (0, 1)
        assert first.is_pending(clock.now())

    def test_a_failure(self, queue: WorkQueue, clock: Clock) -> None:
        """Why, how often, and when it is tried again."""
        queue.add([hint(A)])
        fail(queue, took(queue), delay=30)
        found = queue.standing((A, False))

        assert found is not None
        assert (found.cause, found.detail, found.attempts) == (
            "VAULT_SEALED",
            "sealed",
            1,
        )
        assert 0 < found.due - clock.now() <= 30
        assert (found.parked, found.taken) == (False, False)
        assert found.is_pending(clock.now())

    def test_parked_and_taken(self, queue: WorkQueue) -> None:
        """A worker has it now; then nobody has."""
        queue.add([hint(A)])
        work = took(queue)
        taken = queue.standing((A, False))
        queue.park(work, cause="VALUE_EMPTY", detail="empty")
        parked = queue.standing((A, False))

        assert taken is not None
        assert parked is not None
        assert (taken.taken, taken.parked) == (True, False)
        assert (parked.taken, parked.parked) == (False, True)

    def test_what_waits_for_its_time(self, queue: WorkQueue, clock: Clock) -> None:
        """Is queued and nothing to do yet."""
        queue.add([hint(A, not_before=clock.now() + 100)])
        found = queue.standing((A, False))

        assert found is not None
        assert not found.is_pending(clock.now())
