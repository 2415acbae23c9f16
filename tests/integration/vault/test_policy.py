"""The least policy on a real OpenBao: enough for every call, and no line too many."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pytest

from receiver.adapters.vault_token import TokenKeeper
from receiver.core.causes import Forbidden, ReplicationError
from receiver.core.rules import Rule
from receiver.core.state import Gone, SecretRef, Value
from receiver.demo import loopback
from receiver.demo.openbao import OpenBao
from receiver.demo.vault import Vault
from receiver.policies.in_vault import Grant, as_hcl, vault_policy
from tests.integration.vault.conftest import Reader

MakeReader = Callable[[str], Reader]


@pytest.fixture
def reader_of(
    root: Vault, openbao: OpenBao, reader_with: MakeReader
) -> Callable[[Iterable[Grant]], Reader]:
    """A reader with just these grants: not even those of the policy ``default``."""

    def make(grants: Iterable[Grant]) -> Reader:
        policy = f"least-{secrets.token_hex(4)}"
        root.create_policy(policy, as_hcl(grants))
        body = {"policies": [policy], "period": "1h", "no_default_policy": True}
        made = loopback.request(
            "POST",
            f"{openbao.address}/v1/auth/token/create",
            json=body | {"no_parent": True},
            headers={"X-Vault-Token": openbao.root_token},
        )
        return reader_with(made.raise_for_status().json()["auth"]["client_token"])

    return make


def deeds(reader: Reader, refs: Iterable[SecretRef]) -> Iterator[tuple[str, object]]:
    """All that is ever asked of Vault: what, and how it ended."""
    source, http = reader.source, reader.http
    keeper = TokenKeeper(
        http,
        reader.credential,
        namespace="",
        now=time.time,
        on_expiry=lambda _: None,
        on_recovery=lambda: None,
    )
    yield "token", ended(keeper.look)
    yield "renew", ended(lambda: http.post("renew", "", "auth/token/renew-self"))
    yield "refused for", ended(lambda: reader.http.held("", "kv/data/a"))
    for ref in refs:
        yield f"read {ref}", ended(lambda ref=ref: source.read(ref))
        yield f"look {ref}", ended(lambda ref=ref: source.look(ref))
        gone = replace(ref, path=f"{ref.path}-gone")
        yield f"confirm {ref}", ended(lambda gone=gone: source.confirm(gone, Gone()))
        reader.requests.clear()
        listed = ended(lambda ref=ref: list(source.versions(ref.namespace, ref.mount)))
        yield f"list {ref}", listed
        # Without OpenBao's details it is one request for each secret.
        yield f"calls {ref}", len(reader.requests)


def ended(ask: Callable[[], object]) -> str:
    try:
        found = ask()
    except ReplicationError as error:
        return error.cause
    return "a value" if isinstance(found, Value) else "well"


def test_every_line_is_needed_and_no_other(
    root: Vault, mount: str, mount_v1: str, reader_of: Callable[..., Reader]
) -> None:
    """With all lines all goes well, but for what is excluded; without any one of them
    something else comes out."""
    rules = (
        Rule(name="v2", mount=mount, include=("app/**",), exclude=("app/tmp/**",)),
        Rule(name="v1", mount=mount_v1, include=("app/**",), exclude=("app/tmp/**",)),
    )
    for path in ("app/db", "app/api", "app/tmp/x", "other/x"):
        root.put(mount, path, {"k": "v"})
        root.put_v1(mount_v1, path, {"k": "v"})
    grants = vault_policy(rules, is_v1=lambda _, name: name == mount_v1)
    refs = [
        SecretRef("", where, path)
        for where in (mount, mount_v1)
        for path in ("app/db", "app/tmp/x", "other/x")
    ]
    whole = dict(deeds(reader_of(grants), refs))

    for ref in refs:
        is_meant = ref.path == "app/db"
        read = "a value" if is_meant else "VAULT_FORBIDDEN"
        assert whole[f"read {ref}"] == read
        assert whole[f"list {ref}"] == "well"
        assert whole[f"look {ref}"] == "a value"
    assert (whole["token"], whole["renew"], whole["refused for"]) == ("well",) * 3
    for left_out in grants:
        rest = [grant for grant in grants if grant is not left_out]
        assert dict(deeds(reader_of(rest), refs)) != whole, left_out


def test_namespaces_by_a_glob(
    root: Vault, reader_of: Callable[..., Reader], openbao: OpenBao
) -> None:
    """They are found, and read, with the policy of the root."""
    name = f"team-{secrets.token_hex(4)}"
    root.create_namespace(name)
    inside = Vault(openbao.address, openbao.root_token, namespace=name)
    inside.enable_kv("apps/kv")
    inside.put("apps/kv", "a", {"k": "v"})
    inside.close()
    rule = Rule(name="teams", namespace="team-*", mount="*/kv")
    reader = reader_of(vault_policy((rule,)))

    assert name in reader.source.namespaces("team-*")
    assert [each.path for each in reader.source.mounts(name)] == ["apps/kv"]
    assert isinstance(reader.source.read(SecretRef(name, "apps/kv", "a")), Value)
    assert len(list(reader.source.versions(name, "apps/kv"))) == 1
    with pytest.raises(Forbidden) as refused:
        reader.http.get("read", name, "other/data/a")
    assert refused.value.request == f"GET {name}/other/data/a"
    assert refused.value.why == "it takes read, the token has deny"


def test_a_token_that_lives_in_a_namespace(
    root: Vault, openbao: OpenBao, reader_with: MakeReader
) -> None:
    """Its policy is written there, in the paths that it sees."""
    name = f"home-{secrets.token_hex(4)}"
    root.create_namespace(name)
    inside = Vault(openbao.address, openbao.root_token, namespace=name)
    inside.enable_kv("kv")
    inside.put("kv", "a", {"k": "v"})
    rule = Rule(name="r", namespace=name, mount="kv", exclude=("tmp/**",))
    inside.create_policy("least", as_hcl(vault_policy((rule,), home=name)))
    reader = reader_with(inside.create_token("least"))
    inside.close()
    with pytest.raises(Forbidden) as refused:
        reader.source.read(SecretRef(name, "kv", "tmp/x"))

    assert isinstance(reader.source.read(SecretRef(name, "kv", "a")), Value)
    assert refused.value.why == "it takes read, the token has deny"
