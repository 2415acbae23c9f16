"""Both sides and the journal in memory, the comparison over them, and the worker that
does what the comparison queues."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from receiver.brake import DeleteBrake
from receiver.circuits import Circuits
from receiver.comparison.comparing import Extent, Sides
from receiver.core.brake import DeleteLimits
from receiver.core.comparison.order import Order
from receiver.core.fingerprint import Fingerprint
from receiver.core.rules import Rule, TargetSpec
from receiver.core.scope import Scope
from receiver.core.state import (
    Entry,
    Gone,
    Hint,
    Lane,
    Mount,
    Observed,
    SecretRef,
    Value,
    Work,
)
from receiver.means import Means
from receiver.reconcile import Comparison, Report
from receiver.replicate import Mapping, Replicator
from receiver.worker import LEASE, Rounds
from tests.fake_journal import FakeJournal
from tests.fake_target import FakeTarget, Secret
from tests.fakes import Clock, FakeQueue, FakeSource

REGION = "eu-central-1"
SOURCE = "vault-prod"
RULE = Rule(
    name="all", mount="kv", exclude=("tmp/**",), target=TargetSpec(region=REGION)
)
#: Longer than a listing may lag.
LATER = 301.0


class MountedSource(FakeSource):
    """Its mounts come and go."""

    def add_mount(self, mount: Mount) -> None:
        self._mounts[mount.namespace, mount.path] = mount

    def drop_mount(self, namespace: str, path: str) -> None:
        del self._mounts[namespace, path]


class ListedTarget(FakeTarget):
    """``shown`` is what its listing says instead of the truth, as when it lags."""

    shown: list[tuple[str, Observed]] | None = None

    def freeze(self) -> None:
        """From now on the listing shows what is there now."""
        self.shown = list(super().listing())

    def listing(self) -> Iterator[tuple[str, Observed]]:
        if self.shown is None:
            return super().listing()
        self._called("listing")
        return iter(self.shown)


@dataclass
class World:
    """A Vault with three mounts, one account, and one rule to begin with."""

    clock: Clock = field(default_factory=Clock)
    journal: FakeJournal = field(default_factory=FakeJournal)
    targets: dict[tuple[str, str], ListedTarget] = field(default_factory=dict)
    rules: tuple[Rule, ...] = (RULE,)
    keys: tuple[str, ...] = ("k" * 32,)
    limits: DeleteLimits = field(default_factory=DeleteLimits)

    def __post_init__(self) -> None:
        self.source = MountedSource(
            Mount("", "kv", 2, "kv_1"),
            Mount("", "kv2", 2, "kv_2"),
            Mount("", "old", 1, "kv_3"),
        )
        self.queue = FakeQueue(self.clock.now, self.clock.steady)
        self.brake = DeleteBrake(
            self.journal, limits=lambda: self.limits, now=self.clock.now
        )
        self.comparison = Comparison(
            Sides(
                source=self.source,
                targets=self.target_of,
                journal=self.journal,
                mapping=self.mapping,
                limits=lambda: self.limits,
                now=self.clock.now,
            ),
            self.queue,
            accept_deletions=self.brake.accept,
        )
        self.rounds = Rounds(
            queue=self.queue,
            source=self.source,
            replicate=self._replicator().replicate,
            watchers=[self],
            report=self,
            now=self.clock.now,
        )
        self.ended: list[SecretRef] = []
        self.applied_actions: list[str] = []

    def _replicator(self) -> Replicator:
        means = Means(
            journal=self.journal,
            targets=lambda spec, *_: self.target_of(spec),
            brake=self.brake,
            circuits=Circuits(now=self.clock.now, on_close=self.queue.unpark),
            now=self.clock.now,
            versions_per_day=80,
        )
        return Replicator(source=self.source, mapping=self.mapping, means=means)

    def mapping(self) -> Mapping:
        return Mapping(SOURCE, self.rules, Fingerprint(list(self.keys)))

    def target_of(self, spec: TargetSpec) -> ListedTarget:
        return self.targets.setdefault(spec.account, ListedTarget(spec.region))

    @property
    def target(self) -> ListedTarget:
        """The account of the first rule."""
        return self.target_of(RULE.target)

    def changed(self, ref: SecretRef) -> None:
        self.ended.append(ref)

    def applied(self, rule: str, action: str, result: str, lag: float | None) -> None:
        self.applied_actions.append(action if result == "ok" else result)

    def stage(self, stage: str, seconds: float) -> None:
        pass

    def write(
        self, path: str, version: int = 1, *, age: float = 60, **more: Any
    ) -> None:
        """Vault gets a version, written so many seconds ago."""
        body = more.pop("body", f'{{"n":"{version}"}}')
        created = self.moment(-age)
        value = Value(body, version, created, **more)
        self.source.secrets[ref(path)] = value

    def delete(self, path: str, *, age: float = 60) -> None:
        """The current version goes, and is still listed."""
        old = self.source.secrets[ref(path)]
        gone = Gone(old.version, old.created_time, self.moment(-age))
        self.source.secrets[ref(path)] = gone

    def remove(self, path: str) -> None:
        """The whole key goes."""
        del self.source.secrets[ref(path)]

    def moment(self, seconds: float) -> str:
        """A time so many seconds from now, as Vault writes it."""
        at = datetime.fromtimestamp(self.clock.now() + seconds, UTC)
        return at.isoformat().replace("+00:00", "Z")

    def event(self, path: str) -> None:
        """A webhook told of a change, and it was carried out."""
        self.event_of(ref(path))

    def event_of(self, about: SecretRef) -> None:
        """The same for any reference."""
        self.queue.add([Hint(ref=about)])
        self.drain()

    def fill(self, *paths: str) -> None:
        """Write these and have them replicated, long ago."""
        for path in paths:
            self.write(path)
            self.event(path)
        self.clock.advance(LATER)
        self.forget_calls()

    def compare(
        self, *, quick: bool = False, values: bool = True, scope: Scope | None = None
    ) -> Report:
        """One run, of which nothing is carried out yet."""
        extent = Extent(
            scopes=(scope or Scope(),), quick=quick, values_due=lambda _: values
        )
        return self.comparison.run(extent)

    def carry_out(self, order: Order) -> Report:
        """One run in the way of ``order``, and all that it queued."""
        report = self.comparison.run(Extent(), order)
        self.drain()
        return report

    def plan(self, scope: Scope | None = None) -> dict[str, Any]:
        return self.comparison.plan(scope or Scope())

    def shown(self, plan: dict[str, Any]) -> dict[str, str]:
        """Action by path."""
        return {change["path"]: change["action"] for change in plan["changes"]}

    def reason(self, plan: dict[str, Any], path: str) -> str:
        """Why, of the only change of that path."""
        (change,) = [one for one in plan["changes"] if one["path"] == path]
        return str(change["reason"])

    def drain(self) -> None:
        """Work until nothing more is due."""
        while work := self.take():
            self.rounds.run(work)

    def take(self) -> Work | None:
        return self.queue.take(tuple(Lane), lease=LEASE, timeout=0)

    def forget_calls(self) -> None:
        for target in self.targets.values():
            target.calls.clear()
        self.applied_actions.clear()

    @property
    def queued(self) -> list[str]:
        """The paths that wait, in order; what is parked does not."""
        waiting = self.queue.waiting(parked=False, limit=1000)
        return [one.ref.path for one in waiting]

    def entry(self, path: str) -> Entry:
        (entry,) = self.journal.known(ref(path))
        return entry

    def secret(self, path: str) -> Secret:
        return self.target.secrets[f"kv/{path}"]

    def with_spec(self, **spec: Any) -> None:
        """The first rule's target from now on."""
        target = TargetSpec(region=REGION, **spec)
        self.rules = (replace(self.rules[0], target=target), *self.rules[1:])

    def lose_journal(self) -> None:
        """The state database is gone."""
        for entry in list(self.journal.entries()):
            self.journal.forget(entry)


def ref(path: str, mount: str = "kv", namespace: str = "") -> SecretRef:
    return SecretRef(namespace, mount, path)


@pytest.fixture
def world() -> World:
    return World()
