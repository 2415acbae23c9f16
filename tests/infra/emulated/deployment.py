"""The CDK app, synthesized here and deployed by AWS's own command line.

``synthesized`` writes cloud assemblies of one ordinary configuration and of the same
after a change; ``Deployment`` is an emulated account that ``cdk`` works on.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.configuration import configuration
from receiver.settings import Settings, load_settings
from tests.infra.cdk.deployments import INFRA, config, flags
from tests.infra.emulated.emulator import ACCOUNT, REGION, ROOT, TRUST, Emulator
from tests.infra.emulated.lacking import reduce
from tests.infra.emulated.role import Role

CDK = INFRA / "node_modules" / ".bin" / "cdk"
STACK = "vault-replicator"
RECEIVER = f"{STACK}-{REGION}-receiver"
CONSUMER = f"arn:aws:iam::{ACCOUNT}:role/consumer"
_OF_A_STACK = "aws:cloudformation:stack-name"
_RULE = {
    "name": "hybrid",
    "mount": "hybrid-aws-secrets",
    "target": {"name": "vault/{path}"},
}
FORCED = {
    "name": "short-lived",
    "mount": "leases",
    "target": {"name": "vault/leases/{path}", "on_delete": "force"},
}
ORDINARY: Mapping[str, Any] = {
    "account": ACCOUNT,
    "vault_cidrs": ["10.20.0.0/16"],
    "certificate_arn": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/1",
    "image": "vault-replicator:0.1.0",
    "egress": "endpoints",
    "consumers": [CONSUMER],
    "notice_email": "oncall@example.org",
    "rules": [_RULE],
}
CHANGED = {**ORDINARY, "interval": "15m", "scheduler": True, "rules": [_RULE, FORCED]}


@dataclass(frozen=True)
class Assembly:
    """A cloud assembly, and the types of what was left out of it."""

    directory: Path
    left_out: list[str]

    def destroying(self) -> tuple[str, ...]:
        """The words that take the stack down without a question."""
        return ("destroy", "--app", str(self.directory), "--force")


def synthesized(directory: Path, context: Mapping[str, Any]) -> Assembly:
    """Without what the emulator cannot make."""
    from aws_cdk import App

    from infra.stack import ReplicatorStack

    made = config(**context)
    app = App(context=flags(), outdir=str(directory))
    ReplicatorStack(app, "Replicator", made, configuration(made))
    app.synth()
    return Assembly(directory, reduce(directory / "Replicator.template.json"))


class Deployment:
    """An account of its own, bootstrapped, and what stands in it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.emulator = Emulator(directory)
        self.emulator.start()

    def stop(self) -> None:
        """And forget all of it."""
        self.emulator.stop()

    def cdk(self, *words: str) -> None:
        """AWS's command line, which must succeed."""
        done = self.run(*words)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The same, whatever comes of it."""
        return subprocess.run(
            [str(CDK), *words, "--no-color", "--no-notices", "--ci"],
            cwd=self._directory,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def _environment(self) -> dict[str, str]:
        """Nothing of the person's: not even the cache of who has which account."""
        return ROOT.environment() | {
            "PATH": os.environ["PATH"],
            "HOME": str(self._directory),
            "AWS_CA_BUNDLE": str(self.emulator.certificate),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.emulator.endpoint,
            "AWS_REGION": REGION,
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "true",
            "NODE_NO_WARNINGS": "1",
        }

    def bootstrap(self) -> None:
        """What CDK needs in an account, with the roles that it works as."""
        self.cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}")

    def deploy(self, assembly: Assembly) -> None:
        """The first time, or what has changed."""
        app = str(assembly.directory)
        self.cdk("deploy", "--app", app, "--require-approval", "never")

    def ask(self, service: str, operation: str, **parameters: Any) -> Any:
        """The answer to one call of the root's."""
        return getattr(self.emulator.client(service), operation)(**parameters)

    def receiver(self) -> Role:
        """The task's role with its policies as they were deployed. That we are no task
        of ECS is all that is changed."""
        trust = {"RoleName": RECEIVER, "PolicyDocument": json.dumps(TRUST)}
        self.ask("iam", "update_assume_role_policy", **trust)
        who = self.emulator.assumed(f"arn:aws:iam::{ACCOUNT}:role/{RECEIVER}")
        policy = self._receiver_policy()
        return Role(self.emulator, policy, "vault/", who, f"{STACK}/connection")

    def _receiver_policy(self) -> list[dict[str, Any]]:
        """All statements that the task's role has, as they were deployed."""
        role = {"RoleName": RECEIVER}
        attached = self.ask("iam", "list_attached_role_policies", **role)
        assert attached["AttachedPolicies"] == []
        found: list[dict[str, Any]] = []
        for name in self.ask("iam", "list_role_policies", **role)["PolicyNames"]:
            policy = self.ask("iam", "get_role_policy", **role, PolicyName=name)
            found += policy["PolicyDocument"]["Statement"]
        return found

    def service(self) -> dict[str, Any]:
        """The receiver's."""
        described = {"cluster": STACK, "services": [f"{STACK}-receiver"]}
        (found,) = self.ask("ecs", "describe_services", **described)["services"]
        assert isinstance(found, dict)
        return found

    def task(self, container: str) -> dict[str, Any]:
        """A container of the task that the service runs now."""
        family = {"taskDefinition": self.service()["taskDefinition"]}
        task = self.ask("ecs", "describe_task_definition", **family)["taskDefinition"]
        named = {one["name"]: one for one in task["containerDefinitions"]}
        found: dict[str, Any] = named[container]
        return found

    def settings(self) -> Settings:
        """What the receiver makes of the configuration that its task gets."""
        environment = {
            one["name"]: one["value"] for one in self.task("files")["environment"]
        }
        file = self._directory / "replicator.yaml"
        file.write_text(environment["CONFIGURATION"])
        return load_settings(file, {})

    def key(self, what: str) -> str:
        """The ARN of the key of the ``secrets``, or of the ``operations``."""
        described = self.ask("kms", "describe_key", KeyId=f"alias/{STACK}-{what}")
        return str(described["KeyMetadata"]["Arn"])

    def own_secrets(self) -> list[str]:
        """Names of those that the stack has made."""
        listed = self.ask("secretsmanager", "list_secrets")["SecretList"]
        return [
            one["Name"]
            for one in listed
            if any(tag["Key"] == _OF_A_STACK for tag in one.get("Tags", ()))
        ]

    def subscriptions(self, protocol: str) -> list[dict[str, Any]]:
        """To any topic."""
        listed = self.ask("sns", "list_subscriptions")["Subscriptions"]
        return [one for one in listed if one["Protocol"] == protocol]

    def pattern(self, kind: str) -> str:
        """Of the rule that takes events of this kind."""
        patterns = [
            one["EventPattern"] for one in self.ask("events", "list_rules")["Rules"]
        ]
        (found,) = (one for one in patterns if json.loads(one)["detail-type"] == [kind])
        return str(found)

    def outputs(self) -> dict[str, str]:
        """What is told at the end of a deployment."""
        (stack,) = self.ask("cloudformation", "describe_stacks", StackName=STACK)[
            "Stacks"
        ]
        return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
