"""``init-vault``: one command brings a Vault into the state that the receiver needs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from receiver.commands import person
from receiver.commands.options import Config
from receiver.commands.setup_options import (
    AccountNamespace,
    Audience,
    AuditFile,
    AuditSocket,
    AuditStanza,
    Cidr,
    Claim,
    Demo,
    DiscoveryUrl,
    DryRun,
    EnableAudit,
    EnableMounts,
    ForwarderConfig,
    Issuer,
    JwksUrl,
    JwtKey,
    KmsKey,
    KubernetesCa,
    KubernetesHost,
    Period,
    Policy,
    Principal,
    Role,
    ServiceAccount,
    Subject,
    Yes,
)
from vault_audit_forwarder.program.command_line import AsJson, show
from vault_audit_forwarder.program.errors import CommandError

if TYPE_CHECKING:
    from receiver.init_vault import SetUp
    from vault_audit_forwarder.settings import Listener

ERROR = 1
_TOKEN = "VAULT_TOKEN"  # noqa: S105 - the variable's name


def init_vault(  # noqa: PLR0913 each one is an option of the command
    config: Config,
    policy: Policy = "vault-replicator",
    enable_mounts: EnableMounts = False,
    demo: Demo = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    role: Role = None,
    period: Period = None,
    cidr: Cidr = None,
    service_account: ServiceAccount = None,
    service_account_namespace: AccountNamespace = None,
    kubernetes_host: KubernetesHost = None,
    kubernetes_ca: KubernetesCa = None,
    audience: Audience = None,
    subject: Subject = None,
    claim: Claim = None,
    issuer: Issuer = None,
    jwks_url: JwksUrl = None,
    discovery_url: DiscoveryUrl = None,
    jwt_key: JwtKey = None,
    principal: Principal = None,
    kms_key: KmsKey = None,
    audit_socket: AuditSocket = None,
    forwarder_config: ForwarderConfig = None,
    audit_file: AuditFile = None,
    enable_audit: EnableAudit = False,
    audit_stanza: AuditStanza = None,
    as_json: AsJson = False,
) -> int:
    """Set up a Vault or OpenBao for the receiver: policy, login, audit; then try it.

    Example: vault-replicator init-vault -c replicator.yaml --dry-run

    Needs an admin token in VAULT_TOKEN, or asks for one; it is stored nowhere. Can be
    run again: what is as it should be is left alone.

    Exit codes: 0 all is there or was made, 1 error, or not agreed to, 2 something
    needs you; with --dry-run also: there is something to do.
    """
    from receiver.init_vault import intent_of, open_setup, public_text
    from receiver.settings import load_settings
    from receiver.setup.intent import Options

    settings = load_settings(config, os.environ)
    options = Options(
        policy=policy,
        enable_mounts=enable_mounts,
        sample=demo,
        role=role,
        period=_seconds(period),
        cidrs=cidr or (),
        service_accounts=service_account or (),
        service_account_namespaces=service_account_namespace or (),
        kubernetes_host=kubernetes_host,
        kubernetes_ca=public_text(kubernetes_ca) if kubernetes_ca else None,
        audiences=audience or (),
        subject=subject,
        claims=_claims(claim or ()),
        issuer=issuer,
        jwks_url=jwks_url,
        discovery_url=discovery_url,
        jwt_keys=[public_text(file) for file in jwt_key or ()],
        principals=principal or (),
        kms_key=kms_key,
        audit_file=audit_file,
        audit_stanza=audit_stanza,
        enable_audit=enable_audit,
    )
    listeners = _listeners(audit_socket, forwarder_config)
    intent = intent_of(settings, options, listeners)
    with open_setup(settings, intent, _admin_token()) as setup:
        ended = _run(setup, dry_run=dry_run, yes=yes)
    if ended is None:
        person.tell("nothing was changed")
        return ERROR
    told, code = ended
    _end(told, config, forwarder_config, as_json=as_json)
    return code


def _run(
    setup: SetUp, *, dry_run: bool, yes: bool
) -> tuple[dict[str, Any], int] | None:
    """What there was to do, done unless it is a dry run, and the exit code; None when
    somebody said no. Raises CommandError."""
    found, steps = setup.plan()
    is_work = any(step.is_work for step in steps)
    if dry_run:
        return setup.document(found, steps, is_dry=True)
    if is_work and not yes:
        shown, _ = setup.document(found, steps, is_dry=True)
        if not _agreed(shown):
            return None
    done = setup.carry_out(steps)
    return setup.document(found, done, is_dry=False, checks=setup.prove(found))


def _agreed(shown: dict[str, Any]) -> bool:
    from receiver.terminal.setup_text import setup_text

    if not person.can_be_asked():
        raise CommandError(
            "--yes is needed where nobody can be asked; --dry-run shows what it would "
            "do"
        )
    person.tell(setup_text(shown))
    return person.agrees("\nDo this?")


def _end(
    told: dict[str, Any], config: Path, forwarder: Path | None, *, as_json: bool
) -> None:
    """Print it, with what comes next for whom it may interest."""
    from receiver.terminal.setup_text import setup_text

    follows = [
        f"vault-replicator check --config {config}",
        f"vault-audit-forwarder check --config {forwarder or 'forwarder.yaml'}",
        f"vault-replicator serve --config {config}",
    ]
    if as_json:
        show({**told, "next": follows})
        return
    is_read = person.reads_stdout() and not told["dry_run"]
    person.show_text(setup_text({**told, "next": follows if is_read else []}))


def _admin_token() -> str:
    """From the environment, or from who sits there. Raises CommandError."""
    token = os.environ.get(_TOKEN, "").strip()
    if not token and person.can_be_asked():
        token = str(typer.prompt("Admin token of Vault", hide_input=True, err=True))
        token = token.strip()
    if not token:
        raise CommandError(f"an admin token of Vault is needed: set {_TOKEN}")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise CommandError(f"{_TOKEN} holds what no token of Vault can be")
    return token


def _seconds(text: str | None) -> float | None:
    from vault_audit_forwarder.program.config_types import parse_duration

    if text is None:
        return None
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise CommandError(f"--period {error}") from None
    if seconds < 60:
        raise CommandError("--period must be a minute or more")
    return seconds


def _claims(texts: list[str] | tuple[()]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    if any(not (key and equals and value) for key, equals, value in pairs):
        raise CommandError("--claim is NAME=VALUE, as in kubernetes.io/namespace=vault")
    return {key: value for key, _, value in pairs}


def _listeners(where: str | None, config: Path | None) -> tuple[Listener, ...]:
    """The forwarder's. Raises CommandError."""
    from vault_audit_forwarder import settings
    from vault_audit_forwarder.program.config_types import parse_host_port

    if where and config:
        raise CommandError("--audit-socket and --forwarder-config exclude one another")
    if config:
        return settings.load_settings(config, os.environ).listen
    if not where:
        return ()
    if "/" in where:
        if not where.startswith("/"):
            raise CommandError("--audit-socket must be an absolute path, or HOST:PORT")
        return (settings.UnixListener(unix=Path(where)),)
    try:
        return (settings.TcpListener(tcp=parse_host_port(where)),)
    except ValueError as error:
        raise CommandError(f"--audit-socket {error}, or an absolute path") from None
