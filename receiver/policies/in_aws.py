"""The IAM policy that some rules need. Pure.

Written is only below the names that the rules give, and only what carries our tags: a
request that makes a secret ours must name both, and every other write needs a secret
that is. Nothing is ever read: GetSecretValue is denied below the same names. A role
that rules assume has a policy of its own, and who runs the receiver may assume it.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

from receiver.core.fingerprint import MANAGED_BY, PATH, SEAL, SOURCE, US
from receiver.core.rules import FORCE, RETAIN, Rule
from receiver.policies.patterns import in_name

Statement: TypeAlias = dict[str, Any]

_CHANGES = (
    "PutSecretValue",
    "UpdateSecret",
    "UpdateSecretVersionStage",
    "UntagResource",
    "RestoreSecret",
    "RemoveRegionsFromReplication",
)
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso"}
_KEY_USES = ("Decrypt", "Encrypt", "GenerateDataKey")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Besides:
    """What is needed apart from the rules: ARNs of SNS topics that are told, and the
    Region and name of a secret that holds the token of Vault."""

    topics: Sequence[str] = ()
    connection: tuple[str, str] | None = None


def aws_policy(
    rules: Sequence[Rule],
    where: Where,
    *,
    role_arn: str | None = None,
    besides: Besides | None = None,
) -> list[Statement]:
    """The statements for the role ``role_arn``; None: for who runs the receiver."""
    ours = [rule for rule in rules if rule.target.role_arn == role_arn]
    statements = _of_secrets(ours, where) if ours else []
    if role_arn is None:
        statements += _assume(rules)
    return statements + _of_besides(besides or Besides(), where)


def as_document(statements: Iterable[Statement]) -> dict[str, Any]:
    """The policy as IAM reads it."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def chosen(statements: Iterable[Statement], names: Sequence[str]) -> list[Statement]:
    """Those of these names, whatever their case; without names all. Of several for
    one thing, which are numbered, all are meant."""
    wanted = {name.casefold().replace("-", "") for name in names}
    return [one for one in statements if not wanted or _name(one) in wanted]


def _name(statement: Statement) -> str:
    return str(statement["Sid"]).casefold().rstrip(string.digits)


def _of_secrets(rules: Sequence[Rule], where: Where) -> list[Statement]:
    names = _secrets(rules, where)
    is_ours = {f"aws:ResourceTag/{MANAGED_BY}": US}
    becomes_ours = {
        f"aws:RequestTag/{MANAGED_BY}": US,
        f"aws:RequestTag/{SOURCE}": where.source,
    }
    copies = (
        ["ReplicateSecretToRegions"] if any(r.target.replicas for r in rules) else []
    )
    ends = any(rule.target.on_delete != RETAIN for rule in rules)
    deletes = ["DeleteSecret"] if ends else []
    return [
        _allow("List", ["ListSecrets"], "*"),
        _allow("Describe", ["DescribeSecret"], names),
        _allow("Create", ["CreateSecret", "TagResource", *copies], names, becomes_ours),
        _allow("Write", [*_CHANGES, *copies, *deletes], names, is_ours),
        *_kms(rules, where),
        _deny("NeverRead", ["GetSecretValue"], names),
        _deny("NeverUntag", ["UntagResource"], names, _OUR_TAGS),
        *_never_force(rules, where),
    ]


_OUR_TAGS = {
    "ForAnyValue:StringEquals": {"aws:TagKeys": [MANAGED_BY, SOURCE, PATH, SEAL]}
}


def _never_force(rules: Sequence[Rule], where: Where) -> list[Statement]:
    """Where no rule deletes at once, nobody does."""
    forced = set(_secrets([r for r in rules if r.target.on_delete == FORCE], where))
    others = [r for r in rules if r.target.on_delete != FORCE]
    names = [name for name in _secrets(others, where) if name not in forced]
    at_once = {"Bool": {"secretsmanager:ForceDeleteWithoutRecovery": "true"}}
    return [_deny("NeverForce", ["DeleteSecret"], names, at_once)] if names else []


