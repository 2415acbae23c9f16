"""What the source says of a real OpenBao, with the least policy."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from receiver.adapters import vault_kv
from receiver.core.causes import Cause, Forbidden, Permanent, Temporary
from receiver.core.render import canonical, parse
from receiver.core.state import Gone, SecretRef, Value
from receiver.demo.vault import Refused, Vault, reading_policy
from tests.integration.vault.conftest import Reader

DATA = {"user": "ü<&>", "port": 5432, "deep": {"on": True, "none": None, "list": [1]}}


def test_a_value_is_read_with_its_version(
    root: Vault, reader: Reader, mount: str
) -> None:
    """Canonical, with Vault's own times, in one request once the mount is known."""
    root.put(mount, "app/db", {"old": "1"})
    root.put(mount, "app/db", DATA)
    reader.source.mount("", mount)
    reader.requests.clear()
    truth = reader.source.read(SecretRef("", mount, "app/db"))

    assert isinstance(truth, Value)
    assert truth.version == 2
    assert truth.body == canonical(parse(json.dumps(DATA)))
    assert truth.created_time == root.read(mount, "app/db")["metadata"]["created_time"]
    assert reader.operations == ["read"]


def test_no_part_of_a_value_has_a_repr(root: Vault, reader: Reader, mount: str) -> None:
    """Neither the truth nor the answer it came from."""
    root.put(mount, "a", {"k": "canary"})

    assert "canary" not in repr(reader.source.read(SecretRef("", mount, "a")))


@pytest.mark.parametrize("path", ["a b", "ü/ö", "50%/x", "q?x=1", "h#x", "a+b", "~"])
def test_odd_names_are_read(root: Vault, reader: Reader, mount: str, path: str) -> None:
    """As Vault itself spells them."""
    root.put(mount, path, {"k": "v"})

    assert isinstance(reader.source.read(SecretRef("", mount, path)), Value)
    assert [ref.path for ref, _ in reader.source.versions("", mount)] == [path]


def test_v1_keeps_every_digit(root: Vault, reader: Reader, mount_v1: str) -> None:
    """And has no version; the mount is asked again each time."""
    root.put_v1(mount_v1, "data/x", {"n": 10**22, "f": 0.5})
    truth = reader.source.read(SecretRef("", mount_v1, "data/x"))

    assert truth == Value('{"f":0.5,"n":10000000000000000000000}')
    assert reader.operations == ["mount", "read", "mount"]


@pytest.mark.parametrize("how", ["deleted", "destroyed", "removed", "never there"])
def test_absence_is_confirmed_on_the_same_mount(
    root: Vault, reader: Reader, mount: str, how: str
) -> None:
    """With the version where there is one, and the mount re-read."""
    written = "never there" not in how
    if written:
        root.put(mount, "a", {"k": "v"})
    if how == "deleted":
        root.delete(mount, "a")
    if how == "destroyed":
        root.destroy(mount, "a", versions=[1])
    if how == "removed":
        root.delete_metadata(mount, "a")
    truth = reader.source.read(SecretRef("", mount, "a"))

    assert isinstance(truth, Gone)
    assert truth.version == (1 if how in ("deleted", "destroyed") else None)
    assert reader.operations[-1] == "mount"
    assert reader.source.confirm(SecretRef("", mount, "a"), truth)


def test_metadata_confirm_what_was_read(
    root: Vault, reader: Reader, mount: str
) -> None:
    """And contradict what is no longer so."""
    root.put(mount, "a", {"k": "v"})
    ref = SecretRef("", mount, "a")
    truth = reader.source.read(ref)

    assert reader.source.confirm(ref, truth)
    root.put(mount, "a", {"k": "w"})
    assert not reader.source.confirm(ref, truth)
    assert not reader.source.confirm(ref, Gone())


def test_a_mount_that_is_gone_is_never_an_absent_secret(
    root: Vault, reader: Reader, mount: str
) -> None:
    """Unmounted after it was known."""
    root.put(mount, "a", {"k": "v"})
    ref = SecretRef("", mount, "a")
    reader.source.read(ref)
    root.disable(mount)

    with pytest.raises(Permanent) as caught:
        reader.source.read(ref)
    assert caught.value.cause is Cause.MOUNT_UNKNOWN
    with pytest.raises(Permanent):
        list(reader.source.versions("", mount))


