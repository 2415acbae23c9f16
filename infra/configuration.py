"""``replicator.yaml`` of the deployed receiver, whole and concrete at synthesis.

It is read here by the receiver's own loader, so that what the receiver would refuse at
its start fails ``cdk synth`` instead, in the receiver's words. What only the deployment
can know is checked besides: every name that the rules give lies below the prefix, which
is what permissions, the KMS key and the watch on tampering are made for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.config import ByAwsIdentity, Config
from infra.files import STATE, VAULT_CA, fingerprint_files, signing_files, token_file
from infra.names import Names
from infra.replication import replication
from receiver.core.rules import Rule
from receiver.policies.in_aws import Where, aws_policy
from receiver.policies.statements import INLINE, length
from receiver.settings import Settings, load_settings
from vault_audit_forwarder.program.config_file import ConfigError

PORT = 8080
_NAME = "replicator.yaml"


@dataclass(frozen=True, slots=True)
class Configuration:
    """``text`` is the file, ``settings`` what the receiver makes of it."""

    text: str
    settings: Settings

    def with_ca(self, file: Path | None) -> str:
        """The text for ``init-vault``, on a host where Vault's CA lies elsewhere."""
        return self.text if file is None else self.text.replace(VAULT_CA, str(file))


def configuration(config: Config) -> Configuration:
    """Raises ConfigError."""
    text = yaml.safe_dump(_document(config), sort_keys=False, width=1000)
    settings = _loaded(text)
    found = [*_outside(config, settings), *_unreachable(config, settings)]
    if found := found or list(_too_much(config, settings)):
        raise ConfigError([f"{_NAME}: {line}" for line in found])
    return Configuration(text, settings)


def _document(config: Config) -> dict[str, Any]:
    names = Names(config)
    admin = [
        {"name": name, "scope": scope, "token_file": token_file(name)}
        for name, scope in names.tokens().items()
    ]
    return {
        "listen": f"0.0.0.0:{PORT}",
        "public_url": config.url,
        "vault": _vault(config),
        "aws": {"region": config.region},
        "webhook": {"signing_key_files": signing_files()},
        "admin": {"tokens": admin},
        "fingerprint": {"key_files": fingerprint_files()},
        "rules": [_rule(rule, config) for rule in _rules(config)],
        "queue": {"kind": "sqlite", "path": f"{STATE}/state.db"},
        "reconcile": {
            "interval": "never" if config.scheduler else f"{config.interval:.0f}s"
        },
        "notify": [{"kind": "sns", "topic_arn": names.topic_arn}],
    }


def _vault(config: Config) -> dict[str, Any]:
    auth = config.vault_auth
    if isinstance(auth, ByAwsIdentity):
        said: dict[str, Any] = {"role": auth.role, "region": config.region}
        said |= {"mount": auth.mount}
        said |= {"header": auth.header} if auth.header else {}
    else:
        said = {"secret_id": Names(config).connection}
    found: dict[str, Any] = {
        "address": config.vault_address,
        "source": config.vault_source,
        "auth": {"method": auth.method, **said},
    }
    if config.vault_namespace:
        found["namespace"] = config.vault_namespace
    if config.vault_ca_file is not None or config.demo_vault:
        found["ca_file"] = VAULT_CA
    return found


def _rules(config: Config) -> tuple[dict[str, Any], ...]:
    if config.rules is not None:
        return config.rules
    target = {"name": f"{config.prefix[0]}/{{path}}"}
    return ({"name": "hybrid", "mount": config.mount, "target": target},)


def _rule(rule: dict[str, Any], config: Config) -> dict[str, Any]:
    """The rule, encrypting with our key what it writes here under no other. What is
    wrong with a rule is for the receiver to say."""
    target = rule.get("target", {})
    if not isinstance(target, dict):
        return rule
    is_here = target.get("region", config.region) == config.region
    if not is_here or "role_arn" in target or "kms_key_id" in target:
        return rule
    return {**rule, "target": {**target, "kms_key_id": Names(config).secrets_alias}}


def _loaded(text: str) -> Settings:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, _NAME)
        file.write_text(text)
        try:
            return load_settings(file, {})
        except ConfigError as error:
            prefix = f"{directory}/"
            raise ConfigError(
                [line.removeprefix(prefix) for line in error.problems]
            ) from None


def _outside(config: Config, settings: Settings) -> Iterator[str]:
    """Rules whose names may lie elsewhere than below the prefix."""
    for number, rule in enumerate(settings.to_rules()):
        if any(not name.startswith(config.replicated) for name in _names(rule)):
            yield (
                f"rules[{number}].target.name: begins with something else than the "
                f"prefix: write {config.prefix[0]}/… there, or add what it begins with "
                "to prefix, which may be a list"
            )


def _names(rule: Rule) -> list[str]:
    """The patterns that the policy has for the names of a rule."""
    role = rule.target.role_arn
    [described] = [
        one
        for one in aws_policy([rule], Where(source="any"), role_arn=role)
        if one["Sid"] == "Describe"
    ]
    return [str(arn).partition(":secret:")[2] for arn in described["Resource"]]


def _unreachable(config: Config, settings: Settings) -> Iterator[str]:
    """Interface endpoints are those of one Region."""
    for number, rule in enumerate(settings.to_rules()):
        if config.egress == "endpoints" and rule.target.region != config.region:
            yield (
                f"rules[{number}].target.region: cannot be reached by the endpoints of "
                f"{config.region}: choose egress: nat"
            )


def _too_much(config: Config, settings: Settings) -> Iterator[str]:
    """Rules are patterns in the role's policy, whose length AWS limits."""
    characters = length(replication(config, settings))
    if characters > INLINE:
        yield (
            f"rules: the receiver's policy would have {characters:,} characters, and a "
            f"role takes {INLINE:,}: give rules fewer and wider includes"
        )
