"""The KV engines that the rules name, and the policy that reads them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import unified_diff

from receiver.core.rules import Rule
from receiver.policies.in_vault import as_hcl, vault_policy
from receiver.setup.found import Engine, Found, has_glob
from receiver.setup.intent import Intent
from receiver.setup.steps import Call, Kind, Step, needs_you, there

_KV2 = {"type": "kv", "options": {"version": "2"}}


def mount_steps(intent: Intent, found: Found) -> Iterator[Step]:
    """One for each place that a rule names, and for each rule with a glob."""
    seen = set()
    for rule in intent.rules:
        place = (rule.namespace, rule.mount)
        if place in seen:
            continue
        seen.add(place)
        if has_glob(rule):
            yield _by_glob(rule, found)
        else:
            may_enable = intent.options.enable_mounts or intent.options.sample
            yield _named(place, found, may_enable=may_enable)


def _by_glob(rule: Rule, found: Found) -> Step:
    name = "/".join(filter(None, (rule.namespace, rule.mount)))
    listed = [_said(place, found.engines[place]) for place in found.covered(rule)]
    if listed:
        return there("mount", name, f"matches {', '.join(listed)}")
    none = "no KV mount matches yet; one that comes is found"
    return Step(kind=Kind.NOTE, what="mount", name=name, detail=none)


def _named(place: tuple[str, str], found: Found, *, may_enable: bool) -> Step:
    namespace, mount = place
    name, engine = "/".join(filter(None, place)), found.engines.get(place)
    if engine is not None and engine.version:
        return there("mount", name, f"KV v{engine.version}")
    if engine is not None:
        wrong = f"is a {engine.type} engine: correct the rule's mount"
        return needs_you("mount", name, wrong)
    if namespace in found.no_namespaces:
        none = f"there is no namespace {namespace}: create it, or correct the rule"
        return needs_you("mount", name, none)
    if not may_enable:
        return needs_you("mount", name, "does not exist: --enable-mounts makes it")
    return enabled("mount", namespace, mount)


def enabled(what: str, namespace: str, mount: str) -> Step:
    """A new KV v2 engine."""
    call = Call(
        method="POST", namespace=namespace, path=f"sys/mounts/{mount}", body=_KV2
    )
    name = "/".join(filter(None, (namespace, mount)))
    return Step(
        kind=Kind.CREATE, what=what, name=name, detail="enable KV v2", calls=(call,)
    )


def _said(place: tuple[str, str], engine: Engine) -> str:
    return f"{'/'.join(filter(None, place))} (KV v{engine.version})"


def policy_text(intent: Intent, found: Found) -> str:
    """The least that the rules need, for the KV versions that there are. Raises
    OutOfReach."""
    named = {(r.namespace, r.mount) for r in intent.rules if not has_glob(r)}
    old = {place for place, engine in found.engines.items() if engine.version == 1}
    by_globs = {place for rule in intent.rules for place in found.covered(rule)} - named
    grants = vault_policy(
        intent.rules,
        home=intent.home,
        is_v1=lambda namespace, mount: (namespace, mount) in old,
        found_v1=sorted(by_globs & old),
    )
    return as_hcl(grants)


def policy_step(intent: Intent, found: Found) -> Step:
    """The policy, written where the token lives. Raises OutOfReach."""
    name, text = intent.options.policy, policy_text(intent, found)
    if found.policy is not None and found.policy.strip() == text.strip():
        return there("policy", name, "as the rules need it")
    call = Call(
        method="POST",
        namespace=intent.home,
        path=f"sys/policies/acl/{name}",
        body={"policy": text},
    )
    is_new = found.policy is None
    return Step(
        kind=Kind.CREATE if is_new else Kind.CHANGE,
        what="policy",
        name=name,
        detail="what the rules need, and no more" if is_new else "is another one",
        calls=(call,),
        diff="\n".join(_differences(found.policy or "", text)),
    )


def _differences(old: str, new: str) -> Iterable[str]:
    """Only the lines that differ, with what stands around them."""
    lines = unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=1)
    return (line for line in lines if not line.startswith(("---", "+++", "@@ -0,0")))
