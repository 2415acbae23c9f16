"""Which writes are changes, where, and which of them are wanted."""

from __future__ import annotations

import pytest

from tests.unit.forwarder_reading.entries import entry
from vault_audit_forwarder import audit, wire
from vault_audit_forwarder.change import Changed, MountFilter, changed


def classify(**keys: object) -> Changed | None:
    return changed(audit.decode(entry(**keys)).request)  # type: ignore[arg-type]  # keys of entry()


def change(mount: str, path: str, namespace: str = "", **more: str) -> wire.Change:
    operation = more.get("operation", "update")
    return wire.Change(
        namespace=namespace,
        mount=mount,
        mount_accessor="kv_6a85b395",
        path=path,
        operation=operation,
    )


@pytest.mark.parametrize("operation", sorted(audit.WRITES))
@pytest.mark.parametrize(
    "path",
    ["data/k", "delete/k", "undelete/k", "destroy/k", "metadata/k", "k", "config"],
)
def test_every_write_below_a_kv_mount_is_a_change(operation: str, path: str) -> None:
    """v1 or v2 is not in the entry, so no path is guessed to be unimportant."""
    found = classify(operation=operation, path=f"secret/{path}")

    assert found == change("secret/", path, operation=operation)


@pytest.mark.parametrize("operation", ["read", "list", "scan", "", "help"])
def test_reads_are_no_change(operation: str) -> None:
    """What changes nothing is no hint."""
    assert classify(operation=operation) is None


@pytest.mark.parametrize(
    ("namespace", "mount_point", "path", "expected"),
    [
        ("", "secret/", "secret/data/x", change("secret/", "data/x")),
        ("", "a/b/", "a/b/data/x", change("a/b/", "data/x")),
        ("", "secret/", "secret/secret/x", change("secret/", "secret/x")),
        ("t/", "t/kv/", "kv/data/x", change("kv/", "data/x", "t/")),
        ("t/", "t/t/", "t/t/x", change("t/", "t/x", "t/")),
        ("t/u/", "t/u/a/b/", "a/b/x", change("a/b/", "x", "t/u/")),
        ("", "s/", "s/data/we%20ird/é", change("s/", "data/we%20ird/é")),
    ],
)
def test_the_mount_point_is_absolute_and_the_path_is_not(
    namespace: str, mount_point: str, path: str, expected: wire.Change
) -> None:
    """The mount of a change is relative to its namespace, the path to its mount."""
    found = classify(namespace=namespace, mount_point=mount_point, path=path)

    assert found == expected


@pytest.mark.parametrize(
    ("namespace", "mount_point", "path"),
    [("", "", "secret/data/x"), ("", "other/", "secret/x"), ("t/", "t", "x")],
)
def test_a_kv_write_outside_its_mount_is_unreadable(
    namespace: str, mount_point: str, path: str
) -> None:
    """A write that cannot be placed is doubt, and doubt is not dropped."""
    with pytest.raises(audit.Unreadable):
        classify(namespace=namespace, mount_point=mount_point, path=path)


@pytest.mark.parametrize("path", ["secret/", "secret/data/folder/"])
def test_a_path_that_holds_no_secret_is_no_change(path: str) -> None:
    """Vault refuses to write to a path that ends in a slash."""
    assert classify(operation="delete", path=path) is None


@pytest.mark.parametrize(
    ("mount_type", "external", "is_kv"),
    [
        ("kv", False, True),
        ("generic", False, True),
        ("plugin", True, True),
        ("vault-plugin-secrets-kv", False, True),
        ("our-store", True, True),
        ("transit", False, False),
        ("cubbyhole", False, False),
        ("identity", False, False),
        ("", False, False),
    ],
)
def test_any_mount_that_may_be_kv_counts(
    mount_type: str, external: bool, is_kv: bool
) -> None:
    """An external plugin is registered under any name; a hint too many is harmless."""
    found = classify(
        mount_type=mount_type, request={"mount_is_external_plugin": external}
    )

    assert (found is not None) is is_kv


def test_an_external_auth_method_is_no_kv_mount() -> None:
    """Logins through an external plugin are updates, and many."""
    request = {"mount_is_external_plugin": True, "mount_class": "auth"}

    assert classify(mount_type="our-login", request=request) is None


@pytest.mark.parametrize(
    ("path", "mount"),
    [
        ("sys/mounts/kv1", "kv1/"),
        ("sys/mounts/kv1/", "kv1/"),
        ("sys/mounts/a/b/tune", "a/b/"),
        ("sys/remount", None),
        ("sys/namespaces/team1", None),
        ("sys/storage/raft/snapshot", None),
        ("sys/storage/raft/snapshot-force", None),
        ("sys/raw/logical/x", None),
    ],
)
@pytest.mark.parametrize(
    ("namespace", "mount_type"), [("", "system"), ("team1/", "ns_system")]
)
def test_writes_that_move_mounts_or_restore_are_mount_changes(
    path: str, mount: str | None, namespace: str, mount_type: str
) -> None:
    """The mount is named where the path names it, without ``/tune``."""
    found = classify(
        path=path,
        mount_point=f"{namespace}sys/",
        mount_type=mount_type,
        namespace=namespace,
    )

    assert found == wire.MountChange(
        namespace=namespace, mount=mount, operation="update"
    )


@pytest.mark.parametrize("path", ["sys/policy/x", "sys/mountsx", "sys/audit/test"])
def test_other_writes_below_sys_are_nothing(path: str) -> None:
    """Policies, audit devices and the like change no secret."""
    assert classify(path=path, mount_point="sys/", mount_type="system") is None


@pytest.mark.parametrize(
    ("glob", "namespace", "mount", "wanted"),
    [
        ("**", "", "secret/", True),
        ("**", "a/b/", "c/d/", True),
        ("secret", "", "secret/", True),
        ("secret", "", "secret2/", False),
        ("secret", "team1/", "secret/", False),
        ("/team1/secret/", "team1/", "secret/", True),
        ("*", "", "secret/", True),
        ("*", "team1/", "secret/", False),
        ("team?/kv", "team1/", "kv/", True),
        ("team?/kv", "team/", "kv/", False),
        ("team?kv", "team/", "kv/", False),
        ("team1/**", "team1/", "a/b/", True),
        ("team1/**", "team2/", "a/", False),
        ("**/kv", "", "kv/", True),
        ("**/kv", "a/b/", "kv/", True),
        ("**/kv", "", "akv/", False),
        ("a.b", "", "axb/", False),
        ("[ab]", "", "a/", False),
    ],
)
def test_globs_choose_mounts(
    glob: str, namespace: str, mount: str, wanted: bool
) -> None:
    """``**`` crosses slashes, ``*`` and ``?`` do not, nothing else is special."""
    assert MountFilter([glob]).wants(change(mount, "x", namespace)) is wanted


def test_any_of_several_globs_is_enough() -> None:
    """The globs are alternatives."""
    mounts = MountFilter(["a", "b/**"])

    assert mounts.wants(change("a/", "x"))
    assert mounts.wants(change("c/", "x", "b/"))
    assert not mounts.wants(change("ab/", "x"))


def test_a_change_of_an_unnamed_mount_is_always_wanted() -> None:
    """The entry of a remount hides which mount, so it may be one of ours."""
    mounts = MountFilter(["secret"])

    assert mounts.wants(wire.MountChange(mount=None))
    assert not mounts.wants(wire.MountChange(mount="other/"))
