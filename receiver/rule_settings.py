"""The ``rules`` of ``replicator.yaml``: which secrets go where.

A rule that would only fail at run time, for every secret or for some, is refused
here: names that cannot tell two secrets apart, tags that AWS does not take, two
rules that would write the same secret. No message repeats a value of the file.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable
from itertools import combinations
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from receiver.core.fingerprint import MANAGED_BY, PATH, RELEASED, SEAL, SOURCE
from receiver.core.overlap import can_overlap
from receiver.core.rules import Rule, TargetSpec, is_glob
from receiver.core.state import Replica
from vault_audit_forwarder.program.config_file import ConfigModel

_PLACEHOLDERS = ("namespace", "mount", "path", "rule")
_NAME_TEXT = re.compile(r"[A-Za-z0-9/_+=.@!-]*", re.ASCII)

_OUR_TAGS = (MANAGED_BY, SOURCE, PATH, SEAL, RELEASED)
_MAX_TAGS = 50 - len(_OUR_TAGS)
_MAX_TAG_KEY, _MAX_TAG_VALUE = 128, 256


def _template(value: str) -> str:
    try:
        parts = list(string.Formatter().parse(value))
    except ValueError:
        raise ValueError("has a brace without its partner") from None
    for text, field, spec, conversion in parts:
        if field is not None and (field not in _PLACEHOLDERS or spec or conversion):
            known = " ".join(f"{{{name}}}" for name in _PLACEHOLDERS)
            raise ValueError(f"holds an unknown placeholder; known are {known}")
        if not _NAME_TEXT.fullmatch(text):
            raise ValueError("holds a character that AWS refuses in a name")
    if "path" not in {field for _, field, _, _ in parts}:
        raise ValueError("must hold {path}, or all secrets would have one name")
    return value


def _tags(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > _MAX_TAGS:
        raise ValueError(f"AWS holds {_MAX_TAGS} tags besides our own, not more")
    for key, value in tags.items():
        if key in _OUR_TAGS or key.lower().startswith("aws:"):
            ours = ", ".join(_OUR_TAGS)
            raise ValueError(f"{ours} and aws:… are set by others, not here")
        if not 1 <= len(key) <= _MAX_TAG_KEY or len(value) > _MAX_TAG_VALUE:
            raise ValueError(
                f"a tag's key has 1 to {_MAX_TAG_KEY} characters, its value up to "
                f"{_MAX_TAG_VALUE}"
            )
        if not all(map(_fits_tag, key + value)):
            raise ValueError(
                "a tag may hold letters, digits, spaces and _ . : / = + - @"
            )
    return tags


def _fits_tag(char: str) -> bool:
    return char in "_.:/=+-@" or unicodedata.category(char)[0] in "LNZ"


def _place(value: str) -> str:
    if value != value.strip("/"):
        raise ValueError("is written without slashes at its ends")
    return value


def _glob(value: str) -> str:
    if not value:
        raise ValueError("must not be empty")
    return _place(value)


_Globs = tuple[Annotated[str, AfterValidator(_glob)], ...]


# Lengths are those of AWS's service models; so are patterns, where they have one.
_Region = Annotated[str, Field(pattern=r"^([a-z]+-)+[0-9]+$", max_length=128)]
_KmsKeyId = Annotated[str, Field(min_length=1, max_length=2048)]
_RoleArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$",
        max_length=2048,
    ),
]
_ExternalId = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_+=,.@:/-]+$", min_length=2, max_length=1224)
]


class RoleSettings(ConfigModel):
    """Which role is assumed in AWS. Without one we are who we run as."""

    role_arn: _RoleArn | None = None
    external_id: _ExternalId | None = None

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.external_id is not None and self.role_arn is None:
            raise ValueError("external_id needs the role_arn that it is agreed on for")
        return self


class ReplicaSettings(ConfigModel):
    """A copy in another Region under a key of that Region."""

    region: _Region
    kms_key_id: _KmsKeyId | None = None


def _replica(written: str | ReplicaSettings) -> Replica:
    if isinstance(written, str):
        return Replica(written)
    return Replica(written.region, written.kms_key_id)


def _once_each(
    replicas: tuple[str | ReplicaSettings, ...],
) -> tuple[str | ReplicaSettings, ...]:
    if len({_replica(one).region for one in replicas}) < len(replicas):
        raise ValueError("names a Region twice")
    return replicas


class KeyFormat(ConfigModel):
    """``{key: NAME}``: one key's value as a plain string."""

    key: Annotated[str, Field(min_length=1)]


