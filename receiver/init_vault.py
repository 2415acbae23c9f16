"""``vault-replicator init-vault``: puts the set-up together, with real parts.

The admin token is in the connection's memory for as long as the command runs, and
nowhere else: no file, no log, no error.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from receiver.adapters.aws_identity import AwsIdentity
from receiver.adapters.vault_http import VaultHttp, VaultNode
from receiver.adapters.vault_kv import VaultKv
from receiver.adapters.vault_session import VaultSession
from receiver.adapters.vault_token import GivenToken
from receiver.auth_settings import (
    AppRoleAuth,
    CertAuth,
    JwtAuth,
    KubernetesAuth,
    SecretsManagerAuth,
    TokenAuth,
)
from receiver.check import told
from receiver.core.causes import Forbidden, ReplicationError
from receiver.policies.in_aws import Besides, Unreadable, Where, aws_policy
from receiver.policies.in_vault import OutOfReach
from receiver.settings import Settings
from receiver.setup import planning, reading
from receiver.setup.document import document, exit_code
from receiver.setup.doing import Doing
from receiver.setup.found import Found
from receiver.setup.intent import Intent, Options, faults
from receiver.setup.proof import Proof
from receiver.setup.rights import Right, Rights, looks, rights_of
from receiver.setup.steps import Call, Step
from receiver.terminal.failure import Failure
from receiver.vault_access import open_vault
from vault_audit_forwarder.audit_device import Device
from vault_audit_forwarder.program.checks import Check
from vault_audit_forwarder.program.errors import CommandError
from vault_audit_forwarder.program.private_files import replace_private
from vault_audit_forwarder.settings import Listener

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
#: Seconds to wait for a listener.
_PROBE = 2.0


def intent_of(
    settings: Settings, options: Options, listeners: Sequence[Listener]
) -> Intent:
    """What is wanted. Raises CommandError, with all that is wrong."""
    auth = settings.vault.auth
    intent = Intent(
        address=settings.vault.address,
        home=settings.vault.namespace,
        rules=settings.to_rules(),
        auth=auth,
        options=options,
        listeners=listeners,
        certificate=_certificate(auth.cert_file) if isinstance(auth, CertAuth) else "",
    )
    wrong = faults(intent)
    if isinstance(auth, SecretsManagerAuth):
        where = Where(source=settings.vault.source)
        besides = Besides(connection=(settings.aws.region, auth.secret_id))
        try:
            aws_policy(intent.rules, where, besides=besides)
        except Unreadable as error:
            wrong.append(str(error))
    if wrong:
        raise CommandError("\n".join(wrong))
    return intent


def text_of(path: Path) -> str:
    """The text of a file that is no secret. Raises CommandError."""
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise CommandError(f"{path}: cannot be read ({why})") from error


def public_text(path: Path) -> str:
    """The same, of a file that Vault is to get: no private key. Raises CommandError."""
    text = text_of(path)
    if "PRIVATE KEY-----" in text:
        raise CommandError(f"{path}: holds a private key; give the public part alone")
    return text


def _certificate(path: Path) -> str:
    """The first one in the file, which is the one that is shown to Vault; a key and a
    chain may stand there too."""
    found = _PEM.search(text_of(path))
    if found is None:
        raise CommandError(f"{path}: holds no certificate in PEM")
    return found[0]


class SetUp:
    """One run against one Vault; methods raise CommandError."""

    def __init__(self, settings: Settings, intent: Intent, admin: VaultHttp) -> None:
        self._settings = settings
        self._intent = intent
        self._admin = admin
        self._aws = AwsIdentity(
            settings.aws.region, endpoint_url=settings.aws.endpoint_url
        )

    def plan(self) -> tuple[Found, list[Step]]:
        """What there is, and the steps. Raises CommandError when the token lacks a
        right, with all that it lacks."""
        begun = reading.server(self._admin)
        home = reading.home_of_token(self._admin, self._intent.home)
        rights = Rights(partial(reading.capabilities, self._admin, home))
        nothing = planning.steps_from_nothing(self._intent, begun)
        to_look = rights_of(looks(self._intent))
        if rights.lacking(to_look):
            raise _lacks(rights.lacking([*to_look, *rights_of(_calls(nothing))]))
        found = self.look(begun)
        steps = planning.steps(self._intent, found)
        if missing := rights.lacking(rights_of(_calls(steps))):
            raise _lacks(missing)
        for step in steps:
            _must_be_writable(step)
        return found, steps

    def look(self, begun: Found) -> Found:
        """What there is now."""
        around = reading.Around(
            namespaces=VaultKv(self._admin, now=time.time).namespaces,
            connection=self._connection,
            listens=listens,
        )
        return reading.read(self._admin, self._intent, around, begun)

    def carry_out(self, steps: Sequence[Step]) -> list[Step]:
        """Do it; the steps as they have ended."""
        doing = Doing(
            self._admin,
            _Keeping(self._aws),
            address=self._intent.address,
            wait=time.sleep,
        )
        return doing.carry_out(steps)

    def prove(self, begun: Found) -> list[Check]:
        """Try the receiver's credential, as the receiver would."""
        if (missing := self._elsewhere()) is not None:
            not_here = f"{missing} is not on this host: run check where it is"
            return [Check("login", "not verified", not_here)]
        http, _ = open_vault(self._settings, connections=1, on_request=lambda *_: None)
        try:
            source = VaultKv(http, now=time.time)
            found = self.look(begun)
            return list(Proof(http, source, self._intent, found).checks())
        finally:
            http.close()

    def document(
        self,
        found: Found,
        steps: Sequence[Step],
        *,
        is_dry: bool,
        checks: Sequence[Check] = (),
    ) -> tuple[dict[str, Any], int]:
        """What to tell, and the exit code."""
        made = document(self._intent, found, steps, is_dry=is_dry, checks=checks)
        return made, exit_code(made)

    def _connection(self) -> str | None:
        auth = self._intent.auth
        if not isinstance(auth, SecretsManagerAuth):
            return None
        return self._aws.find_secret(auth.secret_id)

    def _elsewhere(self) -> Path | None:
        """A file of the credential that the platform has put on another host."""
        match self._intent.auth:
            case KubernetesAuth(jwt_file=file) | JwtAuth(jwt_file=file):
                files = [file]
            case AppRoleAuth(role_id_file=role, secret_id_file=secret):
                files = [role, secret]
            case TokenAuth(token_file=file):
                files = [file]
            case _:
                files = []
        return next((file for file in files if not file.exists()), None)


