"""The write path with a Vault, an AWS and a journal in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from receiver.core.fingerprint import Fingerprint
from receiver.core.rules import Rule, TargetSpec
from receiver.core.state import Entry, Gone, Hint, Mount, SecretRef, Value, Work
from receiver.replicate import Mapping, Outcome, Replicator
from tests.fake_target import FakeTarget, Secret
from tests.fakes import Clock, FakeJournal, FakeSource

REF = SecretRef("", "kv", "team/db")
NAME = "kv/team/db"


@dataclass
class Story:
    """One secret, ``REF``, under one rule, and what became of it."""

    clock: Clock = field(default_factory=Clock)
    source: FakeSource = field(
        default_factory=lambda: FakeSource(Mount("", "kv", 2, "kv_1"))
    )
    journal: FakeJournal = field(default_factory=FakeJournal)
    target: FakeTarget = field(default_factory=FakeTarget)
    rule: Rule = field(default_factory=lambda: Rule(name="all", mount="kv"))
    keys: tuple[str, ...] = ("k" * 32,)

    def write(self, version: int, body: str = '{"a":"b"}', *, second: int = 0) -> str:
        """Vault gets a version; returns its created_time."""
        created = f"2026-11-23T10:{version:02}:{second:02}.5Z"
        self.source.secrets[REF] = Value(body, version, created)
        return created

    def delete(self, version: int | None = None, created: str | None = None) -> None:
        """The current version, or the whole key, goes."""
        self.source.secrets[REF] = Gone(version, created)

    def replicate(
        self, *, created: str | None = None, attempts: int = 0, look_twice: bool = False
    ) -> Outcome:
        """One round, as after an event that named ``created``."""
        hint = Hint(ref=REF, created_time=created, look_twice=look_twice)
        work = Work(hint=hint, sequence=1, attempts=attempts, since=0, lease_until=1e12)
        replicator = Replicator(
            source=self.source,
            journal=self.journal,
            targets=lambda _rule, _work: self.target,
            mapping=lambda: Mapping(
                "vault-prod", (self.rule,), Fingerprint(list(self.keys))
            ),
            now=self.clock.now,
        )
        (outcome,) = replicator.replicate(work)
        return outcome

    def with_spec(self, **spec: object) -> None:
        """The rule's target from now on."""
        self.rule = replace(self.rule, target=TargetSpec(**spec))  # type: ignore[arg-type]  # keywords of the dataclass

    @property
    def secret(self) -> Secret:
        """What AWS holds."""
        return self.target.secrets[NAME]

    @property
    def entry(self) -> Entry:
        """What the journal holds."""
        entry = self.journal.get(REF, "all")
        assert entry is not None
        return entry


@pytest.fixture
def story() -> Story:
    return Story()
