"""What changes no current value in Vault makes no call to AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest

from tests.acceptance.evidence import aws_calls, vault_reads
from tests.acceptance.scene import Scene, wait_until
from tests.acceptance.vault_operator import VaultOperator

_numbers = count(1)


@dataclass
class Quiet:
    """``app/db`` is in AWS with two versions, and nothing is under way."""

    scene: Scene
    operator: VaultOperator

    def call(self, method: str, kind: str, body: Any = None, **headers: str) -> int:
        """One request about the secret. Returns the status."""
        path = f"{self.scene.mount}/{kind}/{self.scene.inside('app/db')}"
        return self.operator.call(method, path, body, **headers).status_code

    @contextmanager
    def no_aws_call(self, *, read: bool = True) -> Iterator[None]:
        """What happens inside ends in the receiver, and none of it reaches AWS.

        Without ``read`` the receiver does not look at the secret either. The end is
        told by a marker whose metadata change: that costs a read of Vault, and no call
        to AWS either.
        """
        scene, marker = self.scene, f"marker-{next(_numbers)}"
        scene.arrives(marker, scene.put(marker, here="yes"))
        scene.queue_drains()
        calls, seen = aws_calls(scene), vault_reads(scene, marker)
        held, reads = scene.held("app/db"), vault_reads(scene, "app/db")
        yield
        inside = scene.inside(marker)
        scene.vault.set_metadata(scene.mount, inside, custom_metadata={"seen": "yes"})
        wait_until(lambda: vault_reads(scene, marker) > seen, "the marker is read")
        scene.queue_drains()
        assert aws_calls(scene) == calls
        assert scene.held("app/db") == held
        assert read or vault_reads(scene, "app/db") == reads


@pytest.fixture
def quiet(shaken: Scene) -> Iterator[Quiet]:
    """In an installation where no other test makes the receiver call AWS, not even
    late."""
    kept = f"{shaken.mount}-kept"
    scene = replace(shaken, mount=kept, folder=f"folder-{next(_numbers)}/")
    operator = VaultOperator(scene.installation)
    scene.put("app/db", a="1")
    scene.arrives("app/db", scene.put("app/db", a="2"))
    yield Quiet(scene, operator)
    operator.close()


def test_reads_make_no_call(quiet: Quiet) -> None:
    """Of data, of an old version, of metadata, of keys; and listings."""
    with quiet.no_aws_call():
        for kind in ("data", "metadata", "subkeys"):
            assert quiet.call("GET", kind) == 200
        quiet.scene.vault.read(
            quiet.scene.mount, quiet.scene.inside("app/db"), version=1
        )
        listing = f"{quiet.scene.mount}/metadata/{quiet.scene.folder}?list=true"
        quiet.operator.do("GET", listing)


def _stale_cas(quiet: Quiet) -> int:
    return quiet.call("POST", "data", {"data": {"a": "3"}, "options": {"cas": 1}})


def _no_data(quiet: Quiet) -> int:
    return quiet.call("POST", "data", {"dat": {"a": "3"}})


def _patch_of_nothing(quiet: Quiet) -> int:
    path = f"{quiet.scene.mount}/data/{quiet.scene.inside('missing')}"
    merge = {"Content_Type": "application/merge-patch+json"}
    return quiet.operator.call("PATCH", path, {"data": {"a": "3"}}, **merge).status_code


def _bad_metadata(quiet: Quiet) -> int:
    return quiet.call("POST", "metadata", {"custom_metadata": {"k": "x" * 1000}})


def _without_permission(method: str) -> Callable[[Quiet], int]:
    def attempt(quiet: Quiet) -> int:
        root = quiet.scene.vault
        reading = f'path "{quiet.scene.mount}/*" {{ capabilities = ["read"] }}'
        root.create_policy("onlookers", reading)
        token = {"X_Vault_Token": root.create_token("onlookers")}
        return quiet.call(method, "data", {"data": {"a": "3"}}, **token)

    return attempt


@pytest.mark.parametrize(
    ("attempt", "status"),
    [
        pytest.param(_stale_cas, 400, id="a check-and-set that does not match"),
        pytest.param(_no_data, 400, id="a write without data"),
        pytest.param(_patch_of_nothing, 404, id="a patch of what is not there"),
        pytest.param(_bad_metadata, 400, id="metadata that Vault refuses"),
        pytest.param(_without_permission("POST"), 403, id="a denied put"),
        pytest.param(_without_permission("DELETE"), 403, id="a denied delete"),
    ],
)
def test_a_failed_write_makes_no_call(
    quiet: Quiet, attempt: Callable[[Quiet], int], status: int
) -> None:
    """Nor does the receiver read the secret: the forwarder knows a failure."""
    with quiet.no_aws_call(read=False):
        assert attempt(quiet) == status


@pytest.mark.parametrize("kind", ["delete", "destroy", "undelete"])
def test_what_happens_to_older_versions_makes_no_call(quiet: Quiet, kind: str) -> None:
    """The current value stays what it is."""
    with quiet.no_aws_call():
        assert quiet.call("POST", kind, {"versions": [1]}) == 204


def test_metadata_that_do_not_speak_to_us_make_no_call(quiet: Quiet) -> None:
    """Neither custom keys but ``replicate`` nor limits make a version."""
    with quiet.no_aws_call():
        for settings in ({"custom_metadata": {"owner": "me"}}, {"max_versions": 1}):
            assert quiet.call("POST", "metadata", settings) == 204
        quiet.operator.do("POST", f"{quiet.scene.mount}/config", {"max_versions": 20})


def test_undeleting_what_lives_makes_no_call(quiet: Quiet) -> None:
    """The version is current before and after."""
    with quiet.no_aws_call():
        assert quiet.call("POST", "undelete", {"versions": [2]}) == 204


def test_other_engines_make_no_call(quiet: Quiet) -> None:
    """A cubbyhole and a token are writes too, and hold no KV secret."""
    with quiet.no_aws_call(read=False):
        quiet.operator.do("POST", "cubbyhole/app/db", {"a": "b"})
        quiet.scene.vault.create_token("default")