def _calls(steps: Sequence[Step]) -> Iterator[Call]:
    return (call for step in steps for call in step.calls)


def _lacks(rights: Sequence[Right]) -> CommandError:
    lines = "\n".join(f"  {one}" for one in rights)
    return CommandError(f"the admin token lacks rights in Vault:\n{lines}")


@contextmanager
def open_setup(settings: Settings, intent: Intent, token: str) -> Iterator[SetUp]:
    """A set-up by this admin token. What Vault refuses or cannot do comes out as a
    CommandError."""
    vault = settings.vault
    session = VaultSession(
        ca_file=str(vault.ca_file) if vault.ca_file else None, connections=1
    )
    node = VaultNode(
        vault.address, session, timeout=vault.timeout, on_request=lambda *_: None
    )
    admin = VaultHttp(node, GivenToken(token))
    try:
        yield SetUp(settings, intent, admin)
    except ReplicationError as error:
        failure = _failure(error, vault.address)
        raise CommandError(
            str(failure), what=failure.what, **failure.details
        ) from error
    except OutOfReach as error:
        raise CommandError(str(error)) from error
    finally:
        admin.close()


def _failure(error: ReplicationError, address: str) -> Failure:
    """For the administrator, whose token it is."""
    if isinstance(error, Forbidden):
        do = "Vault admin: use a token that has it; --dry-run says at once all it takes"
        return Failure(error.what, error.request, error.why, do)
    failure = told(error)
    return failure if failure.where else replace(failure, where=address)


class _Keeping:
    """The port ``KeepsSecrets``."""

    def __init__(self, aws: AwsIdentity) -> None:
        self._aws = aws

    def in_file(self, path: Path, text: str) -> None:
        """With mode 0600 from its first byte on."""
        try:
            replace_private(path, text)
        except OSError as error:
            raise CommandError(
                f"{path} cannot be written ({error.strerror}): let this user write it"
            ) from error

    def in_aws(self, secret_id: str, text: str, *, kms_key_id: str | None) -> None:
        self._aws.keep_secret(secret_id, text, kms_key_id=kms_key_id)


def _must_be_writable(step: Step) -> None:
    """Before anything is made that would then have no place."""
    places = [call.keep.place for call in step.calls if call.keep]
    files = [place for place in places if isinstance(place, Path)]
    for path in [*files, *([step.file.path] if step.file else [])]:
        existing = next(parent for parent in path.parents if parent.exists())
        if not os.access(existing, os.W_OK | os.X_OK):
            raise CommandError(
                f"{path}: this user cannot write to {existing}: run this as the user "
                "that runs the receiver"
            )


def listens(device: Device) -> bool:
    """Whether somebody takes a connection where a socket device would make one."""
    address = device.options["address"]
    try:
        if device.options["socket_type"] == "unix":
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                probe.settimeout(_PROBE)
                probe.connect(address)
        else:
            host, _, port = address.rpartition(":")
            socket.create_connection((host.strip("[]"), int(port)), _PROBE).close()
    except OSError:
        return False
    return True