def test_a_mount_made_anew_is_not_the_same(
    root: Vault, reader: Reader, mount: str
) -> None:
    """Another accessor: that a key is absent there proves nothing until re-read."""
    root.put(mount, "a", {"k": "v"})
    ref = SecretRef("", mount, "a")
    reader.source.read(ref)
    root.disable(mount)
    root.enable_kv(mount)

    with pytest.raises(Temporary) as caught:
        reader.source.read(ref)
    assert caught.value.cause is Cause.MOUNT_UNKNOWN


@pytest.mark.parametrize("path", ["a", "data/a", "data/b"])
def test_a_mount_upgraded_since_is_read_again_as_what_it_is(
    root: Vault, reader_with: Callable[[str], Reader], mount_v1: str, path: str
) -> None:
    """Asked as on v1 it answers nothing, another secret, or that there is none."""
    reader = reader_with(root.token)
    for key in ("a", "data/a", "data/b"):
        root.put_v1(mount_v1, key, {"key": key})
    ref = SecretRef("", mount_v1, path)
    reader.source.read(ref)
    upgrade(root, mount_v1)

    with pytest.raises(Temporary) as caught:
        reader.source.read(ref)
    assert caught.value.cause is Cause.MOUNT_UNKNOWN
    truth = reader.source.read(ref)
    assert isinstance(truth, Value)
    assert (truth.body, truth.version) == (f'{{"key":"{path}"}}', 1)


def upgrade(vault: Vault, mount: str) -> None:
    """Make it v2, and wait until it serves again."""
    vault._call("POST", f"sys/mounts/{mount}/tune", {"options": {"version": "2"}})
    deadline = time.monotonic() + 30
    while True:
        try:
            vault.read(mount, "a")
        except Refused:
            assert time.monotonic() < deadline
        else:
            return


def test_what_the_policy_forbids_is_never_absent(
    root: Vault, reader: Reader, mount: str, reader_with: Callable[[str], Reader]
) -> None:
    """A 403 raises, for a read and for a listing."""
    root.put(mount, "a", {"k": "v"})
    nobody = reader_with(root.create_token("default"))

    with pytest.raises(Permanent):
        nobody.source.read(SecretRef("", mount, "a"))
    with pytest.raises(Permanent):
        list(nobody.source.versions("", mount))


