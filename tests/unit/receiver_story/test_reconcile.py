"""The comparison of Vault's listing with the journal, and when it runs."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

import pytest

from receiver.core.causes import Cause, Temporary
from receiver.core.rules import Rule
from receiver.core.state import Entry, Gone, Lane, Mount, SecretRef, State, Truth, Value
from receiver.reconcile import Comparison, Report
from receiver.reconciler import Reconciler, Schedule
from tests.fakes import Clock, FakeJournal, FakeQueue, FakeSource

CREATED = "2026-11-23T10:00:00.5Z"


def ref(path: str, mount: str = "kv") -> SecretRef:
    """A secret in the root namespace."""
    return SecretRef("", mount, path)


@dataclass
class Bench:
    """One rule over two KV mounts, and what a comparison would queue."""

    rule: Rule = field(
        default_factory=lambda: Rule(name="all", mount="kv", exclude=("tmp/**",))
    )

    def __post_init__(self) -> None:
        self.clock = Clock()
        self.queue = FakeQueue(self.clock.now, self.clock.steady)
        self.journal = FakeJournal()
        self.source = FakeSource(
            Mount("", "kv", 2, "kv_1"),
            Mount("", "kv2", 2, "kv_2"),
            Mount("", "old", 1, "kv_3"),
        )
        self.comparison = Comparison(
            source=self.source,
            journal=self.journal,
            queue=self.queue,
            rules=lambda: (self.rule,),
        )

    def vault(self, path: str, truth: Truth, mount: str = "kv") -> None:
        self.source.secrets[ref(path, mount)] = truth

    def known(self, path: str, state: State = State.IN_SYNC, version: int = 1) -> None:
        """The journal holds this version."""
        entry = Entry(
            ref=ref(path),
            rule="all",
            name=path,
            state=state,
            version=version,
            created_time=CREATED,
        )
        assert self.journal.record(entry, expected=None)

    def compare(self, *, thorough: bool = False) -> Report:
        return self.comparison.run(thorough=thorough)

    @property
    def queued(self) -> list[str]:
        return [hint.ref.path for hint in self.queue.hints]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_what_agrees_is_not_queued(bench: Bench) -> None:
    """Same version, same time."""
    bench.vault("a", Value("x", 1, CREATED))
    bench.known("a")
    report = bench.compare()

    assert bench.queued == []
    assert report.compared == 1
    assert report.failures == ()


@pytest.mark.parametrize(
    "truth",
    [Value("x", 2, CREATED), Value("x", 1, "2026-11-23T11:00:00Z"), Gone(1, CREATED)],
)
def test_what_differs_is_queued_behind_the_events(bench: Bench, truth: Truth) -> None:
    """Another version, the same number anew, a deleted one."""
    bench.vault("a", truth)
    bench.known("a")
    bench.compare()

    assert bench.queued == ["a"]
    assert bench.queue.hints[0].lane is Lane.RECONCILE


def test_who_opted_out_while_nobody_listened_is_noticed(bench: Bench) -> None:
    """Though the version is the same; and once it is known, no more."""
    out = {"replicate": "false"}
    bench.vault("a", Value("x", 1, CREATED, custom_metadata=out))
    bench.vault("new", Value("x", 1, CREATED, custom_metadata=out))
    bench.known("a")
    bench.known("b", State.ORPHANED)
    bench.vault("b", Value("x", 1, CREATED, custom_metadata=out))
    bench.compare()

    assert bench.queued == ["a"]


def test_what_is_new_is_queued(bench: Bench) -> None:
    """Written while nobody listened."""
    bench.vault("a", Value("x", 1, CREATED))
    bench.vault("tmp/b", Value("x", 1, CREATED))
    bench.vault("c", Value("x", 1, CREATED), mount="kv2")
    bench.compare()

    assert bench.queued == ["a"]


@pytest.mark.parametrize("state", [State.PARKED, State.CONFLICT, State.HELD])
def test_what_is_stuck_is_tried_again(bench: Bench, state: State) -> None:
    """Though the version is the same."""
    bench.vault("a", Value("x", 1, CREATED))
    bench.known("a", state)
    bench.compare()

    assert bench.queued == ["a"]


def test_what_is_no_longer_listed_is_queued(bench: Bench) -> None:
    """The worker confirms by a read of its own before anything is deleted."""
    bench.vault("a", Value("x", 1, CREATED))
    bench.known("a")
    bench.known("gone")
    bench.known("deleted", State.DELETING)
    bench.compare()

    assert bench.queued == ["gone"]


def test_an_emptied_listing_deletes_nothing(bench: Bench) -> None:
    """A restored snapshot, another cluster: reported, and the gap stays."""
    bench.known("a")
    bench.journal.add_gap(["**"], "connection", None)
    report = bench.compare()

    assert bench.queued == []
    assert len(report.failures) == 1
    assert len(bench.journal.gaps()) == 1


def test_a_failed_listing_deletes_nothing(bench: Bench) -> None:
    """Nothing is concluded from half a listing."""
    bench.known("a")
    bench.source.failure = Temporary(Cause.VAULT_SEALED, "list: Vault answered 503")
    report = bench.compare()

    assert bench.queued == []
    assert "VAULT_SEALED" in report.failures[0]


def test_a_gap_is_cleared_by_a_run_that_began_after_it(bench: Bench) -> None:
    """And one that comes during the run waits for the next."""
    bench.journal.add_gap(["**"], "connection", None)
    listing = bench.source.versions

    def meanwhile(namespace: str, mount: str) -> object:
        bench.journal.add_gap(["**"], "overflow", None)
        return listing(namespace, mount)

    bench.source.versions = meanwhile  # type: ignore[method-assign,assignment]  # a gap in between
    bench.compare()

    assert [gap.reason for gap in bench.journal.gaps()] == ["overflow"]


def test_secrets_without_versions_are_always_looked_at(bench: Bench) -> None:
    """KV v1: only the value tells, and the worker reads it."""
    bench.rule = replace(bench.rule, mount="old")
    bench.vault("a", Value("x"), mount="old")
    bench.compare()

    assert bench.queued == ["a"]


def test_deleted_secrets_nobody_knows_are_looked_at_once(bench: Bench) -> None:
    """After the journal was lost AWS may still hold them."""
    bench.vault("a", Gone(1, CREATED))
    bench.compare()
    assert bench.queued == []

    bench.compare(thorough=True)
    assert bench.queued == ["a"]


def test_a_glob_finds_its_mounts(bench: Bench) -> None:
    """Those that Vault has now."""
    bench.rule = replace(bench.rule, mount="kv*")
    bench.vault("a", Value("x", 1, CREATED))
    bench.vault("b", Value("x", 1, CREATED), mount="kv2")
    bench.compare()

    assert bench.queued == ["a", "b"]


def test_one_mount_that_fails_does_not_stop_the_others(bench: Bench) -> None:
    """Its failure is named, the gap stays, and the rest is compared."""
    bench.rule = replace(bench.rule, mount="kv*")
    bench.vault("b", Value("x", 1, CREATED), mount="kv2")
    bench.known("a")  # of a mount whose listing is now empty
    bench.journal.add_gap(["**"], "connection", None)
    report = bench.compare()

    assert bench.queued == ["b"]
    assert len(report.failures) == 1
    assert "kv: the listing is empty" in report.failures[0]
    assert len(bench.journal.gaps()) == 1


class _Runs:
    """Counts the runs; a test waits for the next one."""

    def __init__(self, *reports: Report) -> None:
        self.reports = list(reports)
        self.thorough: list[bool] = []
        self.ran = threading.Semaphore(0)

    def run(self, *, thorough: bool) -> Report:
        self.thorough.append(thorough)
        self.ran.release()
        return self.reports.pop(0) if self.reports else Report(0, {}, (), 0.0)

    def reconciled(self, seconds: float, changes: dict[str, int], now: float) -> None:
        pass


@pytest.mark.parametrize("interval", [None, 3600.0])
@pytest.mark.parametrize("at_start", [True, False])
def test_it_runs_at_start_and_again_when_asked(
    interval: float | None, at_start: bool
) -> None:
    """A failed run is repeated, thoroughly, until one has seen everything."""
    runs = _Runs(Report(0, {}, ("kv: sealed",), 0.0))
    reconciler = Reconciler(
        runs,  # type: ignore[arg-type]  # as much of a Comparison as it needs
        FakeQueue(),
        Schedule(interval, thorough_first=at_start, pause=(0.0, 0.01)),
        report=runs,
        now=lambda: 0.0,
    )
    reconciler.start()
    assert runs.ran.acquire(timeout=30)
    assert runs.ran.acquire(timeout=30)
    reconciler.soon()
    assert runs.ran.acquire(timeout=30)
    reconciler.stop()
    reconciler.join(30)

    assert runs.thorough == [at_start, at_start, False]
