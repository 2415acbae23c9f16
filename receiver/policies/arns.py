"""The ARNs that a policy names. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from receiver.core.rules import Rule
from receiver.policies.patterns import in_name

_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """``source`` is vault.source. ``account`` is a number, or ``*`` for whichever the
    role is in; ``partition`` None: by each Region's name."""

    source: str
    account: str = "*"
    partition: str | None = None

    def arn(self, service: str, region: str, resource: str) -> str:
        """An ARN of this account."""
        partition = self.partition or partition_of(region)
        return f"arn:{partition}:{service}:{region}:{self.account}:{resource}"


def partition_of(region: str) -> str:
    """The partition of a Region, by its name."""
    for prefix, partition in _PARTITIONS.items():
        if region.startswith(prefix):
            return partition
    return "aws"


def domain_of(region: str) -> str:
    """What the names of AWS's services there end with."""
    return "amazonaws.com.cn" if partition_of(region) == "aws-cn" else "amazonaws.com"


def secrets(rules: Iterable[Rule], where: Where) -> list[str]:
    """ARN patterns of all names that the rules give, with AWS's suffix."""
    return sorted(
        {
            where.arn("secretsmanager", rule.target.region, f"secret:{name}")
            for rule in rules
            for name in _names(rule)
        }
    )


def _names(rule: Rule) -> Iterable[str]:
    for glob in rule.include:
        name = rule.target.name.format(
            namespace=in_name(rule.namespace),
            mount=in_name(rule.mount),
            path=in_name(glob),
            rule=in_name(rule.name),
        )
        # An empty part takes its slash along, as it does in names.
        name = name.replace("//", "/").lstrip("/")
        yield name
        # A name that is free has no suffix yet; a pattern covers both.
        if not name.endswith("*"):
            yield f"{name}-??????"