class TargetSettings(RoleSettings):
    """What a secret is called in AWS, what it looks like, how it ends."""

    name: Annotated[str, AfterValidator(_template)] = "{mount}/{path}"
    format: Literal["json"] | KeyFormat = "json"
    description: Annotated[str, Field(max_length=2048)] | None = None
    kms_key_id: _KmsKeyId | None = None
    tags: Annotated[dict[str, str], AfterValidator(_tags)] = Field(default_factory=dict)
    replica_regions: Annotated[
        tuple[_Region | ReplicaSettings, ...], AfterValidator(_once_each)
    ] = ()
    on_delete: Literal["retain", "schedule", "force"] = "schedule"
    recovery_window_days: Annotated[int, Field(ge=7, le=30)] = 30
    region: Annotated[str, Field(min_length=1)] | None = None

    def to_spec(self) -> TargetSpec:
        """The same for the core; the Region is empty when it is not the rule's own."""
        return TargetSpec(
            name=self.name,
            format_key=None if self.format == "json" else self.format.key,
            description=self.description,
            kms_key_id=self.kms_key_id,
            tags=dict(self.tags),
            on_delete=self.on_delete,
            recovery_window_days=self.recovery_window_days,
            replicas=tuple(map(_replica, self.replica_regions)),
            region=self.region or "",
            role_arn=self.role_arn,
            external_id=self.external_id,
        )


class RuleSettings(ConfigModel):
    """One rule. ``namespace`` and ``mount`` are globs, ``include`` and ``exclude``
    globs over the path inside the mount."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=64)]
    namespace: Annotated[str, AfterValidator(_place)] = ""
    mount: Annotated[str, AfterValidator(_glob)]
    include: Annotated[_Globs, Field(min_length=1)] = ("**",)
    exclude: _Globs = ()
    opt_in: bool = False
    target: TargetSettings = TargetSettings()

    @model_validator(mode="after")
    def _names_tell_apart(self) -> RuleSettings:
        for part, glob in (("namespace", self.namespace), ("mount", self.mount)):
            if is_glob(glob) and f"{{{part}}}" not in self.target.name:
                raise ValueError(
                    f"target.name must hold {{{part}}}, because {part} is a glob: two "
                    "secrets could have one name"
                )
        return self

    def to_rule(self) -> Rule:
        """The same for the core."""
        return Rule(
            name=self.name,
            namespace=self.namespace,
            mount=self.mount,
            include=self.include,
            exclude=self.exclude,
            opt_in=self.opt_in,
            target=self.target.to_spec(),
        )


def check_rules(
    rules: tuple[RuleSettings, ...], placed: Callable[[TargetSpec], TargetSpec]
) -> tuple[RuleSettings, ...]:
    """Refuse two rules of one name, two for one secret in one account and Region, and
    copies where the secret itself is. ``placed`` gives a target its account."""
    specs = [placed(rule.target.to_spec()) for rule in rules]
    for where, spec in enumerate(specs):
        if spec.region in {copy.region for copy in spec.replicas}:
            raise ValueError(
                f"rules[{where}].target.replica_regions names the Region that the "
                "rule writes to: name others only"
            )
    for (here, one), (there, other) in combinations(enumerate(rules), 2):
        if one.name == other.name:
            raise ValueError(f"rules[{here}] and rules[{there}] have the same name")
        same_account = specs[here].account == specs[there].account
        if same_account and can_overlap(one.to_rule(), other.to_rule()):
            raise ValueError(
                f"rules[{here}] and rules[{there}] can match the same secret: exclude "
                "from one what the other includes, or give them different Regions or "
                "roles"
            )
    return rules
