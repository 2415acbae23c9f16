"""Every reference that is taken ends in done, retry or park."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from structlog.testing import capture_logs

from receiver.core.causes import Cause, Permanent, Temporary
from receiver.core.retry import SECOND_LOOK
from receiver.core.state import Hint, Lane, Mount, SecretRef, VaultRequest, Work
from receiver.ports import QueueUnavailable
from receiver.replicate import Outcome
from receiver.worker import LEASE, Rounds, Workers
from tests.fakes import Clock, FakeQueue, FakeSource

REF = SecretRef("", "kv", "a")
DONE = Outcome(ref=REF, rule="all", name="kv/a", action="update", lag=0.2)


@dataclass
class Bench:
    """One worker's round at a time, with what it told to whom."""

    clock: Clock = field(default_factory=Clock)
    told: list[SecretRef] = field(default_factory=list)
    results: list[tuple[str, str, str, float | None]] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue = FakeQueue(self.clock.now, self.clock.steady)
        self.source = FakeSource(Mount("", "kv", 2, "kv_1"), cached=False)

    def changed(self, ref: SecretRef) -> None:
        self.told.append(ref)

    def applied(self, rule: str, action: str, result: str, lag: float | None) -> None:
        self.results.append((rule, action, result, lag))

    def stage(self, stage: str, seconds: float) -> None:
        self.stages.append(stage)

    def run(self, hint: Hint, replicate: Callable[[Work], Sequence[Outcome]]) -> None:
        """Queue the hint and work on it once."""
        self.queue.add([hint])
        work = self.take()
        assert work is not None
        self.rounds(replicate).run(work)

    def rounds(self, replicate: Callable[[Work], Sequence[Outcome]]) -> Rounds:
        return Rounds(
            queue=self.queue,
            source=self.source,
            replicate=replicate,
            watchers=[self],
            report=self,
            now=self.clock.now,
        )

    def take(self) -> Work | None:
        return self.queue.take(tuple(Lane), lease=LEASE, timeout=0)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def raising(error: Exception) -> Callable[[Work], Sequence[Outcome]]:
    """A round that fails."""

    def replicate(_: Work) -> Sequence[Outcome]:
        raise error

    return replicate


def test_what_worked_is_done(bench: Bench) -> None:
    """Gone from the queue, counted, and told to who waits."""
    bench.run(Hint(ref=REF), lambda _: [DONE])

    assert bench.queue.hints == []
    assert bench.results == [("all", "update", "ok", 0.2)]
    assert bench.told == [REF]


def test_a_line_leads_to_the_request_in_vault(bench: Bench) -> None:
    """What worked and what did not name the newest request they are about, and of how
    many; a comparison's work names none."""
    requests = (VaultRequest("first"), VaultRequest("second"))
    hint = Hint(ref=REF, requests=requests)
    with capture_logs() as lines:
        bench.run(hint, lambda _: [DONE])
        bench.run(hint, raising(Permanent(Cause.VALUE_TOO_LARGE, "70 kB")))
        bench.run(Hint(ref=replace(REF, path="b")), lambda _: [DONE])

    assert [(line["request_id"], line["requests"]) for line in lines] == [
        ("second", 2),
        ("second", 2),
        (None, 0),
    ]


def test_what_keeps_failing_is_told_ever_more_seldom(bench: Bench) -> None:
    """A sealed Vault with ten thousand secrets waiting must not fill a disk; the log
    at level debug has every try."""
    vault_is_sealed = raising(Temporary(Cause.VAULT_SEALED, "503", after=0.0))
    bench.queue.add([Hint(ref=REF)])
    with capture_logs() as lines:
        for _ in range(20):
            work = bench.take()
            assert work is not None
            bench.rounds(vault_is_sealed).run(work)

    told = [line["attempts"] for line in lines if line["log_level"] == "warning"]
    assert told == [0, 1, 2, 4, 8, 16]
    assert len(lines) == len(bench.results) == 20


def test_what_is_parked_is_always_told(bench: Bench) -> None:
    """However often it was tried before: nobody tries it again by himself."""
    bench.queue.add([Hint(ref=REF)])
    fails = raising(Temporary(Cause.VAULT_SEALED, "503", after=0.0))
    parks = raising(Permanent(Cause.VALUE_TOO_LARGE, "70 kB"))
    with capture_logs() as lines:
        for story in (fails, fails, fails, parks):
            work = bench.take()
            assert work is not None
            bench.rounds(story).run(work)

    assert (lines[-1]["log_level"], lines[-1]["attempts"]) == ("warning", 3)


def test_the_stages_of_a_round_are_timed(bench: Bench) -> None:
    """How long it was queued is told of the first try alone: later ones wait long
    for a reason."""
    bench.run(Hint(ref=REF), raising(Temporary(Cause.VAULT_SEALED, "503", after=0.0)))
    again = bench.take()
    assert again is not None
    bench.rounds(lambda _: [DONE]).run(again)

    assert bench.stages == ["queued", "round", "settle", "round"]


def test_a_change_without_a_version_is_looked_at_twice(bench: Bench) -> None:
    """Some seconds later once more, and then no more."""
    bench.run(Hint(ref=REF, look_twice=True), lambda _: [DONE])

    assert bench.take() is None
    bench.clock.advance(SECOND_LOOK + 0.1)
    again = bench.take()
    assert again is not None
    assert not again.hint.look_twice