def test_a_listing_names_everything_once_without_reading_values(
    root: Vault, reader: Reader, mount: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders, a key beside a folder of its name, deleted ones, over several pages."""
    monkeypatch.setattr(vault_kv, "PAGE", 2)
    paths = ["a", "b", "b/c", "b/d/e", "f/1", "f/2", "f/3", "f/4", "gone"]
    for path in paths:
        root.put(mount, path, {"k": path})
    root.delete(mount, "gone")
    listed = dict(reader.source.versions("", mount))

    assert set(reader.operations) == {"mount", "list"}
    assert sorted(ref.path for ref in listed) == paths
    assert isinstance(listed[SecretRef("", mount, "gone")], Gone)
    for ref, truth in listed.items():
        read = reader.source.read(ref)
        assert (truth.version, truth.created_time) == (read.version, read.created_time)


def test_without_detailed_listings_metadata_are_read_one_by_one(
    root: Vault, mount: str, reader_with: Callable[[str], Reader]
) -> None:
    """As on Vault, or with a policy that does not know them."""
    policy = reading_policy_without_details(mount)
    root.create_policy("plain", policy)
    plain = reader_with(root.create_token("plain"))
    for path in ("a", "b/c"):
        root.put(mount, path, {"k": path})
    listed = dict(plain.source.versions("", mount))

    assert sorted(ref.path for ref in listed) == ["a", "b/c"]
    assert plain.operations.count("metadata") == 2
    list(plain.source.versions("", mount))
    assert plain.operations.count("list") == 5  # the refusal is remembered

    root.create_policy("plain", reading_policy(mount))
    plain.source.forget_mounts()
    plain.requests.clear()
    list(plain.source.versions("", mount))
    assert "metadata" not in plain.operations  # and forgotten with the mounts


def reading_policy_without_details(mount: str) -> str:
    """What the documentation gives for Vault."""
    return (
        f'path "{mount}/metadata/*" {{ capabilities = ["read", "list"] }}\n'
        f'path "{mount}/data/*" {{ capabilities = ["read"] }}\n'
    )


def test_an_empty_mount_lists_nothing(reader: Reader, mount: str) -> None:
    """That is no error."""
    assert list(reader.source.versions("", mount)) == []


def test_namespaces_have_mounts_of_their_own(
    root: Vault, reader_with: Callable[[str], Reader]
) -> None:
    """Found by glob, and read with the namespace in the header."""
    root.create_namespace("team1")
    reader = reader_with(root.token)
    inside = Vault(root.address, root.token, namespace="team1")
    inside.enable_kv("ns-kv")
    inside.put("ns-kv", "a", {"k": "v"})
    inside.close()

    assert "team1" in reader.source.namespaces("team*")
    assert "ns-kv" in {mount.path for mount in reader.source.mounts("team1")}
    assert isinstance(reader.source.read(SecretRef("team1", "ns-kv", "a")), Value)
    with pytest.raises(Permanent):
        reader.source.read(SecretRef("", "ns-kv", "a"))


def test_a_vault_that_is_away_is_a_reason_to_wait(
    reader_with: Callable[[str], Reader],
) -> None:
    """Temporary, and the text holds no address and no token."""
    http = reader_with("x").http

    with pytest.raises(Temporary) as caught:
        http.get_from("http://127.0.0.1:9", "read", "", "kv/data/a")
    assert caught.value.cause is Cause.VAULT_UNREACHABLE


class TestLook:
    """What is there, without its value."""

    def test_a_version(self, root: Vault, reader: Reader, mount: str) -> None:
        """As a read would say, but for the value, which is not asked for."""
        ref = SecretRef("", mount, "app/db")
        root.put(mount, "app/db", DATA)
        root.set_metadata(mount, "app/db", custom_metadata={"replicate": "false"})
        seen, read = reader.source.look(ref), reader.source.read(ref)

        assert isinstance(seen, Value)
        assert isinstance(read, Value)
        assert seen.body == ""
        assert (seen.version, seen.created_time) == (read.version, read.created_time)
        assert seen.custom_metadata == {"replicate": "false"}
        assert reader.operations[:2] == ["mount", "metadata"]

    def test_gone(self, root: Vault, reader: Reader, mount: str) -> None:
        """Deleted, and never there."""
        root.put(mount, "a", {"k": "v"})
        root.delete(mount, "a")
        deleted = reader.source.look(SecretRef("", mount, "a"))

        assert isinstance(deleted, Gone)
        assert deleted.version == 1
        assert reader.source.look(SecretRef("", mount, "b")) == Gone()

    def test_v1(self, root: Vault, reader: Reader, mount_v1: str) -> None:
        """By the listing of its folder; a folder of that name is no secret."""
        root.put_v1(mount_v1, "a/b", {"k": "v"})
        source = reader.source

        assert source.look(SecretRef("", mount_v1, "a/b")) == Value("")
        assert source.look(SecretRef("", mount_v1, "a")) == Gone()
        assert source.look(SecretRef("", mount_v1, "a/c")) == Gone()
        assert "read" not in reader.operations


class TestRefused:
    """A 403 says what the request takes, and what the token has there."""

    def test_by_policy(
        self, root: Vault, mount: str, reader_with: Callable[[str], Reader]
    ) -> None:
        """Where, and why; each request is asked about once."""
        root.create_policy("lister", f'path "{mount}/*" {{ capabilities = ["list"] }}')
        reader = reader_with(root.create_token("lister"))
        root.put(mount, "a", {"k": "v"})
        with pytest.raises(Forbidden) as refused:
            reader.source.read(SecretRef("", mount, "a"))

        assert refused.value.cause is Cause.VAULT_FORBIDDEN
        assert refused.value.request == f"GET {mount}/data/a"
        assert refused.value.why == "it takes read, the token has list"
        assert refused.value.detail == (
            f"read: Vault answered 403 to GET {mount}/data/a: it takes read, the token "
            "has list"
        )
        assert reader.requests[-2:] == [("read", "403"), ("capabilities", "200")]

    def test_by_a_token_that_is_none(
        self, mount: str, reader_with: Callable[[str], Reader]
    ) -> None:
        """Then no policy is to blame."""
        with pytest.raises(Forbidden) as refused:
            reader_with("s.wrong").http.list("list", "", f"{mount}/metadata/")

        assert refused.value.why == (
            "nor may the token ask what it has: it may have ended"
        )
