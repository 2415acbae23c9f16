"""Reads from Vault what a set-up must know, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from receiver.core.causes import Cause, Permanent, ReplicationError
from receiver.core.render import Json
from receiver.core.rules import is_glob
from receiver.setup.answers import data_of
from receiver.setup.credential import worth
from receiver.setup.found import Engine, Found
from receiver.setup.intent import Intent
from receiver.setup.methods import method_of
from receiver.setup.ports import Answered, AsksVault
from receiver.setup.rights import namespaces_named
from receiver.setup.sample import sample_paths, sample_rule
from vault_audit_forwarder.audit_device import Device, device_for
from vault_audit_forwarder.program.errors import CommandError


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is asked of others than Vault's administrator: the namespaces that a glob
    matches, the connection secret's text, and whether somebody listens for a device."""

    namespaces: Callable[[str], list[str]]
    connection: Callable[[], str | None]
    listens: Callable[[Device], bool]


def server(vault: AsksVault) -> Found:
    """Whether Vault can be set up at all, and which one it is. Raises CommandError."""
    answer = vault.ask("GET", "", "sys/seal-status")
    tree = answer.json()
    state = tree if isinstance(tree, dict) else {}
    if answer.status != 200 or "sealed" not in state:
        raise CommandError(
            f"what answers there is no Vault (status {answer.status}): correct "
            "vault.address"
        )
    if state.get("initialized") is not True:
        raise CommandError("Vault is not initialized: vault operator init")
    if state["sealed"] is not False:
        raise CommandError("Vault is sealed: vault operator unseal")
    return Found(version=str(state.get("version", "")))


def home_of_token(vault: AsksVault, home: str) -> str:
    """The namespace of the administrator's token. Raises CommandError."""
    for namespace in dict.fromkeys(("", home)):
        try:
            data = data_of(vault.ask("GET", namespace, "auth/token/lookup-self"))
        except Permanent:
            continue
        return str(data.get("namespace_path") or "").strip("/")
    raise CommandError(
        "Vault refuses the admin token: it has ended, or is of another Vault or "
        "namespace"
    )


def capabilities(
    vault: AsksVault, home: str, paths: Iterable[str]
) -> dict[str, list[str]]:
    """What the token, which lives in ``home``, may do at each path as seen from the
    root; empty when it may not even ask."""
    seen = {_seen_from(home, path): path for path in paths}
    try:
        asked = vault.ask("POST", home, "sys/capabilities-self", {"paths": list(seen)})
    except Permanent:
        return {}
    data = data_of(asked)
    return {
        path: [str(word) for word in held]
        for short, path in seen.items()
        if isinstance(held := data.get(short), list)
    }


def _seen_from(home: str, path: str) -> str:
    return path.removeprefix(f"{home}/") if home else path


def read(vault: AsksVault, intent: Intent, around: Around, begun: Found) -> Found:
    """All that there is. Raises ReplicationError, CommandError."""
    found = _engines(vault, intent, around, begun)
    found = _policy(vault, intent, found)
    found = _login(vault, intent, found)
    unfit, foreign = worth(vault, intent, around.connection, found.role)
    return replace(
        found,
        unfit=unfit,
        foreign=foreign,
        devices=devices(vault),
        deaf=_deaf(intent, around),
        samples=_samples(vault, intent, found),
        stanza=_text(intent.options.audit_stanza),
    )


def _engines(vault: AsksVault, intent: Intent, around: Around, found: Found) -> Found:
    places: dict[str, None] = dict.fromkeys(namespaces_named(intent))
    for rule in intent.rules:
        if is_glob(rule.namespace):
            places |= dict.fromkeys(around.namespaces(rule.namespace))
    engines, missing, is_openbao = {}, [], False
    for namespace in places:
        answer = vault.ask("GET", namespace, "sys/mounts")
        if answer.status == 404:
            missing.append(namespace)
            continue
        for path, mount in data_of(answer).items():
            tree = mount if isinstance(mount, dict) else {}
            engines[namespace, path.strip("/")] = _engine(tree)
            running = str(tree.get("running_plugin_version"))
            is_openbao = is_openbao or running.endswith(".bao")
    return replace(found, engines=engines, no_namespaces=missing, is_openbao=is_openbao)


def _engine(tree: Mapping[str, Json]) -> Engine:
    kind, options = str(tree.get("type")), tree.get("options")
    if kind not in ("kv", "generic"):
        return Engine(kind, 0)
    is_two = isinstance(options, dict) and options.get("version") == "2"
    return Engine(kind, 2 if is_two else 1)


def _policy(vault: AsksVault, intent: Intent, found: Found) -> Found:
    path = f"sys/policies/acl/{intent.options.policy}"
    answer = vault.ask("GET", intent.home, path)
    text = data_of(answer).get("policy")
    return replace(found, policy=text if isinstance(text, str) else None)


def _login(vault: AsksVault, intent: Intent, found: Found) -> Found:
    method = method_of(intent)
    if method is None:
        return found
    data = data_of(vault.ask("GET", intent.home, "sys/auth"))
    auth = {
        path.strip("/"): str(mount.get("type"))
        for path, mount in data.items()
        if isinstance(mount, dict)
    }
    found = replace(found, auth=auth)
    if auth.get(method.mount) != method.type:
        return found
    role, config = (
        data_of(vault.ask("GET", intent.home, path)) or None if path else None
        for path in (method.role_path, method.config_path)
    )
    return replace(found, role=role, config=config)


def devices(vault: AsksVault) -> Sequence[Device] | None:
    """The audit devices; None when Vault does not say, as in a namespace of its own."""
    try:
        answer = vault.ask("GET", "", "sys/audit")
    except ReplicationError as error:
        if error.cause is Cause.VAULT_FORBIDDEN:
            return None
        raise
    if answer.status != 200:
        return None
    found = []
    for tree in data_of(answer).values():
        if isinstance(tree, dict):
            options = tree.get("options")
            named = options if isinstance(options, dict) else {}
            told = {key: str(value) for key, value in named.items()}
            found.append(Device(str(tree.get("type")), told))
    return found


def _deaf(intent: Intent, around: Around) -> list[str]:
    """Looked at only when it counts: for a forwarder each look is a new stream."""
    if not intent.options.enable_audit:
        return []
    wanted = [device_for(one) for one in intent.listeners]
    sockets = [one for one in wanted if one.type == "socket"]
    return [one.options["address"] for one in sockets if not around.listens(one)]


def _samples(vault: AsksVault, intent: Intent, found: Found) -> list[str]:
    rule = sample_rule(intent) if intent.options.sample else None
    if rule is None or (rule.namespace, rule.mount) not in found.engines:
        return []
    return [
        path
        for path in sample_paths(rule).values()
        if _has_version(
            vault.ask("GET", rule.namespace, f"{rule.mount}/metadata/{path}")
        )
    ]


def _has_version(answer: Answered) -> bool:
    return str(data_of(answer).get("current_version", "0")) != "0"


def _text(path: Path | None) -> str | None:
    if path is None or not path.exists():
        return None
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"--audit-stanza {path}: cannot be read") from error
