"""``replicator.yaml`` as a model: the names, defaults and limits of every key.

Nothing here opens a file that the configuration names. A key that belongs to
something not built yet is refused when it asks for more than its default: to accept
and ignore it would be a promise.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from receiver.auth_settings import VaultAuth
from receiver.core.brake import DeleteLimits
from receiver.core.rules import Rule, TargetSpec
from receiver.core.version_budget import MAX_FREE
from receiver.notify_settings import NotifySettings, plain_warnings
from receiver.rule_settings import RoleSettings, RuleSettings, check_rules
from vault_audit_forwarder.program.addresses import check_url, is_plain
from vault_audit_forwarder.program.config_file import (
    ConfigModel,
    ConfigPath,
    Listen,
    PositiveDuration,
    json_schema,
    load,
)
from vault_audit_forwarder.signing import InvalidKey, parse_key


def _later(key: str, planned: Collection[str]) -> Callable[[object], object]:
    """Say "not in this version" of kinds that will come, before their keys are."""

    def check(value: object) -> object:
        if isinstance(value, Mapping) and value.get(key) in planned:
            raise PydanticCustomError(
                "not_yet", f"{key}: this kind is not available in this version"
            )
        return value

    return check


def _url(value: str) -> str:
    return check_url(value, example="https://vault.internal:8200")


_Url = Annotated[str, AfterValidator(_url)]
_Text = Annotated[str, Field(min_length=1)]


class Tls(ConfigModel):
    """Serve https; with ``client_ca_file`` only to clients it has signed."""

    cert_file: ConfigPath
    key_file: ConfigPath
    client_ca_file: ConfigPath | None = None


def _namespace(value: str) -> str:
    if value != value.strip("/"):
        raise ValueError("is written without slashes at its ends")
    return value


class VaultSettings(ConfigModel):
    """Which Vault, and as whom. ``source`` is its name in the forwarders' events."""

    address: _Url
    source: Annotated[str, Field(pattern=r"^[^\s/]+$", max_length=200)]
    auth: VaultAuth
    namespace: Annotated[str, AfterValidator(_namespace)] = ""
    ca_file: ConfigPath | None = None
    timeout: PositiveDuration = 10.0

    @property
    def is_plain(self) -> bool:
        """Whether tokens and values would cross a network unencrypted."""
        return is_plain(self.address)


class AwsSettings(RoleSettings):
    """Where secrets go unless a rule names a Region or a role of its own."""

    region: _Text
    endpoint_url: _Url | None = None

    def placed(self, spec: TargetSpec) -> TargetSpec:
        """``spec`` with our Region and our role where it names none."""
        spec = replace(spec, region=spec.region or self.region)
        if spec.role_arn is not None:
            return spec  # an external id is agreed on with the owner of one role
        return replace(spec, role_arn=self.role_arn, external_id=self.external_id)


def _signing_key(value: SecretStr) -> SecretStr:
    try:
        parse_key(value.get_secret_value())
    except InvalidKey as error:
        raise ValueError(str(error)) from None
    return value


class WebhookSettings(ConfigModel):
    """The keys that sign events: written here, or in files."""

    signing_keys: tuple[Annotated[SecretStr, AfterValidator(_signing_key)], ...] = ()
    signing_key_files: tuple[ConfigPath, ...] = ()
    tolerance: PositiveDuration = 300.0

    @model_validator(mode="after")
    def _some_key(self) -> WebhookSettings:
        if not self.signing_keys and not self.signing_key_files:
            raise ValueError("signing_keys or signing_key_files is required")
        return self


class AdminToken(ConfigModel):
    """A bearer token; ``name`` is what is written down when it is used."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scope: Literal["read", "sync", "admin"]
    token_file: ConfigPath


def _named_once(tokens: tuple[AdminToken, ...]) -> tuple[AdminToken, ...]:
    if len({token.name for token in tokens}) < len(tokens):
        raise ValueError("two tokens have the same name")
    return tokens


class AdminSettings(ConfigModel):
    """Who may use the rest of the API. Without tokens nobody may."""

    tokens: Annotated[tuple[AdminToken, ...], AfterValidator(_named_once)] = ()


class FingerprintSettings(ConfigModel):
    """The first key signs, all verify."""

    key_files: Annotated[tuple[ConfigPath, ...], Field(min_length=1)]


class QueueSettings(ConfigModel):
    """Where the work and the journal live."""

    kind: Literal["sqlite"]
    path: ConfigPath


def _interval(value: object) -> object:
    return None if value == "never" else value


class ReconcileSettings(ConfigModel):
    """When everything is compared. ``interval`` is None for never."""

    interval: Annotated[PositiveDuration | None, BeforeValidator(_interval)] = 1800.0
    at_start: bool = True
    v1_interval: PositiveDuration = 21600.0
    max_delete_percent: Annotated[int, Field(ge=0, le=100)] = 10
    max_delete_count: Annotated[int, Field(ge=0)] = 50
    max_delete_floor: Annotated[int, Field(ge=0)] = 10

    def to_limits(self) -> DeleteLimits:
        """The brake's, for the core."""
        return DeleteLimits(
            percent=self.max_delete_percent,
            count=self.max_delete_count,
            floor=self.max_delete_floor,
        )


class Limits(ConfigModel):
    """What Vault and AWS are spared."""

    writes_per_second: Annotated[float, Field(gt=0, le=1000)] = 20.0
    vault_reads_per_second: Annotated[float, Field(gt=0, le=100_000)] = 200.0
    versions_per_day: Annotated[int, Field(ge=1, le=MAX_FREE)] = 60


def _rules(
    rules: tuple[RuleSettings, ...], info: ValidationInfo
) -> tuple[RuleSettings, ...]:
    aws = info.data.get("aws")  # missing when it is wrong itself
    return check_rules(rules, aws.placed if aws else lambda spec: spec)


class Settings(ConfigModel):
    """The receiver's configuration. Durations are seconds."""

    listen: Listen
    tls: Tls | None = None
    vault: VaultSettings
    aws: AwsSettings
    webhook: WebhookSettings
    admin: AdminSettings = AdminSettings()
    fingerprint: FingerprintSettings
    rules: Annotated[
        tuple[RuleSettings, ...], Field(min_length=1), AfterValidator(_rules)
    ]
    queue: Annotated[QueueSettings, BeforeValidator(_later("kind", ["sqs"]))]
    reconcile: ReconcileSettings = ReconcileSettings()
    limits: Limits = Limits()
    notify: tuple[NotifySettings, ...] = ()
    public_url: _Url | None = None
    metrics: Listen | None = None
    workers: Annotated[int, Field(ge=1, le=64)] = 8
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def to_rules(self) -> tuple[Rule, ...]:
        """The rules for the core, in the order of the file, each with its account."""
        rules = [rule.to_rule() for rule in self.rules]
        return tuple(
            replace(rule, target=self.aws.placed(rule.target)) for rule in rules
        )

    def warnings(self) -> list[str]:
        """What works and should not stay so, in words for the log."""
        warnings = plain_warnings(self.notify)
        if self.vault.is_plain:
            warnings.append(
                "vault.address is http: tokens and secrets cross the network in clear"
            )
        return warnings


def load_settings(path: Path, env: Mapping[str, str]) -> Settings:
    """Read ``replicator.yaml``. Raises ConfigError."""
    return load(path, Settings, env=env)


def schema() -> dict[str, Any]:
    """The JSON Schema of ``replicator.yaml``."""
    return {"title": "replicator.yaml", **json_schema(Settings)}
