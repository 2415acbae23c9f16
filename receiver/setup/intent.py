"""What is wanted: the configuration's part of it, and the command line's. Pure.

Each method of ``vault.auth`` has options of its own. One that is missing is an error
that names all that are; one that belongs to another method is an error too, since
somebody would believe that it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from receiver.auth_settings import VaultAuth
from receiver.core.rules import Rule
from vault_audit_forwarder.settings import Listener

DEFAULT_NAME = "vault-replicator"
DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says. What it names files for is here as their text;
    ``period`` is in seconds. Empty or None: not said."""

    policy: str = DEFAULT_NAME
    enable_mounts: bool = False
    sample: bool = False

    role: str | None = None
    period: float | None = None
    cidrs: Sequence[str] = ()
    service_accounts: Sequence[str] = ()
    service_account_namespaces: Sequence[str] = ()
    kubernetes_host: str | None = None
    kubernetes_ca: str | None = None
    audiences: Sequence[str] = ()
    subject: str | None = None
    claims: Mapping[str, str] = field(default_factory=dict)
    issuer: str | None = None
    jwks_url: str | None = None
    discovery_url: str | None = None
    jwt_keys: Sequence[str] = ()
    principals: Sequence[str] = ()
    kms_key: str | None = None

    audit_file: Path | None = None
    audit_stanza: Path | None = None
    enable_audit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """``home`` is the namespace in which the receiver's token lives. ``certificate`` is
    the text of the one that the method ``cert`` shows; ``listeners`` are the
    forwarder's, none when nobody named them."""

    address: str
    home: str
    rules: Sequence[Rule]
    auth: VaultAuth
    options: Options
    listeners: Sequence[Listener] = ()
    certificate: str = ""


#: Vault writes names of policies in lower case, whatever it is given.
_POLICY = re.compile(r"[a-z0-9][a-z0-9._-]*")
_JWT, _KUBERNETES, _AWS = "jwt", "kubernetes", "aws"
_LOGINS = (_JWT, _KUBERNETES, _AWS, "approle", "cert")
#: Option, its flag, and the methods that it is for.
_OF_METHODS = {
    "role": ("--role", ("approle",)),
    "period": ("--period", ("token", "secrets_manager")),
    "cidrs": ("--cidr", _LOGINS),
    "service_accounts": ("--service-account", (_KUBERNETES,)),
    "service_account_namespaces": ("--service-account-namespace", (_KUBERNETES,)),
    "kubernetes_host": ("--kubernetes-host", (_KUBERNETES,)),
    "kubernetes_ca": ("--kubernetes-ca", (_KUBERNETES,)),
    "audiences": ("--audience", (_JWT, _KUBERNETES)),
    "subject": ("--subject", (_JWT,)),
    "claims": ("--claim", (_JWT,)),
    "issuer": ("--issuer", (_JWT,)),
    "jwks_url": ("--jwks-url", (_JWT,)),
    "discovery_url": ("--discovery-url", (_JWT,)),
    "jwt_keys": ("--jwt-key", (_JWT,)),
    "principals": ("--principal", (_AWS,)),
    "kms_key": ("--kms-key", ("secrets_manager",)),
}
#: Of each group one is enough. A role that is bound to nothing would let anybody in.
_REQUIRED: dict[str, tuple[tuple[str, ...], ...]] = {
    _KUBERNETES: (("service_accounts",), ("service_account_namespaces",)),
    _JWT: (("audiences",), ("subject", "claims")),
    _AWS: (("principals",),),
}


def faults(intent: Intent) -> list[str]:
    """What is wrong with the options, a sentence each."""
    method, options = intent.auth.method, intent.options
    found = []
    if not _POLICY.fullmatch(options.policy) or options.policy in ("root", "default"):
        found.append("--policy must be a name of its own, in lower case")
    if method == _KUBERNETES and len(options.audiences) > 1:
        found.append("--audience is one for kubernetes")
    if missing := list(_missing(method, options)):
        found.append(f"vault.auth {method} also needs {', '.join(missing)}")
    for name, (flag, methods) in _OF_METHODS.items():
        if getattr(options, name) and method not in methods:
            meant = " and ".join(methods)
            found.append(f"{flag} is for {meant}, and vault.auth is {method}")
    sources = (options.jwks_url, options.discovery_url, tuple(options.jwt_keys))
    if sum(map(bool, sources)) > 1:
        found.append("--jwks-url, --discovery-url and --jwt-key exclude one another")
    if options.kubernetes_ca and not options.kubernetes_host:
        found.append("--kubernetes-ca needs --kubernetes-host beside it")
    return [*found, *_audit_faults(intent)]


def _missing(method: str, options: Options) -> Iterator[str]:
    for group in _REQUIRED.get(method, ()):
        if not any(getattr(options, name) for name in group):
            yield " or ".join(_OF_METHODS[name][0] for name in group)


def _audit_faults(intent: Intent) -> Iterator[str]:
    options = intent.options
    if intent.listeners:
        return
    for flag, given in (
        ("--enable-audit", options.enable_audit),
        ("--audit-stanza", options.audit_stanza),
        ("--audit-file", options.audit_file),
    ):
        if given:
            yield f"{flag} needs --audit-socket or --forwarder-config beside it"
