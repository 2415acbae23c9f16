"""When it compares, and what becomes of a wish."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from receiver.comparison.comparing import Extent
from receiver.comparison.runs import Runs
from receiver.comparison.timetable import Schedule
from receiver.core.causes import Cause, Permanent
from receiver.core.scope import Scope
from receiver.core.wish import UnknownPlan, Wish
from receiver.reconcile import Report
from receiver.reconciler import Reconciler
from tests.unit.receiver_comparing.conftest import World, ref

DEADLINE = 30.0


@dataclass
class Kept:
    """Plans in memory."""

    documents: dict[str, str] = field(default_factory=dict)

    def keep(self, plan_id: str, document: str) -> None:
        self.documents[plan_id] = document

    def find(self, plan_id: str) -> str | None:
        return self.documents.get(plan_id)


class Watched:
    """A comparison that tells of each run, and can be made to wait or fail."""

    def __init__(self, world: World) -> None:
        self._comparison = world.comparison
        self.extents: list[Extent] = []
        self.unparked = 0
        self.began, self.ran = threading.Semaphore(0), threading.Semaphore(0)
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.errors: list[Exception] = []

    def run(self, extent: Extent, *rest: Any) -> Report:
        self.extents.append(extent)
        self.began.release()
        assert self.may_go_on.wait(DEADLINE)
        try:
            if self.errors:
                raise self.errors.pop(0)
            return self._comparison.run(extent, *rest)
        finally:
            self.ran.release()

    def plan(self, scope: Scope) -> dict[str, Any]:
        return self._comparison.plan(scope)

    def unpark(self) -> int:
        self.unparked += 1
        return self._comparison.unpark()

    def reconciled(self, seconds: float, changes: dict[str, int], now: float) -> None:
        self.changes = changes


@dataclass
class Bench:
    """A reconciler over both sides in memory."""

    world: World
    schedule: Schedule = Schedule(None, pause=(0.0, 0.01))  # noqa: RUF009 it is frozen

    def __post_init__(self) -> None:
        self.watched = Watched(self.world)
        self.plans = Kept()
        self.reconciler = Reconciler(
            self.watched,  # type: ignore[arg-type]  # as much of a Comparison as it needs
            self.schedule,
            runs=Runs(self.world.queue, self.world.journal),
            plans=self.plans,
            report=self.watched,
            now=self.world.clock.now,
        )

    def wait_for_run(self) -> None:
        assert self.watched.ran.acquire(timeout=DEADLINE)

    def wait_until_begun(self) -> None:
        assert self.watched.began.acquire(timeout=DEADLINE)

    def document(self, run_id: str) -> dict[str, Any]:
        found = self.reconciler.run(run_id)
        assert found is not None
        return found

    def wait_for_state(self, run_id: str, *states: str) -> dict[str, Any]:
        """The run's thread needs a moment after its comparison."""
        pause = threading.Event()
        for _ in range(3000):
            if (document := self.document(run_id))["state"] in states:
                return document
            pause.wait(0.01)
        raise AssertionError(f"never in {states}: {document['state']}")


@pytest.fixture
def bench(world: World) -> Iterator[Bench]:
    made = Bench(world)
    yield made
    made.watched.may_go_on.set()
    made.reconciler.stop()
    assert made.reconciler.join(DEADLINE)


def start_quietly(bench: Bench) -> None:
    """Started, and the run at start has ended."""
    bench.reconciler.start()
    bench.wait_for_run()
    bench.wait_until_begun()


def test_the_first_run_is_with_aws_and_the_next_as_asked(bench: Bench) -> None:
    """A gap needs Vault's listing alone."""
    start_quietly(bench)
    bench.reconciler.soon()
    bench.wait_for_run()

    assert [extent.quick for extent in bench.watched.extents] == [False, True]
    assert bench.watched.unparked == 1


def test_a_failed_run_is_tried_again_in_the_same_way(bench: Bench) -> None:
    """An error of ours must not end all later runs either."""
    bench.watched.errors = [RuntimeError("a bug"), RuntimeError("again")]
    bench.reconciler.start()
    for _ in range(3):
        bench.wait_for_run()

    assert [extent.quick for extent in bench.watched.extents] == [False] * 3
    assert bench.watched.unparked == 1


