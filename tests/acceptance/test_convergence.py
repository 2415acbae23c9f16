"""Whatever is done to Vault, to AWS and to us, in any order: one comparison, and both
sides agree.

Hypothesis chooses the steps, real programs carry them out. One installation serves all
examples, each in a folder of its own. By default a few examples are run, always the
same; with CONVERGENCE_EXAMPLES=200 in the environment so many, others each time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from receiver.core.fingerprint import MANAGED_BY, PATH, SEAL, SOURCE
from receiver.demo.emulator import Emulator
from tests.acceptance import deeds
from tests.acceptance.both_sides import Pair, unless_too_late
from tests.acceptance.deeds import Deed
from tests.acceptance.ground import MARKER, Ground
from tests.acceptance.hand import Hand
from tests.acceptance.scene import Build

V2, V1, ANY = st.integers(0, 3), st.integers(4, 5), st.integers(0, 5)
EXAMPLES = int(os.environ.get("CONVERGENCE_EXAMPLES", "0"))


def does(deed: Deed, which: st.SearchStrategy[int]) -> Any:
    """A rule of the machine: somebody does this to one of the secrets."""

    def step(machine: Convergence, which: int) -> None:
        machine.do(deed, machine.pairs[which])

    step.__name__ = deed.__name__
    return rule(which=which)(step)


class Convergence(RuleBasedStateMachine):
    """``may_drop_keys``: all has been written under the newest one. ``story`` is what
    was done, for whoever has to find out what went wrong."""

    put, put_v1 = does(deeds.put, V2), does(deeds.put, V1)
    patch, rollback = does(deeds.patch, V2), does(deeds.rollback, V2)
    delete, delete_v1 = does(deeds.delete, V2), does(deeds.delete, V1)
    undelete, destroy = does(deeds.undelete, V2), does(deeds.destroy, V2)
    destroy_older = does(deeds.destroy_older, V2)
    delete_metadata = does(deeds.delete_metadata, V2)
    keep_out, let_in = does(deeds.keep_out, V2), does(deeds.let_in, V2)

    edit, move_label = does(deeds.edit, ANY), does(deeds.move_label, ANY)
    schedule, restore = does(deeds.schedule, ANY), does(deeds.restore, ANY)
    delete_at_once, forge = does(deeds.delete_at_once, ANY), does(deeds.forge, ANY)
    break_seal = does(deeds.break_seal, ANY)
    describe_otherwise = does(deeds.describe_otherwise, ANY)

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground = ground
        self.pairs = ground.new_folder()
        self.scene = self.pairs[0].scene
        self.number = 0
        self.is_forwarding = self.is_receiving = True
        self.may_drop_keys = self.is_broken = False
        self.story: list[str] = []

    @initialize()
    def everything_is_there(self) -> None:
        for pair in self.pairs:
            self.do(deeds.put, pair)

    def do(self, deed: Deed, pair: Pair) -> None:
        """One step; or none, when the secret is not in the state for it."""
        self.number += 1
        with self._telling(f"{deed.__name__} {pair.path}"), unless_too_late():
            deed(pair, self.number)

    @rule(which=ANY)
    def take_the_tags_away(self, which: int) -> None:
        """From now on it is foreign."""
        pair = self.pairs[which]
        with self._telling(f"take the tags of {pair.path} away"):
            # A worker that is just writing its tags would write them again.
            self._settle()
            if pair.is_live():
                pair.hand.untag(pair.name, MANAGED_BY, SOURCE, PATH, SEAL)
                pair.is_foreign = True

    @precondition(lambda machine: any(pair.is_foreign for pair in machine.pairs))
    @rule()
    def adopt(self) -> None:
        """One that is foreign, and that we should have."""
        with self._telling("adopt"):
            self._start()
            self.scene.reconcile()
            for pair in self.pairs:
                if pair.is_foreign and pair.is_wanted() and pair.is_live():
                    pair.scene.order("adopt", path=pair.path)
                    self.scene.queue_drains()
                    pair.is_foreign = False
                    pair.excused += 2

    @rule()
    def stop_or_start_the_forwarder(self) -> None:
        with self._telling("stop or start the forwarder"):
            self._turn_forwarder()

    @rule()
    def kill_or_start_the_receiver(self) -> None:
        with self._telling("kill or start the receiver"):
            self._turn_receiver()

    @rule()
    def lose_the_state(self) -> None:
        """The receiver is killed, its disk is lost, it is started again."""
        with self._telling("lose the state"):
            if self.is_receiving:
                self._turn_receiver()
            for file in self.scene.installation.state.parent.iterdir():
                file.unlink()
            self._turn_receiver()

    @rule()
    def add_a_key(self) -> None:
        """One more fingerprint key, the first in the list."""
        with self._telling("add a key"):
            self._start()
            self.ground.add_key()
            self.ground.reconfigure()
            self.may_drop_keys = False
            self._excuse(1)

    @precondition(lambda machine: machine.may_drop_keys)
    @rule()
    def drop_the_old_keys(self) -> None:
        """When nothing needs them any more."""
        with self._telling("drop the old keys"):
            self._start()
            del self.ground.keys[1:]
            self.ground.reconfigure()

    @rule()
    def change_the_rules(self) -> None:
        """Other tags, another description."""
        with self._telling("change the rules"):
            self._start()
            self.ground.edition += 1
            self.ground.reconfigure()

    @rule(calls=st.integers(1, 3))
    def aws_lists_late(self, calls: int) -> None:
        """So many listings show what is there now, however old that is by then."""
        with self._telling(f"aws lists late {calls}"):
            self.ground.weather("list-lag", calls=calls)

    @rule()
    def aws_keeps_a_name(self) -> None:
        """One that was deleted at once cannot be had again at first."""
        with self._telling("aws keeps a name"):
            self.ground.weather("name-lag", calls=1)

    @rule()
    def wait(self) -> None:
        """Until all that was done has gone its way."""
        with self._telling("wait"):
            self._settle()

    @rule()
    def compare(self) -> None:
        """Both sides agree, and there is nothing left to do."""
        with self._telling("compare"):
            self._start()
            self.ground.weather("reset")
            run = self.scene.reconcile()
            assert (run["state"], run["faults"]) == ("done", [])
            states = self.ground.states(self.scene)
            assert not {"parked", "held", "drifted"} & {*states.values()}, states
            for pair in self.pairs:
                pair.check(states.get(pair.name), **self.ground.attributes)
            seen = [pair.seen() for pair in self.pairs]
            again = self.scene.reconcile()
            assert sum(again["done"].values()) == 0, again
            for pair, before in zip(self.pairs, seen, strict=True):
                assert pair.seen() == before, pair.name
            self.may_drop_keys = True

    def teardown(self) -> None:
        try:
            if not self.is_broken:
                self.compare()
        finally:
            self._start()
            self.ground.clear(self.scene)

    def _turn_forwarder(self) -> None:
        program = self.scene.forwarder
        if self.is_forwarding:
            program.stop()
        else:
            program.start()
        self.is_forwarding = not self.is_forwarding

    def _turn_receiver(self) -> None:
        if self.is_receiving:
            self.scene.receiver.child.kill()
            self._excuse(1)  # between a create and its seal: the value is put again
        else:
            self.scene.receiver.start()
        self.is_receiving = not self.is_receiving

    def _excuse(self, versions: int) -> None:
        for pair in self.pairs:
            pair.excused += versions

    def _start(self) -> None:
        """Whatever is down."""
        if not self.is_forwarding:
            self._turn_forwarder()
        if not self.is_receiving:
            self._turn_receiver()

    def _settle(self) -> None:
        """What is written now goes the way of all that was done before it."""
        self._start()
        written = self.scene.put(MARKER, number=str(self.number))
        self.scene.arrives(MARKER, written)
        self.scene.queue_drains()

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """What fails inside says what led to it."""
        self.story.append(what)
        self.is_broken = True
        try:
            yield
        except Exception as error:
            error.add_note(f"after: {'; '.join(self.story)}")
            raise
        self.is_broken = False


def how_long() -> settings:
    """A few examples, always the same; or as many as were asked for. They are not made
    smaller: what real programs do is not the same each time."""
    return settings(
        max_examples=EXAMPLES or 7,
        stateful_step_count=60 if EXAMPLES else 20,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.timeout(300 + 60 * EXAMPLES)
def test_both_sides_agree_after_one_comparison(
    build: Build, emulator: Emulator, hand: Hand
) -> None:
    """Whatever was done before; and a second one finds nothing to do."""
    ground = Ground.prepare(build, emulator, hand)

    class Example(Convergence):
        def __init__(self) -> None:
            super().__init__(ground)

    with ground.reader:
        run_state_machine_as_test(Example, settings=how_long())
