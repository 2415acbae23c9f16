"""The CDK context becomes a Config, or every reason why not.

Keys of our own have no punctuation but ``_``; others are feature flags and look-ups of
CDK itself. All problems are told at once, each with its key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from infra.config import Config
from vault_audit_forwarder.program.config_file import ConfigError
from vault_audit_forwarder.program.config_problems import explain
from vault_audit_forwarder.program.config_types import DIRECTORY
from vault_audit_forwarder.program.yaml_document import parse

_OURS = re.compile(r"[A-Za-z0-9_-]+")
_DEMO_ADDRESS = re.compile(r"https://([a-z0-9-]+\.)+[a-z]+:8200")
_MINUTE, _DAY = 60, 86_400
#: What Fargate takes: for each CPU the least and the most memory.
_SIZES = {256: (512, 2048), 512: (1024, 4096), 1024: (2048, 8192), 2048: (4096, 16384)}
_DO = (
    "Set it in infra/cdk.json under context, or by -c KEY=VALUE; infra/README.md has a "
    "table of all keys."
)


def from_context(context: Mapping[str, Any], *, directory: Path) -> Config:
    """The configuration in ``context``; relative paths are relative to ``directory``.
    Raises ConfigError."""
    given = {key: _read(key, value) for key, value in context.items() if _is_ours(key)}
    if isinstance(rules := given.get("rules"), str):
        given["rules"] = _rules_of(directory / rules)
    try:
        config = Config.model_validate(given, context={DIRECTORY: directory})
    except ValidationError as error:
        # Only the places of keys are looked up in it, so no reference is expanded.
        document = parse(yaml.safe_dump(given).replace("${", "$ {"), {})
        problems = explain(error, document, Config)
        raise _refused(f"{one.where}: {one.what}" for one in problems) from None
    found = [*_of_names(config), *_of_network(config), *_of_sizes(config)]
    if config.demo_vault:
        found += _of_demo_vault(config)
    if found:
        raise _refused(found)
    return config


def _refused(problems: Iterable[str]) -> ConfigError:
    return ConfigError([*(f"context: {one}" for one in problems), _DO])


def _is_ours(key: str) -> bool:
    return _OURS.fullmatch(key) is not None


def _read(key: str, value: object) -> object:
    """What ``-c`` gives is text, also for lists, mappings, numbers and switches."""
    field = Config.model_fields.get(key)
    is_number = field is not None and isinstance(field.default, int)
    if isinstance(value, str) and (is_number or value.startswith(("[", "{"))):
        return yaml.safe_load(value)
    return value


def _rules_of(file: Path) -> object:
    try:
        document = yaml.safe_load(file.read_text())
    except OSError as error:
        raise _refused([f"rules: {file}: {error.strerror}"]) from None
    except yaml.YAMLError:
        raise _refused([f"rules: {file}: is not YAML"]) from None
    return document.get("rules") if isinstance(document, dict) else document


def _of_names(config: Config) -> list[str]:
    found = []
    if f"{config.name}/".startswith(config.replicated):
        found.append(
            "name: our own secrets are called NAME/…, which is below prefix, where the "
            "receiver may write and must not read: choose another name or prefix"
        )
    if not config.certificate_arn.startswith(config.arn("acm", "certificate/")):
        found.append("certificate_arn: must be of this account and Region")
    file = config.vault_ca_file
    if file is not None and not (file.is_file() or config.demo_vault):
        found.append("vault_ca_file: there is no such file; it is looked for in infra/")
    if "schedule" in config.tokens:
        found.append("tokens: schedule is the name of our own tasks: choose another")
    return found


def _of_network(config: Config) -> list[str]:
    found = []
    if config.vpc is not None and config.vault_gateway is not None:
        found.append("vault_gateway: routes of a VPC of your own are yours: leave it")
    if config.vault_gateway is not None and not config.vault_cidrs:
        found.append("vault_cidrs: say what is reached by vault_gateway")
    if config.vpc is not None and config.egress == "endpoints":
        found.append("egress: endpoints in a VPC of your own are yours: leave it")
    if config.internet_facing and config.vpc is None and config.egress != "nat":
        found.append(
            "internet_facing: our own tasks ask the receiver by its public address, "
            "which takes egress: nat"
        )
    if config.internet_facing and not config.forwarder_cidrs:
        found.append("forwarder_cidrs: say who may reach it from the Internet")
    return found


def _of_demo_vault(config: Config) -> list[str]:
    found = []
    if config.vpc is not None:
        found.append("demo_vault: is made in a VPC of its own: leave vpc")
    if config.egress != "nat":
        found.append("demo_vault: installs itself from PyPI: choose egress: nat")
    if not _DEMO_ADDRESS.fullmatch(config.vault_address):
        found.append(
            "vault_address: is how the demo Vault will be called: "
            "https://NAME:8200, where NAME is a host name as in vault.internal"
        )
    if config.vault_auth.method != "secrets_manager":
        found.append("vault_auth: OpenBao has no AWS method: choose secrets_manager")
    if config.vault_ca_file is not None:
        found.append("vault_ca_file: the demo Vault has a CA of its own: leave it")
    return found


def _of_sizes(config: Config) -> list[str]:
    found = []
    least, most = _SIZES[config.cpu]
    if not least <= config.memory <= most:
        found.append(f"memory: with cpu {config.cpu} Fargate takes {least} to {most}")
    if config.interval % _MINUTE or not _MINUTE <= config.interval <= _DAY:
        found.append("interval: must be whole minutes, 1m to 1d")
    return found
