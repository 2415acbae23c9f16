"""How far a run is, and when it has come to an end."""

from __future__ import annotations

import pytest

from receiver.comparison.comparing import Extent
from receiver.comparison.run import Run
from receiver.comparison.runs import Runs
from receiver.core.causes import Cause, Permanent, Temporary
from receiver.core.comparison.order import Order
from receiver.core.scope import Scope
from receiver.core.state import SecretRef
from receiver.ports import JournalUnavailable
from tests.fake_target import Secret
from tests.unit.receiver_comparing.conftest import World


@pytest.fixture
def runs(world: World) -> Runs:
    """Followed by the workers."""
    made = Runs(world.queue, world.journal)
    world.changed = made.changed  # type: ignore[method-assign]  # the watcher of this test
    return made


def begin(world: World, runs: Runs, order: Order | None = None) -> str:
    """A run whose comparison has ended and whose work has not begun."""
    run = Run(scopes=[Scope()], order=order or Order())
    run_id = runs.add(run)
    assert runs.next() is run
    report = world.comparison.run(Extent(), run.order, runs.follow(run))
    runs.compared(run, report)
    return run_id


def test_a_run_ends_with_the_last_of_its_work(world: World, runs: Runs) -> None:
    """And says what was done."""
    world.fill("a", "b")
    world.write("a", 2)
    world.write("c")
    world.delete("b")
    run_id = begin(world, runs)
    document = runs.document(run_id)
    assert document is not None
    assert document["state"] == "applying"
    assert (document["compared"], document["queued"], document["remaining"]) == (
        3,
        3,
        3,
    )

    work = world.take()
    assert work is not None
    world.rounds.run(work)
    document = runs.document(run_id)
    assert document is not None
    assert document["remaining"] == 2

    world.drain()
    document = runs.document(run_id)
    assert document is not None
    assert document.keys() == {
        "run_id", "state", "compared", "queued", "remaining", "done", "parked", "held",
        "paused", "brake", "faults", "seconds",
    }  # fmt: skip
    assert document["state"] == "done"
    assert document["done"] == {"create": 1, "update": 1, "delete": 1}
    assert (document["parked"], document["held"]) == ([], 0)


def test_nothing_to_do_is_done_at_once(world: World, runs: Runs) -> None:
    """Without a worker's help."""
    world.fill("a")
    document = runs.document(begin(world, runs))

    assert document is not None
    assert document["state"] == "done"


def test_what_is_parked_is_named(world: World, runs: Runs) -> None:
    """With its cause; what is not even queued too."""
    world.write("big", body='{"a":"' + "x" * 70_000 + '"}')
    world.write("taken")
    world.target.secrets["kv/taken"] = Secret("arn-x", {}, {"x": "y"})
    run_id = begin(world, runs)
    world.drain()
    document = runs.document(run_id)

    assert document is not None
    assert document["state"] == "done"
    assert document["done"] == {}
    causes = {one["path"]: one["cause"] for one in document["parked"]}
    assert causes == {"big": "VALUE_TOO_LARGE", "taken": "CONFLICT_FOREIGN"}

    world.with_spec(name="one-for-all")
    document = runs.document(begin(world, runs))
    assert document is not None
    assert {one["cause"] for one in document["parked"]} == {"NAME_TAKEN"}


def test_what_is_tried_again_is_not_at_its_end(world: World, runs: Runs) -> None:
    """Throttled: the run goes on."""
    world.write("a")
    run_id = begin(world, runs)
    throttled = Temporary(Cause.AWS_THROTTLED, "CreateSecret", after=5.0)
    with world.target.failing("create", throttled):
        world.drain()
    document = runs.document(run_id)
    assert document is not None
    assert document["state"] == "applying"

    world.clock.advance(6)
    world.drain()
    document = runs.document(run_id)
    assert document is not None
    assert document["done"] == {"create": 1}