def _kms(rules: Sequence[Rule], where: Where) -> list[Statement]:
    """The keys that the rules name, by way of Secrets Manager of their Region. AWS's
    own key needs no permission."""
    used = {
        (region, key)
        for rule in rules
        for region, key in (
            (rule.target.region, rule.target.kms_key_id),
            *((copy.region, copy.kms_key_id) for copy in rule.target.replicas),
        )
        if key
    }
    return [
        _key(number, region, key, where)
        for number, (region, key) in enumerate(sorted(used), 1)
    ]


def _key(number: int, region: str, key: str, where: Where) -> Statement:
    name = key.rpartition(":")[2]
    domain = "amazonaws.com.cn" if partition_of(region) == "aws-cn" else "amazonaws.com"
    condition: dict[str, dict[str, Any]] = {
        "StringEquals": {"kms:ViaService": f"secretsmanager.{region}.{domain}"}
    }
    resource = key if key.startswith("arn:") else where.arn("kms", region, f"key/{key}")
    if name.startswith("alias/"):
        resource = where.arn("kms", region, "key/*")
        condition["ForAnyValue:StringEquals"] = {"kms:ResourceAliases": name}
    return {
        "Sid": "Kms" if number == 1 else f"Kms{number}",
        "Effect": "Allow",
        "Action": [f"kms:{use}" for use in _KEY_USES],
        "Resource": resource,
        "Condition": condition,
    }


def _assume(rules: Sequence[Rule]) -> list[Statement]:
    roles = sorted({r.target.role_arn for r in rules if r.target.role_arn is not None})
    if not roles:
        return []
    return [
        {
            "Sid": "Assume",
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Resource": roles,
        }
    ]


def _of_besides(besides: Besides, where: Where) -> list[Statement]:
    found: list[Statement] = []
    if besides.topics:
        found.append(
            {
                "Sid": "Notify",
                "Effect": "Allow",
                "Action": ["sns:Publish"],
                "Resource": sorted(besides.topics),
            }
        )
    if besides.connection is not None:
        region, name = besides.connection
        is_arn = name.startswith("arn:")
        # AWS adds a hyphen and six characters to the name.
        secret = where.arn("secretsmanager", region, f"secret:{name}-??????")
        read = ["GetSecretValue"]
        found.append(_allow("Connection", read, name if is_arn else secret))
    return found


def _secrets(rules: Iterable[Rule], where: Where) -> list[str]:
    """ARN patterns of all names that the rules give, with AWS's suffix."""
    return sorted(
        {
            where.arn("secretsmanager", rule.target.region, f"secret:{name}")
            for rule in rules
            for name in _names(rule)
        }
    )


def covering(rules: Sequence[Rule], region: str, secret_id: str) -> Rule | None:
    """The rule below whose names a secret would stand, given by its name or ARN."""
    name = secret_id
    if secret_id.startswith("arn:"):
        _, _, _, region, _, _, name = secret_id.split(":", 6)
        name = re.sub(r"-[A-Za-z0-9]{6}$", "", name)
    for rule in rules:
        patterns = _names(rule) if rule.target.region == region else ()
        if any(fnmatchcase(f"{name}-AbCdEf", pattern) for pattern in patterns):
            return rule
    return None


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
        yield name if name.endswith("*") else f"{name}-??????"


def _allow(
    sid: str,
    actions: Sequence[str],
    resources: str | Sequence[str],
    equal: dict[str, str] | None = None,
) -> Statement:
    condition = {"Condition": {"StringEquals": equal}} if equal else {}
    return _statement("Allow", sid, actions, resources) | condition


def _deny(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[str],
    condition: dict[str, Any] | None = None,
) -> Statement:
    said = {"Condition": condition} if condition else {}
    return _statement("Deny", sid, actions, resources) | said


def _statement(
    effect: str, sid: str, actions: Sequence[str], resources: str | Sequence[str]
) -> Statement:
    return {
        "Sid": sid,
        "Effect": effect,
        "Action": [f"secretsmanager:{one}" for one in actions],
        "Resource": resources,
    }
