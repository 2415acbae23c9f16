"""The Vault policy that some rules need. Pure.

Values are readable only where a rule includes them, and listings for the whole mount:
a comparison lists every folder, and one that it may not list would end it. On KV v1 a
value and its folder have one path, so there a line narrows the one above it. Vault
takes the most specific line, so a denial inside an include holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from receiver.core.rules import Rule, is_glob, matches
from receiver.policies.patterns import DEEPEST, exactly, inside, places

READ, LIST, UPDATE, DENY = "read", "list", "update", "deny"


@dataclass(frozen=True, slots=True)
class Grant:
    """One path of a policy. ``why`` is what would not work without it."""

    path: str
    capabilities: tuple[str, ...]
    why: str


class OutOfReach(Exception):
    """A token of one namespace cannot read another that is not below it. The message
    names the rule."""


_OF_THE_TOKEN = (
    Grant("auth/token/lookup-self", (READ,), "how long the token lives"),
    Grant("auth/token/renew-self", (UPDATE,), "to renew it"),
    Grant("sys/capabilities-self", (UPDATE,), "to say what a refusal was for"),
)


def vault_policy(
    rules: Sequence[Rule],
    *,
    home: str = "",
    is_v1: Callable[[str, str], bool] = lambda namespace, mount: False,
    found_v1: Iterable[tuple[str, str]] = (),
) -> list[Grant]:
    """The grants for ``rules``, for a token that lives in the namespace ``home``.
    ``is_v1`` tells of a namespace and mount, as a rule has them, whether it is KV v1;
    ``found_v1`` are namespace and mount of those that only globs cover. Raises
    OutOfReach."""
    found: dict[str, Grant] = {}
    for grant in _OF_THE_TOKEN:
        found[grant.path] = grant
    for rule in rules:
        for grant in _of_rule(rule, rules, home, v1=is_v1(rule.namespace, rule.mount)):
            found[grant.path] = _both(found.get(grant.path), grant)
    for namespace, mount in found_v1:
        of_mount = _narrowed_to(rules, namespace, mount)
        for rule in of_mount:
            for grant in _of_rule(rule, of_mount, home, v1=True):
                found[grant.path] = _both(found.get(grant.path), grant)
    return list(found.values())


def _narrowed_to(rules: Sequence[Rule], namespace: str, mount: str) -> list[Rule]:
    """The rules that cover a mount, as if each were written for it alone."""
    return [
        replace(rule, namespace=namespace, mount=mount)
        for rule in rules
        if rule.covers_mount(namespace, mount)
    ]


def as_hcl(grants: Iterable[Grant]) -> str:
    """The policy as Vault and OpenBao read it."""
    return "\n".join(map(_stanza, grants))


def _stanza(grant: Grant) -> str:
    listed = ", ".join(f'"{one}"' for one in grant.capabilities)
    path = grant.path.replace("\\", "\\\\").replace('"', '\\"')
    return f'# {grant.why}\npath "{path}" {{\n  capabilities = [{listed}]\n}}\n'


def _both(one: Grant | None, other: Grant) -> Grant:
    """Two rules may need the same path, each for its own; a denial is only made where
    no other rule is, so it holds."""
    if one is None or DENY in other.capabilities:
        return other
    wanted = dict.fromkeys((*one.capabilities, *other.capabilities))
    return Grant(one.path, tuple(wanted), one.why)


def _of_rule(
    rule: Rule, rules: Sequence[Rule], home: str, *, v1: bool
) -> Iterable[Grant]:
    is_alone = all(other is rule or not _may_share(rule, other) for other in rules)
    left_out = rule.exclude if is_alone else ()
    if is_glob(rule.namespace):
        yield from _namespaces()
    for prefix in _prefixes(rule, home):
        kind = _of_v1_mount if v1 else _of_v2_mount
        yield from kind(prefix, rule, left_out)


def _may_share(one: Rule, other: Rule) -> bool:
    """Whether a mount may be covered by both, so that neither's exclude is a denial."""
    if any(map(is_glob, (one.mount, one.namespace))):
        return True
    return matches(other.mount, one.mount) and matches(other.namespace, one.namespace)


def _prefixes(rule: Rule, home: str) -> list[str]:
    """Mounts as the token's namespace sees them."""
    namespaces = [_below(home, one, rule) for one in places(rule.namespace)]
    mounts = [one for one in places(rule.mount) if one]
    return [
        "/".join(filter(None, (namespace, mount)))
        for namespace in namespaces
        for mount in mounts
    ]


def _below(home: str, namespace: str, rule: Rule) -> str:
    if not home or namespace == home:
        return "" if namespace == home else namespace
    if namespace.startswith(f"{home}/"):
        return namespace.removeprefix(f"{home}/")
    raise OutOfReach(
        f"rule {rule.name}: its namespace is not below vault.namespace, so no policy "
        "there reaches it: use a token of a namespace above both"
    )


def _namespaces() -> Iterable[Grant]:
    why = "to find the namespaces that a rule's glob covers"
    for depth in range(DEEPEST):
        yield Grant("+/" * depth + "sys/namespaces", (LIST,), why)


def _of_v2_mount(prefix: str, rule: Rule, left_out: Sequence[str]) -> Iterable[Grant]:
    metadata = "versions, deletions and custom_metadata, and what there is"
    yield Grant(f"{prefix}/metadata/*", (READ, LIST), metadata)
    details = "OpenBao: a page of versions in one request, instead of one for each"
    yield Grant(f"{prefix}/detailed-metadata/*", (LIST,), details)
    for glob in rule.include:
        yield Grant(f"{prefix}/data/{inside(glob)}", (READ,), "the values")
    for glob in left_out:
        if pattern := exactly(glob):
            why = f"excluded by rule {rule.name}"
            yield Grant(f"{prefix}/data/{pattern}", (DENY,), why)


def _of_v1_mount(prefix: str, rule: Rule, left_out: Sequence[str]) -> Iterable[Grant]:
    if "**" not in rule.include:
        yield Grant(f"{prefix}/*", (LIST,), "what there is")
    for glob in rule.include:
        yield Grant(f"{prefix}/{inside(glob)}", (READ, LIST), "the values, KV v1")
    for glob in left_out:
        if pattern := exactly(glob):
            why = f"excluded by rule {rule.name}: listed, not read"
            yield Grant(f"{prefix}/{pattern}", (LIST,), why)