def test_what_the_brake_holds_is_counted(world: World, runs: Runs) -> None:
    """By the worker that held it; and by the next run, which leaves it alone."""
    paths = [f"s{number:02}" for number in range(12)]
    world.fill(*paths)
    for path in paths:
        world.delete(path)
    run_id = begin(world, runs)
    world.drain()
    document = runs.document(run_id)
    assert document is not None
    assert document["done"] == {"delete": 10}
    assert document["held"] == 2
    assert document["brake"][0]["held"] == 2

    again = runs.document(begin(world, runs))
    assert again is not None
    assert (again["state"], again["held"]) == ("done", 2)


def test_a_round_that_ended_unseen_is_looked_up(world: World) -> None:
    """Whoever asks finds out."""
    runs = Runs(world.queue, world.journal)
    world.write("a")
    run_id = begin(world, runs)
    world.drain()
    document = runs.document(run_id)

    assert document is not None
    assert document["state"] == "done"


def test_a_worker_survives_a_journal_that_cannot_be_read(
    world: World, runs: Runs
) -> None:
    """The run is followed again by the next who asks."""
    world.write("a")
    run_id = begin(world, runs)
    known = world.journal.known

    def unavailable(_: SecretRef) -> list[object]:
        raise JournalUnavailable("disk I/O error")

    work = world.take()
    assert work is not None
    world.queue.done(work)
    world.journal.known = unavailable  # type: ignore[method-assign,assignment]  # a full disk
    runs.changed(work.hint.ref)
    world.journal.known = known  # type: ignore[method-assign]
    document = runs.document(run_id)

    assert document is not None
    assert document["state"] == "done"


def test_a_run_that_could_compare_nothing_has_failed(world: World, runs: Runs) -> None:
    """And says why."""
    world.source.failure = Permanent(Cause.VAULT_FORBIDDEN, "list: Vault answered 403")
    document = runs.document(begin(world, runs))

    assert document is not None
    assert document["state"] == "failed"
    assert "403" in document["faults"][0]


def test_plain_wishes_are_met_by_one_run(world: World, runs: Runs) -> None:
    """As long as it waits; one with a decision in it is a run of its own."""
    first = runs.add(Run(scopes=[Scope(rule="a")], order=Order(by="x")))
    assert runs.add(Run(scopes=[Scope(rule="b")], order=Order(by="y"))) == first
    pruning = runs.add(Run(scopes=[Scope()], order=Order(prune=True)))
    assert pruning != first
    assert runs.add(Run(scopes=[Scope(rule="c")], order=Order())) == first

    run = runs.next()
    assert run is not None
    assert [scope.rule for scope in run.scopes] == ["a", "b", "c"]
    assert runs.add(Run(scopes=[Scope()], order=Order())) not in (first, pruning)


def test_old_runs_are_forgotten(runs: Runs) -> None:
    """The last hundred stay; those that have not ended too."""
    waiting = runs.add(Run(scopes=[Scope()], order=Order(prune=True)))
    ids = []
    for _ in range(120):
        run = Run(scopes=[Scope()], order=Order(prune=True))
        ids.append(runs.add(run))
        runs.failed(run, "no reason")
    assert runs.document(ids[0]) is None
    assert runs.document(ids[-1]) is not None
    assert runs.document(waiting) is not None
    assert runs.document("no such run") is None


def test_a_run_does_not_wait_for_the_end_of_a_pause(world: World, runs: Runs) -> None:
    """What waits for it is counted, and the run is over."""
    world.write("a")
    world.write("b")
    run_id = begin(world, runs)
    work = world.take()
    assert work is not None
    world.rounds.run(work)
    work = world.take()
    assert work is not None
    world.queue.retry(work, delay=9999, cause=Cause.PAUSED, detail="by oncall")
    runs.changed(work.hint.ref)
    document = runs.document(run_id)

    assert document is not None
    assert (document["state"], document["remaining"]) == ("done", 0)
    assert (document["paused"], document["done"]) == (1, {"create": 1})
