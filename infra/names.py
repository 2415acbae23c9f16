"""What our resources are called. Names are chosen, not generated, wherever a policy, a
configuration or a person has to know them before there is a stack."""

from __future__ import annotations

from dataclasses import dataclass

from infra.config import Config

#: Whose token our own tasks have.
SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True)
class Names:
    """Those of one deployment."""

    config: Config

    @property
    def secrets_alias(self) -> str:
        """The key that encrypts what is replicated."""
        return f"alias/{self.config.name}-secrets"

    @property
    def operations_alias(self) -> str:
        """The key of everything else."""
        return f"alias/{self.config.name}-operations"

    @property
    def connection(self) -> str:
        """The secret that says as whom the receiver asks Vault."""
        return self.secret("connection")

    def secret(self, what: str) -> str:
        """A secret of our own; ``context.py`` sees to it that it is not below the
        prefix."""
        return f"{self.config.name}/{what}"

    def tokens(self) -> dict[str, str]:
        """Names and scopes of all bearer tokens, that of our own tasks included."""
        return {**self.config.tokens, SCHEDULE: "admin"}

    @property
    def task_role(self) -> str:
        """Who the receiver is in AWS, and for Vault's AWS method."""
        return f"{self.config.name}-{self.config.region}-receiver"

    @property
    def task_role_arn(self) -> str:
        """Its ARN, as CloudTrail and Vault show it."""
        return self.config.role_arn(self.task_role)

    @property
    def topic_arn(self) -> str:
        """Where people hear of troubles."""
        return self.config.arn("sns", self.config.name)

    @property
    def asking_family(self) -> str:
        """The small task that asks for a comparison."""
        return f"{self.config.name}-reconcile"

    def log_group(self, what: str) -> str:
        """Where a part of us logs."""
        return f"/{self.config.name}/{what}"
