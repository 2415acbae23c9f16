"""All that the receiver does to secrets, as a role that has the policy that is printed.

What becomes of the secrets is proven elsewhere: the emulator has ways of its own with
version ids. Here no call may be refused.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from receiver.adapters.secrets_manager import SecretsManager
from receiver.apply import Round, apply
from receiver.core.actions import (
    Action,
    Adopt,
    Create,
    Delete,
    MakeCurrent,
    Put,
    Release,
)
from receiver.core.fingerprint import Fingerprint
from receiver.core.plan import Place, plan_one
from receiver.core.rules import Rule, TargetSpec
from receiver.core.state import Decision, Gone, SecretRef, Truth, Value
from receiver.policies.in_aws import Where, aws_policy
from tests.infra.emulated.emulator import ACCOUNT, REGION, Emulator
from tests.infra.emulated.probes import VAULT

pytestmark = pytest.mark.integration

PRINTS = Fingerprint(["k" * 32])
RULE = Rule(name="r", mount="life", target=TargetSpec(region=REGION))
FIRST, SECOND, THIRD = (
    Value(f'{{"a":"{n}"}}', n, f"2026-11-23T10:00:0{n}Z") for n in (1, 2, 3)
)


class Life:
    """One secret, looked at and brought to what Vault says, step by step."""

    def __init__(self, emulator: Emulator, target: SecretsManager, path: str) -> None:
        self.name = f"life/{path}"
        self.root = emulator.client("secretsmanager")
        self._target = target
        ref = SecretRef("", "life", path)
        self._place = Place(VAULT, ref, RULE, REGION, self.name)

    def step(
        self, truth: Truth, decision: Decision | None = None, **spec: object
    ) -> type[Action]:
        """What was done. Raises what AWS raises."""
        target = replace(RULE.target, **spec)  # type: ignore[arg-type]  # its fields
        place = replace(self._place, rule=replace(RULE, target=target))
        observed = self._target.describe(self.name)
        action = plan_one(place, truth, observed, PRINTS, decision)
        text = truth.body if isinstance(truth, Value) else ""
        apply(Round(place, truth, text, None, self._target, PRINTS), action, observed)
        return type(action)


@pytest.fixture(scope="module")
def target(emulator: Emulator) -> SecretsManager:
    """The adapter, as a role that may do what is printed."""
    policy = aws_policy([RULE], Where(source=VAULT, account=ACCOUNT))
    who = emulator.assumed(emulator.role("living", policy))
    client = emulator.client("secretsmanager", who)
    return SecretsManager(client, lambda operation, code: None)


def test_a_secret_of_ours(emulator: Emulator, target: SecretsManager) -> None:
    """Created, changed by Vault and by hand, deleted, restored, let go, taken back."""
    life = Life(emulator, target, "app")

    assert life.step(FIRST) is Create
    assert life.step(SECOND, description="new", tags={"team": "a"}) is Put
    life.root.put_secret_value(SecretId=life.name, SecretString="by hand")
    assert life.step(SECOND) is MakeCurrent
    assert life.step(Gone()) is Delete
    assert life.step(THIRD) is Put
    assert life.step(THIRD, Decision.RELEASE) is Release
    assert life.step(THIRD, Decision.ADOPT) is Adopt
    assert [name for name, _ in target.listing() if name == life.name]


def test_a_secret_of_somebody_else(emulator: Emulator, target: SecretsManager) -> None:
    """Taken over when somebody says so, whoever managed it."""
    life, theirs = (Life(emulator, target, path) for path in ("shared", "theirs"))
    tags = [{"Key": "managed-by", "Value": "terraform"}]
    life.root.create_secret(Name=life.name, SecretString="a")
    theirs.root.create_secret(Name=theirs.name, SecretString="a", Tags=tags)

    for each in (life, theirs):
        assert each.step(FIRST, Decision.ADOPT) is Adopt
        assert each.step(SECOND) is Put