def test_a_plan_is_kept_and_can_be_carried_out(bench: Bench, world: World) -> None:
    """Nothing else of what differs by then is done."""
    start_quietly(bench)
    world.write("a")
    plan = bench.reconciler.plan(Scope())
    assert json.loads(bench.plans.documents[plan["id"]]) == plan

    world.write("b")
    run_id = bench.reconciler.request(Wish(if_plan=plan["id"], by="oncall"))
    bench.wait_for_state(run_id, "applying")
    assert world.queued == ["a"]


def test_an_unknown_plan_is_refused(bench: Bench) -> None:
    """It may be over a day old."""
    with pytest.raises(UnknownPlan):
        bench.reconciler.request(Wish(if_plan="7f3a9c"))


def test_a_plan_is_carried_out_within_the_wish(bench: Bench, world: World) -> None:
    """Of a plan over everything only a part may be wanted."""
    start_quietly(bench)
    world.write("a")
    world.write("b")
    plan = bench.reconciler.plan(Scope())
    wish = Wish(if_plan=plan["id"], scope=Scope(path="b"))
    bench.wait_for_state(bench.reconciler.request(wish), "applying")

    assert world.queued == ["b"]


def test_wishes_during_a_run_are_met_by_one_more(bench: Bench, world: World) -> None:
    """Over all that was wished for."""
    start_quietly(bench)
    bench.watched.may_go_on.clear()
    first = bench.reconciler.request(Wish(scope=Scope(path="x")))
    bench.wait_until_begun()
    for path in ("a", "b", "c"):
        world.write(path)
    wishes = [Wish(scope=Scope(path=path)) for path in ("a", "b")]
    second, third = [bench.reconciler.request(wish) for wish in wishes]
    assert bench.document(second)["state"] == "waiting"
    assert second == third != first

    bench.watched.may_go_on.set()
    bench.wait_for_state(second, "applying")
    assert world.queued == ["a", "b"]


def test_the_run_that_was_asked_for_follows_its_work(
    bench: Bench, world: World
) -> None:
    """From waiting to done."""
    start_quietly(bench)
    world.write("a")
    run_id = bench.reconciler.request(Wish())
    bench.wait_for_state(run_id, "applying")
    world.drain()
    bench.reconciler.changed(ref("a"))

    assert bench.document(run_id)["done"] == {"create": 1}
    assert bench.document(run_id)["state"] == "done"


def test_a_run_that_broke_has_failed(bench: Bench) -> None:
    """Whoever asked for it is told."""
    start_quietly(bench)
    bench.watched.errors = [RuntimeError("a bug")]
    document = bench.wait_for_state(bench.reconciler.request(Wish()), "failed")

    assert "see the log" in document["faults"][0]


def test_what_came_out_is_told(bench: Bench, world: World) -> None:
    """To the metrics by kind, and to the status; a part of everything is not."""
    world.write("a")
    start_quietly(bench)
    run_id = bench.reconciler.request(Wish(scope=Scope(path="none")))
    bench.wait_for_state(run_id, "done")

    assert bench.watched.changes == {"create": 1}
    assert bench.reconciler.last is not None
    assert bench.reconciler.last.compared == 1
    assert bench.reconciler.last_at is not None


def test_the_last_few_are_remembered(bench: Bench) -> None:
    """In the order in which they ended, those of everything alone, and not for ever."""
    start_quietly(bench)
    counts = []
    for scope in (Scope(path="none"), *[Scope()] * 12):
        bench.wait_for_state(bench.reconciler.request(Wish(scope=scope)), "done")
        counts.append(len(bench.reconciler.recent))
    recent = bench.reconciler.recent

    assert counts == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 10]
    assert [at for at, _ in recent] == sorted(at for at, _ in recent)
    assert recent[-1] == (bench.reconciler.last_at, bench.reconciler.last)


def test_what_was_not_compared_is_no_success(bench: Bench, world: World) -> None:
    """The metric's time of the last success stays."""
    world.write("a")
    world.source.failure = Permanent(Cause.VAULT_FORBIDDEN, "list: Vault answered 403")
    start_quietly(bench)

    assert not hasattr(bench.watched, "changes")
