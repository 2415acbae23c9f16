"""The IAM policy that some rules need. Pure.

Written is only below the names that the rules give, and only what carries our tags: a
request that makes a secret ours must name both, and every other write needs a secret
that has both. What must never be is denied besides, so that it holds whatever else the
role may do: to read a value, Vault's token excepted; to touch another name; to take
our tags off. To tag what is somebody else's is not denied below the names, for that is
what ``adopt`` does. A role that rules assume has a policy of its own, and who runs the
receiver may assume it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from receiver.core.fingerprint import MANAGED_BY, PATH, SEAL, SOURCE, US
from receiver.core.rules import FORCE, RETAIN, Rule
from receiver.policies.arns import Where, domain_of, partition_of, secrets
from receiver.policies.statements import Statement, allow, deny, deny_but_for

__all__ = ["aws_policy", "Besides", "partition_of", "Where", "Unreadable"]

_CHANGES = (
    "PutSecretValue",
    "UpdateSecret",
    "UpdateSecretVersionStage",
    "UntagResource",
    "RestoreSecret",
    "RemoveRegionsFromReplication",
)
#: By their first letters, so that those to come are in it. Values are a matter of their
#: own; ListSecrets knows no resource, so a denial elsewhere would be one everywhere.
_ALL_BUT_VALUES_AND_LISTING = (
    "A*", "C*", "D*", "GetR*", "ListR*", "ListSecretV*", "P*", "R*", "S*", "T*", "U*",
    "V*",
)  # fmt: skip
_KEY_ID = re.compile(r"[\w/-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Besides:
    """What is needed apart from the rules: ARNs of SNS topics that are told, and the
    Region and name of the secret that holds Vault's token. A key is what the one or the
    other is encrypted with, that of topics with its Region."""

    topics: Sequence[str] = ()
    topic_key: tuple[str, str] | None = None
    connection: tuple[str, str] | None = None
    connection_key: str | None = None


class Unreadable(Exception):
    """Vault's token lies where nothing is ever read. The message names it."""


def aws_policy(
    rules: Sequence[Rule],
    where: Where,
    *,
    role_arn: str | None = None,
    besides: Besides | None = None,
) -> list[Statement]:
    """The statements for the role ``role_arn``; None: for who runs the receiver.
    Raises Unreadable."""
    besides = besides or Besides()
    ours = [rule for rule in rules if rule.target.role_arn == role_arn]
    connection = _connection(besides, secrets(ours, where), where)
    allowed = _on_secrets(ours, where) if ours else []
    allowed += _kms(ours, besides, where)
    if role_arn is None:
        allowed += _assume(rules)
    if besides.topics:
        allowed.append(allow("Notify", ["sns:Publish"], sorted(besides.topics)))
    if connection:
        allowed.append(allow("Connection", _on(["GetSecretValue"]), connection))
    return allowed + (_never(ours, connection, where) if ours else [])


def _on(actions: Sequence[str]) -> list[str]:
    return [f"secretsmanager:{action}" for action in actions]


def _on_secrets(rules: Sequence[Rule], where: Where) -> list[Statement]:
    names = secrets(rules, where)
    tags = {MANAGED_BY: US, SOURCE: where.source}
    is_ours = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
    becomes_ours = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    copies = (
        ["ReplicateSecretToRegions"] if any(r.target.replicas for r in rules) else []
    )
    ends = any(rule.target.on_delete != RETAIN for rule in rules)
    deletes = ["DeleteSecret"] if ends else []
    create = _on(["CreateSecret", "TagResource", *copies])
    write = _on([*_CHANGES, *copies, *deletes])
    return [
        allow("List", _on(["ListSecrets"]), "*"),
        # A free name must be told from somebody's, so no tag is asked for here.
        allow("Describe", _on(["DescribeSecret"]), names),
        allow("Create", create, names, {"StringEquals": becomes_ours}),
        allow("Write", write, names, {"StringEquals": is_ours}),
    ]


_OUR_TAGS = {
    "ForAnyValue:StringEquals": {"aws:TagKeys": [MANAGED_BY, SOURCE, PATH, SEAL]}
}
_AT_ONCE = {"Bool": {"secretsmanager:ForceDeleteWithoutRecovery": "true"}}


def _never(
    rules: Sequence[Rule], connection: Sequence[str], where: Where
) -> list[Statement]:
    read = _on(["GetSecretValue", "BatchGetSecretValue"])
    others = _on(_ALL_BUT_VALUES_AND_LISTING)
    forced = secrets([r for r in rules if r.target.on_delete == FORCE], where)
    return [
        deny_but_for(connection, "NeverRead", read),
        deny_but_for(secrets(rules, where), "NeverElsewhere", others),
        deny("NeverUntag", _on(["UntagResource"]), "*", _OUR_TAGS),
        # Of two rules' names one may lie within the other's.
        deny_but_for(forced, "NeverForce", _on(["DeleteSecret"]), _AT_ONCE),
    ]


def _connection(besides: Besides, names: Sequence[str], where: Where) -> list[str]:
    """The one secret that is read, if there is one."""
    if besides.connection is None:
        return []
    region, name = besides.connection
    # AWS adds a hyphen and six characters to the name.
    by_name = where.arn("secretsmanager", region, f"secret:{name}-??????")
    arn = name if name.startswith("arn:") else by_name
    if any(fnmatchcase(arn, pattern) for pattern in names):
        raise Unreadable(
            f"{name}: a rule gives this name to what it replicates, none of which may "
            "be read: keep Vault's token under a name that no rule gives"
        )
    return [arn]


def _kms(rules: Sequence[Rule], besides: Besides, where: Where) -> list[Statement]:
    """The keys that are named, each by way of the service of its Region that uses it.
    AWS's own keys need no permission."""
    used = {
        (region, key)
        for rule in rules
        for region, key in (
            (rule.target.region, rule.target.kms_key_id),
            *((copy.region, copy.kms_key_id) for copy in rule.target.replicas),
        )
        if key
    }
    write = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
    found = [_key("secretsmanager", key, write, where) for key in sorted(used)]
    if besides.connection and besides.connection_key:
        key = (besides.connection[0], besides.connection_key)
        found.append(_key("secretsmanager", key, ["kms:Decrypt"], where))
    if besides.topics and besides.topic_key:
        publish = ["kms:Decrypt", "kms:GenerateDataKey"]
        found.append(_key("sns", besides.topic_key, publish, where))
    for number, statement in enumerate(found[1:], 2):
        statement["Sid"] = f"Kms{number}"
    return found


def _key(
    service: str, regional: tuple[str, str], uses: Sequence[str], where: Where
) -> Statement:
    region, key = regional
    condition: dict[str, dict[str, Any]] = {
        "StringEquals": {"kms:ViaService": f"{service}.{region}.{domain_of(region)}"}
    }
    resource = where.arn("kms", region, f"key/{key}") if _KEY_ID.fullmatch(key) else key
    account, is_alias, name = key.partition("alias/")
    if is_alias:
        # No resource has this name: it is one that the key must have.
        resource = f"{account}key/*" if account else where.arn("kms", region, "key/*")
        names = {"kms:ResourceAliases": f"alias/{name}"}
        condition["ForAnyValue:StringEquals"] = names
    return allow("Kms", uses, resource, condition)


def _assume(rules: Sequence[Rule]) -> list[Statement]:
    roles = {r.target.role_arn for r in rules if r.target.role_arn is not None}
    return [allow("Assume", ["sts:AssumeRole"], sorted(roles))] if roles else []
