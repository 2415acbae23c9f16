"""``vault-replicator check``: everything the receiver will need, then the verdict.

Nothing is changed, in Vault, in AWS or on disk. No secret is read: a mount counts as
readable when its listing answers and its policy lets values be read.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from receiver.adapters.aws_clients import SecretsManagerTargets
from receiver.adapters.secrets_manager import SecretsManager
from receiver.adapters.vault_credential import Credential
from receiver.adapters.vault_http import VaultHttp
from receiver.adapters.vault_kv import VaultKv
from receiver.adapters.vault_token import TokenKeeper
from receiver.comparison.vault_listing import mounts_of
from receiver.core.causes import Forbidden, ReplicationError
from receiver.core.remedies import REMEDIES
from receiver.core.rules import Rule
from receiver.keyring import Keyring
from receiver.settings import Settings
from receiver.terminal.failure import Failure
from receiver.vault_access import open_vault
from vault_audit_forwarder.program.checks import Check, Report
from vault_audit_forwarder.program.errors import CommandError


def check(settings: Settings) -> Report:
    """Run all checks. Raises nothing of its own: what fails is in the report."""
    return Report(
        [
            Check("configuration", "ok", "valid"),
            *(Check("transport", "warning", text) for text in settings.warnings()),
            _attempt("keys and tokens", lambda: _keys(settings)),
            _attempt("state file", lambda: _state(settings.queue.path)),
            *_vault(settings),
            *_aws(settings),
        ]
    )


def _attempt(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, "ok", look())
    except ReplicationError as error:
        return Check(name, "failed", str(told(error)))
    except CommandError as error:
        return Check(name, "failed", str(error))


def told(error: ReplicationError) -> Failure:
    """What, where, why, and what to do."""
    remedy = REMEDIES[error.cause]
    do = f"{remedy.who}: {remedy.do}"
    if isinstance(error, Forbidden):
        what, where, why = f"{error.what} [{error.cause}]", error.request, error.why
        return Failure(what, where, why, f"{do}\n  run    {remedy.command}")
    return Failure(str(error), why=remedy.says, do=do)


def _keys(settings: Settings) -> str:
    keyring = Keyring(settings)
    if not keyring.tokens():
        return "readable; without admin.tokens only events are taken"
    return "readable"


def _state(path: Path) -> str:
    existing = next(parent for parent in path.parents if parent.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        raise CommandError(f"this user cannot write to {existing}: allow it")
    return str(path)


def _vault(settings: Settings) -> Iterator[Check]:
    try:
        http, credential = open_vault(
            settings, connections=1, on_request=lambda *_: None
        )
    except CommandError as error:
        yield Check("vault", "failed", str(error))
        return
    try:
        yield _attempt(
            "vault token", lambda: _token(http, credential, settings.vault.namespace)
        )
        source = VaultKv(http, now=time.time)
        for rule in settings.to_rules():
            name = f"rule {rule.name}"
            yield _attempt(name, partial(_mounts, source, rule))
    finally:
        http.close()


def _token(http: VaultHttp, credential: Credential, namespace: str) -> str:
    keeper = TokenKeeper(
        http,
        credential,
        namespace=namespace,
        now=time.time,
        on_expiry=lambda _: None,
        on_recovery=lambda: None,
    )
    lease = keeper.look()
    if not lease.ttl:
        return "accepted; it never ends: a periodic token with a policy is safer"
    renewable = "renewable" if lease.renewable else "NOT renewable"
    return f"accepted; {lease.ttl:,.0f} s left, {renewable}"


def _mounts(source: VaultKv, rule: Rule) -> str:
    found = []
    for namespace, path in mounts_of(rule, source.namespaces, source.mounts):
        mount = source.mount(namespace, path, fresh=True)
        for _ in islice(source.versions(namespace, path), 1):
            pass
        found.append(f"{path} (KV v{mount.version})")
    if not found:
        return "no mount matches yet"
    return "listed " + ", ".join(found)


def _aws(settings: Settings) -> Iterator[Check]:
    """One call for each account, with the role that its rules assume."""
    targets = SecretsManagerTargets(
        endpoint_url=settings.aws.endpoint_url,
        connections=1,
        on_request=lambda *_: None,
    )

    def ask(target: SecretsManager) -> str:
        target.check()
        return "answers"

    accounts: dict[SecretsManager, list[Rule]] = {}
    try:
        for rule in settings.to_rules():
            accounts.setdefault(targets.for_spec(rule.target), []).append(rule)
        for target, rules in accounts.items():
            name = f"Secrets Manager in {rules[0].target.region}"
            if rules[0].target.role_arn:
                name += f" by the role of {', '.join(rule.name for rule in rules)}"
            yield _attempt(name, partial(ask, target))
    finally:
        targets.close()
