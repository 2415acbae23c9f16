"""What the receiver's present credential is worth, asked of Vault by its administrator.

No login is made for it, so that a network to which it is bound does not get in the way;
and nothing of it is told but why it does not do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from receiver.auth_settings import AppRoleAuth, SecretsManagerAuth, TokenAuth
from receiver.core.causes import Permanent
from receiver.core.render import Json
from receiver.setup.answers import data_of
from receiver.setup.intent import Intent
from receiver.setup.methods import method_of
from receiver.setup.ports import AsksVault
from vault_audit_forwarder.program.errors import SecretFileError
from vault_audit_forwarder.program.secret_files import read_secret_file


def worth(
    vault: AsksVault,
    intent: Intent,
    connection: Callable[[], str | None],
    role: Mapping[str, Json] | None,
) -> tuple[dict[str, str], str]:
    """What is unfit and why; and why it must not be replaced. ``connection`` gives the
    text of the connection secret, ``role`` is the one in Vault. Raises CommandError,
    ReplicationError."""
    match intent.auth:
        case AppRoleAuth() as auth:
            return _ids(vault, intent, auth, role), ""
        case TokenAuth(token_file=file):
            token = secret_in(file)
            return _of_token(token and _why_not(vault, intent, token), token), ""
        case SecretsManagerAuth():
            token, foreign = _connection(connection(), intent.address)
            if foreign:
                return {}, foreign
            return _of_token(token and _why_not(vault, intent, token), token), ""
        case _:
            return {}, ""


def _of_token(why: str | None, token: str | None) -> dict[str, str]:
    if token is None:
        why = "is not there yet"
    return {"token": why} if why else {}


def _why_not(vault: AsksVault, intent: Intent, token: str) -> str | None:
    """Why a token does not do; None when it does."""
    try:
        answer = vault.ask("POST", intent.home, "auth/token/lookup", {"token": token})
    except Permanent:  # what Vault answers for a token that it does not know
        return "is none that Vault knows"
    policies = data_of(answer).get("policies")
    if not isinstance(policies, list):
        return "is none that Vault knows"
    if intent.options.policy not in policies:
        return f"has not the policy {intent.options.policy}"
    return None


def _connection(text: str | None, address: str) -> tuple[str | None, str]:
    """The token of the connection secret, if it is one; and why it is not ours."""
    try:
        tree = json.loads(text) if text else None
    except ValueError:
        tree = None
    if not isinstance(tree, dict):
        return None, ""  # none, or what somebody put there to be replaced
    meant, token = tree.get("vaultAddress"), tree.get("vaultToken")
    is_address = isinstance(meant, str) and "://" in meant
    if is_address and str(meant).rstrip("/") != address:
        return None, "is for another Vault than vault.address names: name another one"
    return (token if isinstance(token, str) and token else None), ""


def _ids(
    vault: AsksVault,
    intent: Intent,
    auth: AppRoleAuth,
    role: Mapping[str, Json] | None,
) -> dict[str, str]:
    held = {
        "role_id": secret_in(auth.role_id_file),
        "secret_id": secret_in(auth.secret_id_file),
    }
    unfit = {name: "is not there yet" for name, text in held.items() if text is None}
    method = method_of(intent)
    if role is None or method is None:
        return {name: unfit.get(name, "is of another role") for name in held}
    given = data_of(vault.ask("GET", intent.home, f"{method.role_path}/role-id"))
    if "role_id" not in unfit and held["role_id"] != given.get("role_id"):
        unfit["role_id"] = "is of another role"
    if "secret_id" not in unfit:
        asked = {"secret_id": held["secret_id"]}
        lookup = f"{method.role_path}/secret-id/lookup"
        if not data_of(vault.ask("POST", intent.home, lookup, asked)):
            unfit |= {"secret_id": "is none that the role knows"}
    return unfit


def secret_in(path: Path) -> str | None:
    """What a file holds; None when there is nothing. Raises CommandError when it can
    neither be read nor replaced."""
    try:
        return read_secret_file(path)
    except SecretFileError as error:
        if isinstance(error.__cause__, (PermissionError, IsADirectoryError)):
            raise
        return None
