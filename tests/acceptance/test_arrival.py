"""What is written in Vault is what AWS holds, whatever the way it was written."""

from __future__ import annotations

import json
import secrets

from receiver.demo.installation import Mount
from tests.acceptance.scene import Build, Scene, rule, wait_until


def canonical(data: object) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_a_secret_arrives_as_canonical_json(shared: Scene) -> None:
    """The value is the data itself: sorted keys, no spaces, nothing escaped."""
    data = {"zone": "eu", "Z": 1, "a": {"y": [1, None, True], "b": "<ü\U0001f511>"}}

    shared.arrives("app/db", shared.put("app/db", **data))

    assert shared.value("app/db") == canonical(data)


def test_an_empty_secret_is_replicated(shared: Scene) -> None:
    """A secret without keys is a value like any other."""
    shared.arrives("empty", shared.put("empty"))

    assert shared.value("empty") == "{}"


def test_a_later_version_replaces_an_earlier_one(shared: Scene) -> None:
    """An update, a patch and a rollback each become the current version."""
    shared.arrives("app/db", shared.put("app/db", user="a", password="one"))

    shared.arrives("app/db", shared.put("app/db", user="a", password="two"))
    assert json.loads(shared.value("app/db")) == {"user": "a", "password": "two"}

    shared.arrives("app/db", shared.patch("app/db", user="b"))
    assert json.loads(shared.value("app/db")) == {"user": "b", "password": "two"}

    shared.arrives("app/db", shared.rollback("app/db", version=1))
    assert json.loads(shared.value("app/db")) == {"user": "a", "password": "one"}
    assert len(shared.aws.version_ids(shared.name("app/db"))) == 4


def test_folders_and_odd_names_keep_apart(shared: Scene) -> None:
    """A folder and a secret may share a name; unusual bytes are written as +XX."""
    written = {
        path: shared.put(path, path=path)
        for path in ("team", "team/a", "team/a/b/c/d", "team/a+b", "team/größe 1")
    }
    named = {
        "team": "team",
        "team/a": "team/a",
        "team/a/b/c/d": "team/a/b/c/d",
        "team/a+b": "team/a+2Bb",
        "team/größe 1": "team/gr+C3+B6+C3+9Fe+201",
    }

    for path, in_aws in named.items():
        shared.arrives(in_aws, written[path])
        assert json.loads(shared.value(in_aws)) == {"path": path}


def test_a_secret_says_where_it_came_from(shared: Scene) -> None:
    """The tags name the tool, the Vault and the path."""
    arrival = shared.arrives("app/db", shared.put("app/db", a="b"))
    shared.settles()

    held = shared.held("app/db")
    assert held is not None
    assert held.arn == arrival.held.arn
    assert held.tags["managed-by"] == "vault-secrets-replicator"
    assert held.tags["vault-source"] == shared.installation.layout.source
    assert held.tags["vault-path"] == shared.name("app/db")


def test_an_audit_device_may_be_a_tcp_socket(build: Build) -> None:
    """The forwarder listens on TCP as well as on a Unix socket."""
    scene = build(audit="tcp")

    scene.arrives("app/db", scene.put("app/db", a="b"))


def test_a_mount_may_have_slashes_and_a_namespace(build: Build) -> None:
    """Namespace and mount are kept apart, and both can stand in the name."""
    mount = Mount(name="platform/kv", namespace="team1")
    target = {"name": "{namespace}/{mount}/{path}"}
    scene = build(
        mount="team1/platform/kv",
        mounts=[mount],
        rules=[rule(mount.name, namespace=mount.namespace, target=target)],
    )

    written = scene.installation.vault("team1").put(mount.name, "app/db", {"a": "b"})

    scene.arrives("app/db", written)
    assert scene.value("app/db") == '{"a":"b"}'


def test_a_secret_outside_the_rule_never_appears(scene: Scene) -> None:
    """What the rule excludes is not in AWS, while its neighbour is."""
    scene.put("tmp/scratch", a="b")
    scene.put("tmp/deep/scratch", a="b")
    scene.arrives("tmp", scene.put("tmp", a="b"))
    scene.settles()

    assert scene.held("tmp/scratch") is None
    assert scene.held("tmp/deep/scratch") is None


def test_a_mount_without_a_rule_stays_in_vault(build: Build) -> None:
    """Only mounts that a rule names are replicated."""
    mounts = [Mount(name="kv-with-rule"), Mount(name="kv-without")]
    scene = build(mount="kv-with-rule", mounts=mounts)

    scene.vault.put("kv-without", "app/db", {"a": "b"})
    scene.settles()

    assert scene.aws.current_ids("kv-without") == {}


def test_a_long_number_keeps_its_digits(build: Build) -> None:
    """KV v1 returns a number as it was written, and so it arrives."""
    mount = f"kv1-{secrets.token_hex(4)}"
    scene = build(mount=mount, mounts=[Mount(name=mount, version=1)])
    scene.vault.put_v1(mount, "app/db", {"number": 12345678901234567890123})

    wait_until(lambda: scene.held("app/db") is not None, "the secret in AWS")

    assert scene.value("app/db") == '{"number":12345678901234567890123}'
