"""How the receiver gets its token: the method's mount, its settings, the role, and the
credential itself where it is ours to hand out. Pure.

Others may log in by the same mount, so its settings are written where there are none,
or where somebody gave them; else a difference is told and left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from receiver.auth_settings import AppRoleAuth, SecretsManagerAuth, TokenAuth
from receiver.core.render import Json
from receiver.setup.found import Found
from receiver.setup.intent import DAY, DEFAULT_NAME, Intent
from receiver.setup.methods import Method, method_of
from receiver.setup.steps import (
    Call,
    Keep,
    Kind,
    SecretPlace,
    Step,
    needs_you,
    there,
)


def login_steps(intent: Intent, found: Found) -> Iterator[Step]:
    """All that it takes until the receiver can log in."""
    method = method_of(intent)
    if method is None:
        yield _token(intent, found)
        return
    mount = _mount(method, intent.home, found)
    yield mount
    if mount.kind is Kind.NEEDS_YOU:
        return
    if config := _config(method, intent.home, found):
        yield config
    yield _role(method, intent.home, found)
    if isinstance(intent.auth, AppRoleAuth):
        yield _ids(intent.auth, method, intent.home, found)


def _mount(method: Method, home: str, found: Found) -> Step:
    name, there_is = f"auth/{method.mount}", found.auth.get(method.mount)
    if there_is == method.type:
        return there("auth", name, method.type)
    if there_is is not None:
        wrong = f"is of the type {there_is}: set vault.auth.mount to another one"
        return needs_you("auth", name, wrong)
    if method.type == "aws" and found.is_openbao:
        missing = (
            "OpenBao has the method aws only as a plugin: register it, enable it "
            f"at {method.mount}, and run this again; jwt works without"
        )
        return needs_you("auth", name, missing)
    call = Call(
        method="POST",
        namespace=home,
        path=f"sys/auth/{method.mount}",
        body={"type": method.type},
    )
    detail = f"enable {method.type}"
    return Step(kind=Kind.CREATE, what="auth", name=name, detail=detail, calls=(call,))


def _config(method: Method, home: str, found: Found) -> Step | None:
    path, wanted = method.config_path, dict(method.config)
    if path is None:
        return None
    if (found.config or {}).get("use_sts_region_from_client") is True:
        wanted = {key: wanted[key] for key in wanted if not key.startswith("sts_")}
    if not wanted:
        if found.config is None:
            return needs_you("config", path, f"there is none: {method.without}")
        return there("config", path, "left as it is")
    differing = _differing(wanted, found.config or {})
    if found.config is not None and not differing:
        return there("config", path, "as it should be")
    if _is_set(found.config, differing) and not method.given:
        values = " ".join(f"{key}={wanted[key]}" for key in differing)
        told = f"others log in there too, so change it yourself: write {path} {values}"
        return needs_you("config", path, told)
    call = Call(method="POST", namespace=home, path=path, body=wanted)
    return _written("config", path, found.config, differing, call)


def _is_set(config: Mapping[str, Json] | None, keys: Mapping[str, Any]) -> bool:
    return any((config or {}).get(key) for key in keys)


def _role(method: Method, home: str, found: Found) -> Step:
    path = method.role_path
    differing = _differing(method.role, found.role or {})
    if found.role is not None and not differing:
        return there("role", path, "as it should be")
    born = method.at_first if found.role is None else {}
    body = {**method.role, **born}
    call = Call(method="POST", namespace=home, path=path, body=body)
    return _written("role", path, found.role, differing, call)


def _written(
    what: str,
    path: str,
    old: Mapping[str, Json] | None,
    differing: Mapping[str, Any],
    call: Call,
) -> Step:
    if old is None:
        return Step(
            kind=Kind.CREATE, what=what, name=path, detail="write it", calls=(call,)
        )
    diff = [
        line
        for key, value in differing.items()
        for line in (f"-{key} = {_short(old.get(key))}", f"+{key} = {_short(value)}")
    ]
    return Step(
        kind=Kind.CHANGE,
        what=what,
        name=path,
        detail=f"differs in {', '.join(differing)}",
        calls=(call,),
        diff="\n".join(diff),
    )


def _short(value: object) -> str:
    lines = str(value).strip().splitlines() or [""]
    return lines[0] if len(lines) == 1 else f"{lines[0]} … ({len(lines)} lines)"


def _differing(wanted: Mapping[str, Any], found: Mapping[str, Json]) -> dict[str, Any]:
    return {
        key: value
        for key, value in wanted.items()
        if _plain(value) != _plain(found.get(key))
    }


def _plain(value: Any) -> Any:
    """As Vault gives back what it was given: numbers are text here, a network of one
    address has lost its mask, and lists have no order."""
    match value:
        case list():
            return sorted(str(_plain(one)) for one in value)
        case dict():
            return {key: _plain(one) for key, one in value.items()}
        case bool() | None:
            return value or False
        case _:
            return str(value).strip().removesuffix("/32").removesuffix("/128")


def _ids(auth: AppRoleAuth, method: Method, home: str, found: Found) -> Step:
    """The files of the receiver, of which each is replaced only when it must be."""
    files = {"role_id": auth.role_id_file, "secret_id": auth.secret_id_file}
    unfit = [name for name in files if name in found.unfit]
    if not unfit:
        return there("credential", str(auth.secret_id_file), "its role accepts it")
    asked = {
        "role_id": ("GET", f"{method.role_path}/role-id"),
        "secret_id": ("POST", f"{method.role_path}/secret-id"),
    }
    calls = tuple(
        Call(
            method=asked[name][0],
            namespace=home,
            path=asked[name][1],
            keep=Keep(("data", name), files[name]),
        )
        for name in unfit
    )
    why = "; ".join(f"{files[name]} {found.unfit[name]}" for name in unfit)
    return Step(
        kind=Kind.CREATE,
        what="credential",
        name="role_id and secret_id",
        detail=f"to files: {why}",
        calls=calls,
    )


def _token(intent: Intent, found: Found) -> Step:
    name, place = _place(intent)
    if found.foreign:
        return needs_you("credential", name, found.foreign)
    if "token" not in found.unfit:
        return there("credential", name, "Vault accepts its token")
    call = Call(
        method="POST",
        namespace=intent.home,
        path="auth/token/create-orphan",
        body={
            "policies": [intent.options.policy],
            "no_default_policy": True,
            "period": int(intent.options.period or DAY),
            "display_name": DEFAULT_NAME,
        },
        keep=Keep(("auth", "client_token"), place),
    )
    return Step(
        kind=Kind.CREATE,
        what="credential",
        name=name,
        detail=f"a periodic token of its own: it {found.unfit['token']}",
        calls=(call,),
    )


def _place(intent: Intent) -> tuple[str, Path | SecretPlace]:
    match intent.auth:
        case TokenAuth(token_file=file):
            return str(file), file
        case SecretsManagerAuth(secret_id=name):
            return name, SecretPlace(name, intent.options.kms_key)
        case _:
            raise AssertionError("the others log in")
