"""The port ``Witnesses``: what an explanation asks of AWS, and of our own turns."""

from __future__ import annotations

from receiver.accounts import Accounts
from receiver.adapters.aws_clients import SecretsManagerTargets
from receiver.core.rules import TargetSpec
from receiver.core.state import Observed


class AwsWitnesses:
    """Asks the clients that the workers use too. Safe to use from several threads."""

    def __init__(self, targets: SecretsManagerTargets, accounts: Accounts) -> None:
        self._targets = targets
        self._accounts = accounts

    def describe(self, spec: TargetSpec, name: str) -> Observed | None:
        """What AWS holds under the name; None: confirmed absent."""
        return self._targets.for_spec(spec).describe(name)

    def account(self, spec: TargetSpec) -> str:
        """The number of the account that answers."""
        return self._targets.account_of(spec)

    def writes_waiting(self, spec: TargetSpec) -> int:
        """How many wait for their turn to write; asks nobody."""
        return self._accounts.writes_waiting(spec)