def test_a_version_that_expires_is_looked_at_when_it_has(bench: Bench) -> None:
    """Vault deletes it without a word, so a timer waits in the queue."""
    expiring = replace(DONE, expires=bench.clock.now() + 3600)
    bench.run(Hint(ref=REF), lambda _: [expiring])

    assert bench.take() is None
    bench.clock.advance(3601)
    assert bench.take() is not None


def test_a_temporary_failure_comes_back_later(bench: Bench) -> None:
    """With the delay that the failure asks for."""
    failure = Temporary(Cause.AWS_THROTTLED, "x", after=30)
    bench.run(Hint(ref=REF), raising(failure))

    assert bench.take() is None
    bench.clock.advance(31)
    again = bench.take()
    assert again is not None
    assert again.attempts == 1


def test_a_permanent_failure_is_parked(bench: Bench) -> None:
    """Until a new hint comes."""
    bench.run(Hint(ref=REF), raising(Permanent(Cause.VALUE_TOO_LARGE, "x")))

    assert bench.queue.backlog().parked == {"VALUE_TOO_LARGE": 1}
    assert bench.told == [REF]
    bench.queue.add([Hint(ref=REF)])
    assert bench.take() is not None


def test_a_bug_costs_a_retry_and_not_a_worker(bench: Bench) -> None:
    """Whatever is raised; and only its type is kept, messages can hold anything."""
    bench.run(Hint(ref=REF), raising(KeyError("a secret value")))
    bench.clock.advance(1)

    assert bench.queue.pending(REF) == "INTERNAL"
    assert bench.take() is not None


def test_a_path_of_an_unknown_mount_is_resolved(bench: Bench) -> None:
    """Vault is asked once, and the secret itself is queued."""
    request = SecretRef("", "kv", "undelete/a")
    bench.run(Hint(ref=request, unresolved=True, look_twice=True), lambda _: [])
    work = bench.take()

    assert work is not None
    assert (work.hint.ref, work.hint.unresolved) == (REF, False)
    assert work.hint.look_twice


def test_a_path_that_is_about_no_secret_is_dropped(bench: Bench) -> None:
    """The mount's own configuration."""
    bench.run(Hint(ref=SecretRef("", "kv", "config"), unresolved=True), lambda _: [])

    assert bench.queue.hints == []


def test_an_unknown_mount_waits_for_vault(bench: Bench) -> None:
    """While Vault is away nothing is lost."""
    bench.source.failure = Temporary(Cause.VAULT_UNREACHABLE, "x")
    request = SecretRef("", "kv", "data/a")
    bench.run(Hint(ref=request, unresolved=True), lambda _: [])

    assert [hint.ref for hint in bench.queue.hints] == [request]


def test_events_find_a_free_worker_while_the_reconcile_is_busy() -> None:
    """Some workers never take what the reconcile found."""
    queue, release = FakeQueue(), threading.Event()
    event_done = threading.Event()

    def run(work: Work) -> None:
        if work.hint.lane is Lane.RECONCILE:
            assert release.wait(30)
        else:
            event_done.set()
        queue.done(work)

    workers = Workers(queue, run, count=4)
    queue.add(
        [Hint(ref=SecretRef("", "kv", f"r{n}"), lane=Lane.RECONCILE) for n in range(9)]
    )
    workers.start()
    queue.add([Hint(ref=REF)])
    was_served = event_done.wait(30)
    release.set()
    queue.close()

    assert was_served
    assert workers.join(30)


def test_a_full_disk_costs_a_pause_and_not_a_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the queue cannot write is done again later."""
    monkeypatch.setattr("receiver.worker._QUEUE_RETRY", 0.0)
    queue, served = FakeQueue(), threading.Event()
    failures = iter([QueueUnavailable("full"), QueueUnavailable("full")])

    def run(work: Work) -> None:
        if failure := next(failures, None):
            queue.retry(work, delay=0, cause="", detail="")
            raise failure
        queue.done(work)
        served.set()

    workers = Workers(queue, run, count=1)
    queue.add([Hint(ref=REF)])
    workers.start()
    was_served = served.wait(30)
    queue.close()

    assert was_served
    assert workers.join(30)


@pytest.mark.parametrize(
    "hint",
    [
        pytest.param(Hint(ref=REF, look_twice=True), id="the second look"),
        pytest.param(
            Hint(ref=replace(REF, path="data/a"), unresolved=True), id="the secret"
        ),
    ],
)
def test_what_a_full_disk_kept_from_being_queued_is_done_soon(
    bench: Bench, hint: Hint
) -> None:
    """Not when a lease ends that nobody works under."""
    bench.queue.add([hint])
    work = bench.take()
    assert work is not None
    bench.queue.full = True
    with pytest.raises(QueueUnavailable):
        bench.rounds(lambda _: [DONE]).run(work)
    bench.queue.full = False

    bench.clock.advance(LEASE / 10)

    again = bench.take()
    assert again is not None
    assert again.hint.ref == hint.ref


def test_a_round_that_the_queue_cannot_record_says_so(bench: Bench) -> None:
    """Instead of taking it for a failure of the secret."""

    def replicate(_: Work) -> Sequence[Outcome]:
        raise QueueUnavailable("full")

    with pytest.raises(QueueUnavailable):
        bench.run(Hint(ref=REF), replicate)
    assert bench.results == []
