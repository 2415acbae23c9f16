"""The write path with a Vault, an AWS and a journal in memory."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import pytest

from receiver.brake import DeleteBrake
from receiver.circuits import Circuits
from receiver.core.brake import DeleteLimits
from receiver.core.causes import Cause
from receiver.core.fingerprint import Fingerprint
from receiver.core.pause import Pause
from receiver.core.rules import Rule, TargetSpec
from receiver.core.state import (
    Decision,
    Entry,
    Gone,
    Hint,
    Mount,
    SecretRef,
    Value,
    Work,
)
from receiver.means import Means
from receiver.outcome import Outcome
from receiver.pauses import Pauses
from receiver.replicate import Mapping, Replicator
from tests.fake_journal import FakeJournal
from tests.fake_pauses import FakeKeptPauses
from tests.fake_target import FakeTarget, Secret
from tests.fakes import Clock, FakeSource

REF = SecretRef("", "kv", "team/db")
NAME = "kv/team/db"
REGION = "eu-central-1"
RULE = Rule(name="all", mount="kv", target=TargetSpec(region=REGION))


@dataclass
class Story:
    """One secret, ``REF``, under one rule, and what became of it."""

    clock: Clock = field(default_factory=Clock)
    source: FakeSource = field(
        default_factory=lambda: FakeSource(
            Mount("", "kv", 2, "kv_1"), Mount("", "kv2", 2, "kv_2")
        )
    )
    journal: FakeJournal = field(default_factory=FakeJournal)
    target: FakeTarget = field(default_factory=FakeTarget)
    rule: Rule = field(default_factory=lambda: RULE)
    rules: tuple[Rule, ...] | None = None
    keys: tuple[str, ...] = ("k" * 32,)
    limits: DeleteLimits = field(default_factory=DeleteLimits)
    closed: list[str] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pauses = Pauses(
            FakeKeptPauses(),
            let_go=lambda: None,
            longest_write=1.0,
            now=self.clock.now,
            steady=self.clock.steady,
        )
        means = Means(
            journal=self.journal,
            targets=lambda _spec, _work, _rule: self.target,
            brake=DeleteBrake(
                self.journal, limits=lambda: self.limits, now=self.clock.now
            ),
            circuits=Circuits(now=self.clock.now, on_close=self._closed),
            now=self.clock.now,
            check_pause=self.pauses.check,
            observe=lambda stage, _seconds: self.stages.append(stage),
        )
        self.replicator = Replicator(
            source=self.source, mapping=self._mapping, means=means
        )

    def _closed(self, causes: Collection[Cause]) -> None:
        self.closed += causes

    def _mapping(self) -> Mapping:
        rules = (self.rule,) if self.rules is None else self.rules
        return Mapping("vault-prod", rules, Fingerprint(list(self.keys)))

    def write(self, version: int, body: str = '{"a":"b"}', *, second: int = 0) -> str:
        """Vault gets a version; returns its created_time."""
        created = f"2026-11-23T10:{version:02}:{second:02}.5Z"
        self.source.secrets[REF] = Value(body, version, created)
        return created

    def delete(self, version: int | None = None, created: str | None = None) -> None:
        """The current version, or the whole key, goes."""
        self.source.secrets[REF] = Gone(version, created)

    def replicate(
        self,
        *,
        created: str | None = None,
        attempts: int = 0,
        look_twice: bool = False,
        doubt: bool = False,
    ) -> Outcome:
        """One round, as after an event that named ``created``."""
        (outcome,) = self.rounds(
            Hint(ref=REF, created_time=created, look_twice=look_twice, doubt=doubt),
            attempts=attempts,
        )
        return outcome

    def rounds(self, hint: Hint, *, attempts: int = 0) -> list[Outcome]:
        """One round for any hint."""
        work = Work(hint=hint, sequence=1, attempts=attempts, since=0, lease_until=1e12)
        return self.replicator.replicate(work)

    def decide(self, decision: Decision) -> Outcome:
        """Somebody decides about the secret, and it is looked at."""
        self.journal.decide([self.entry], decision, "oncall")
        return self.replicate(doubt=True)

    def pause(self, rule: str | None, seconds: float = 3600.0) -> None:
        """Somebody pauses a rule, or all of them."""
        now = self.clock.now()
        until = now + seconds
        self.pauses.begin(
            Pause(rule=rule, reason="keys", by="oncall", since=now, until=until)
        )

    def with_spec(self, **spec: object) -> None:
        """The rule's target from now on."""
        target = TargetSpec(region=REGION, **spec)  # type: ignore[arg-type]  # keywords of the dataclass
        self.rule = replace(self.rule, target=target)

    @property
    def secret(self) -> Secret:
        """What AWS holds."""
        return self.target.secrets[NAME]

    @property
    def entry(self) -> Entry:
        """What the journal holds."""
        (entry,) = self.journal.known(REF)
        return entry


@pytest.fixture
def story() -> Story:
    return Story()
