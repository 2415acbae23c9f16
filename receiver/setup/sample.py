"""The sample of ``--demo``: three secrets, one of which stays in Vault, and an engine
that no rule covers. Pure.

What stays is marked ``replicate=false`` before it has a value, so that it is never in
AWS, not even for a second.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from receiver.core.rules import OPT_KEY, Rule
from receiver.core.state import SecretRef
from receiver.setup.found import Found, has_glob
from receiver.setup.intent import Intent
from receiver.setup.mounts import enabled
from receiver.setup.steps import Call, Kind, Random, Step, needs_you, there

#: No rule may cover it, or it is no example of that.
OTHER = "vault-replicator-demo"
_REPLICATED, _KEPT = ("database", "api"), "private"
_WILD = re.compile(r"\*\*|\*|\?")


def sample_rule(intent: Intent) -> Rule | None:
    """The rule whose mount gets the secrets; None: no rule names a mount."""
    return next((rule for rule in intent.rules if not has_glob(rule)), None)


def sample_paths(rule: Rule) -> dict[str, str]:
    """Name to path of the three, where the rule takes them; fewer where it cannot."""
    found: dict[str, str] = {}
    for name in (*_REPLICATED, _KEPT):
        for glob in rule.include:
            path = within(glob, f"demo-{name}")
            if path not in found.values() and rule.matches(
                SecretRef(rule.namespace, rule.mount, path)
            ):
                found[name] = path
                break
    return found


def within(glob: str, name: str) -> str:
    """A path that ``glob`` stands for, ending in ``name`` where it leaves that open."""
    wild = list(_WILD.finditer(glob))
    if not wild:
        return glob
    last = wild[-1]
    head, tail = glob[: last.start()], glob[last.end() :]
    return _WILD.sub("x", head) + ("x" if last[0] == "?" else name) + tail


def sample_steps(intent: Intent, found: Found) -> Iterator[Step]:
    """Nothing unless somebody asked for it."""
    if not intent.options.sample:
        return
    rule = sample_rule(intent)
    place = (rule.namespace, rule.mount) if rule else None
    engine = found.engines.get(place) if place else None
    if rule is None or (engine is not None and engine.version != 2):
        none = "needs a rule that names a KV v2 mount, without a glob"
        yield needs_you("sample", "--demo", none)
        return
    yield from _other(intent, found)
    paths = sample_paths(rule)
    if len(paths) < 1 + len(_REPLICATED):
        none = f"rule {rule.name} includes no three paths that could be made up"
        yield needs_you("sample", rule.mount, none)
        return
    for name, path in paths.items():
        yield _secret(rule, name, path, found)


def _other(intent: Intent, found: Found) -> Iterator[Step]:
    if any(rule.covers_mount(intent.home, OTHER) for rule in intent.rules):
        return  # a glob over all mounts: then there is no other one
    if (intent.home, OTHER) in found.engines:
        yield there("sample", OTHER, "no rule covers it: what is in it stays in Vault")
    else:
        yield enabled("sample", intent.home, OTHER)


def _secret(rule: Rule, name: str, path: str, found: Found) -> Step:
    is_kept = name == _KEPT
    where = "/".join(filter(None, (rule.namespace, rule.mount, path)))
    why = f"not replicated: its owner says {OPT_KEY}=false" if is_kept else "replicated"
    if path in found.samples:
        return there("sample", where, why)
    calls: list[tuple[str, dict[str, Any]]] = []
    if is_kept or rule.opt_in:
        said = {"custom_metadata": {OPT_KEY: "false" if is_kept else "true"}}
        calls.append(("metadata", said))
    calls.append(("data", {"data": {"user": "demo", "password": Random()}}))
    return Step(
        kind=Kind.CREATE,
        what="sample",
        name=where,
        detail=why,
        calls=tuple(
            Call(
                method="POST",
                namespace=rule.namespace,
                path=f"{rule.mount}/{kind}/{path}",
                body=body,
            )
            for kind, body in calls
        ),
    )
