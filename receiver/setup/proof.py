"""Tries the receiver's own credential: that it may what it must, and nothing else.

No value is read: that one may be read is asked of Vault (``capabilities-self``). That
something is refused is asked and then tried, with requests that would change nothing if
Vault let them through: a write that must not find its version, a delete of what was
never there.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

from receiver.core.causes import ReplicationError
from receiver.core.rules import Rule
from receiver.core.state import SecretRef
from receiver.ports import Source
from receiver.setup.answers import data_of
from receiver.setup.found import Found, has_glob
from receiver.setup.intent import Intent
from receiver.setup.ports import AsksVault
from receiver.setup.reading import capabilities
from receiver.setup.sample import OTHER, within
from vault_audit_forwarder.program.checks import Check

_CHANGING = {"create", "update", "patch", "delete", "sudo", "root"}
#: A secret is looked for among so many keys of a mount.
_KEYS = 200
#: A version that no secret comes to: a write on top of it is refused by any engine.
_NEVER = 2**31 - 1


class Proof:
    """One run over all rules. ``vault`` and ``source`` have the new credential."""

    def __init__(
        self, vault: AsksVault, source: Source, intent: Intent, found: Found
    ) -> None:
        self._vault = vault
        self._source = source
        self._intent = intent
        self._found = found
        self._probe = f"vault-replicator-probe-{secrets.token_hex(4)}"

    def checks(self) -> Iterator[Check]:
        """One line for each thing tried."""
        login = _tried("login", self._login)
        yield login
        if login.state == "failed":
            return
        for rule in self._intent.rules:
            for place in self._found.covered(rule):
                yield from self._mount(rule, place)
        yield _tried("another mount", self._elsewhere)

    def _login(self) -> Check:
        home = self._intent.home
        data = data_of(self._vault.ask("GET", home, "auth/token/lookup-self"))
        listed = data.get("policies")
        policies = list(map(str, listed)) if isinstance(listed, list) else []
        wanted = self._intent.options.policy
        said = f"accepted, with the policies {', '.join(policies)}"
        if wanted not in policies:
            return Check("login", "failed", f"{said}: {wanted} is not among them")
        if set(policies) - {wanted, "default"}:
            return Check("login", "warning", f"{said}: only {wanted} is needed")
        return Check("login", "ok", said)

    def _mount(self, rule: Rule, place: tuple[str, str]) -> Iterator[Check]:
        name = f"rule {rule.name}, {'/'.join(filter(None, place))}"
        list_, read, write = (f"{name}: {what}" for what in ("list", "read", "write"))
        yield _tried(list_, partial(self._list, list_, place))
        yield _tried(read, partial(self._read, read, rule, place))
        yield _tried(write, partial(self._write, write, place))
        for glob in rule.exclude:
            out = f"{name}: excluded {glob}"
            yield _tried(out, partial(self._out, out, glob, place))

    def _list(self, name: str, place: tuple[str, str]) -> Check:
        for _ in islice(self._source.versions(*place), 1):
            return Check(name, "ok", "metadata is readable")
        return Check(name, "ok", "it is empty")

    def _read(self, name: str, rule: Rule, place: tuple[str, str]) -> Check:
        path = self._included(rule, place)
        where = self._data(place, path)
        held = self._held(place, where)[where]
        if "read" in held:
            return Check(name, "ok", f"{path} may be read; it was not")
        return Check(name, "failed", f"{path}: read is needed, {_said(held)}")

    def _included(self, rule: Rule, place: tuple[str, str]) -> str:
        """A secret of the rule's, or the path of one that could be."""
        listed = islice(self._source.versions(*place), _KEYS)
        for ref, _ in listed:
            if rule.matches(ref):
                return ref.path
        paths = [within(glob, self._probe) for glob in rule.include]
        refs = (SecretRef(*place, path) for path in paths)
        return next((ref.path for ref in refs if rule.matches(ref)), paths[0])

    def _write(self, name: str, place: tuple[str, str]) -> Check:
        namespace, mount = place
        paths = [f"{mount}/{self._probe}"]
        if self._version(place) == 2:
            kinds = ("data", "metadata", "delete", "undelete", "destroy")
            paths = [f"{mount}/{kind}/{self._probe}" for kind in kinds]
        for path, held in self._held(place, *paths).items():
            if not held:  # then nothing is tried that could be let through
                return Check(name, "failed", f"{path}: Vault does not say what it may")
            if could := _CHANGING & set(held):
                told = f"{path}: the token has {', '.join(sorted(could))}"
                return Check(name, "failed", told)
        body = {"data": {}, "options": {"cas": _NEVER}}
        for method, sent in (("POST", body), ("DELETE", None)):
            if not self._is_refused(method, namespace, paths[0], sent):
                return Check(name, "failed", f"{method} {paths[0]} was not refused")
        return Check(name, "ok", "refused, as it should be")

    def _out(self, name: str, glob: str, place: tuple[str, str]) -> Check:
        path = within(glob, self._probe)
        where = self._data(place, path)
        if "read" in self._held(place, where)[where]:
            told = (
                "not replicated, but readable: Vault's policies cannot say this glob, "
                "or another rule covers the mount"
            )
            return Check(name, "warning", told)
        if not self._is_refused("GET", place[0], where):
            return Check(name, "failed", f"GET {where} was not refused")
        return Check(name, "ok", f"{path} is refused")

    def _elsewhere(self) -> Check:
        name, mount = "another mount", self._other()
        where = f"{mount}/data/{self._probe}"
        if self._is_refused("GET", self._intent.home, where):
            return Check(name, "ok", f"{mount} is refused")
        if any(map(has_glob, self._intent.rules)):
            told = f"{mount} is readable too: a rule's glob is wider in Vault's policy"
            return Check(name, "warning", told)
        return Check(name, "failed", f"GET {where} was not refused")

    def _other(self) -> str:
        """A KV engine that no rule covers; a name without one where there is none."""
        home = self._intent.home
        for (namespace, path), engine in sorted(self._found.engines.items()):
            is_ours = any(r.covers_mount(namespace, path) for r in self._intent.rules)
            if namespace == home and engine.version and not is_ours:
                return path
        return OTHER

    def _version(self, place: tuple[str, str]) -> int:
        return self._found.engines[place].version

    def _data(self, place: tuple[str, str], path: str) -> str:
        kind = "data/" if self._version(place) == 2 else ""
        return f"{place[1]}/{kind}{path}"

    def _held(self, place: tuple[str, str], *paths: str) -> dict[str, list[str]]:
        """What the token may do at each path of the mount's namespace."""
        seen = {"/".join(filter(None, (place[0], path))): path for path in paths}
        found = capabilities(self._vault, self._intent.home, seen)
        return {path: found.get(whole, []) for whole, path in seen.items()}

    def _is_refused(
        self, method: str, namespace: str, path: str, body: object = None
    ) -> bool:
        try:
            self._vault.ask(method, namespace, path, body)
        except ReplicationError as error:
            if error.cause != "VAULT_FORBIDDEN":
                raise
            return True
        return False


def _said(held: list[str]) -> str:
    return f"the token has {', '.join(held) or 'nothing'}"


def _tried(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except ReplicationError as error:
        return Check(name, "failed", error.detail)
