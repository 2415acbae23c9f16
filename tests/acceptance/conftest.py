"""The real parts, shared where they can be, and an installation for every test.

One emulator serves all tests: each has a mount, and so a prefix in AWS, of its own.
OpenBao knows its audit devices from its start, so each installation brings one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from receiver.demo.emulator import Emulator, SecretsReader
from receiver.demo.installation import Installation, Layout, Mount
from receiver.demo.openbao import OpenBao
from tests.acceptance.evidence import compares
from tests.acceptance.hand import Hand
from tests.acceptance.scene import Build, Scene, rule
from tests.acceptance.teams import Team
from tests.acceptance.vault_operator import VaultOperator
from tests.gate import Gate

_ROOT = Path(__file__).parents[2]
_READ_EVERYTHING = 'path "*" { capabilities = ["read", "list"] }'
_TEAMS = rule("*/kv", namespace="team-*") | {
    "name": "teams",
    "target": {"name": "{namespace}/{mount}/{path}"},
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.acceptance)
    # They take longest, a file at a time; what is quick then fills both workers up.
    items.sort(key=lambda item: here not in item.path.parents)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(
        tmp_path_factory.mktemp("emulator"),
        module="tests.strict_aws",
        env={"PYTHONPATH": str(_ROOT)},
    )
    try:
        emulator.start()
        yield emulator
    finally:
        emulator.stop()


@pytest.fixture(scope="session")
def aws(emulator: Emulator) -> Iterator[SecretsReader]:
    reader = SecretsReader(emulator.endpoint)
    yield reader
    reader.close()


@pytest.fixture(scope="session")
def hand(emulator: Emulator) -> Iterator[Hand]:
    """Somebody with a console."""
    hand = Hand(emulator.endpoint)
    yield hand
    hand.close()


@pytest.fixture
def gate(emulator: Emulator) -> Iterator[Gate]:
    """A door between the receiver and AWS; give its endpoint to ``build``."""
    gate = Gate(emulator.endpoint)
    yield gate
    gate.close()


class Builder:
    """Makes and starts installations; ends them all with :meth:`close`."""

    def __init__(self, emulator: Emulator, aws: SecretsReader) -> None:
        self._emulator = emulator
        self._aws = aws
        self._running = ExitStack()

    def build(
        self,
        directory: Path,
        *,
        mount: str | None = None,
        aws_endpoint: str | None = None,
        replicator: dict[str, Any] | None = None,
        openbao: type[OpenBao] = OpenBao,
        **layout: Any,
    ) -> Scene:
        """What is not named is the usual. Keywords besides are those of Layout."""
        mount = mount or f"kv-{secrets.token_hex(4)}"
        layout.setdefault("mounts", [Mount(name=mount)])
        layout.setdefault("rules", [rule(mount)])
        usual = {
            "limits": {"writes_per_second": 200},
            # Tests share installations, and delete more than anybody should.
            "reconcile": {
                "interval": "never",
                "max_delete_percent": 100,
                "max_delete_count": 10_000,
            },
        }
        installation = Installation(
            directory,
            Layout(
                source=f"vault-{secrets.token_hex(4)}",
                replicator=usual | (replicator or {}),
                **layout,
            ),
            aws_endpoint=aws_endpoint or self._emulator.endpoint,
        )
        installation.openbao = openbao(
            directory, audit_addresses=installation.audit_addresses
        )
        self._running.callback(installation.stop)
        installation.start()
        return Scene(installation, self._aws, mount)

    def close(self) -> None:
        self._running.close()


@pytest.fixture
def build(tmp_path: Path, emulator: Emulator, aws: SecretsReader) -> Iterator[Build]:
    """Makes an installation for this test alone."""
    builder = Builder(emulator, aws)
    with closing(builder):
        yield partial(builder.build, tmp_path)


@pytest.fixture(scope="session")
def build_once(
    tmp_path_factory: pytest.TempPathFactory, emulator: Emulator, aws: SecretsReader
) -> Iterator[Build]:
    """Makes installations that several tests share; they end with the last of them."""
    builder = Builder(emulator, aws)

    def build(**keywords: Any) -> Scene:
        return builder.build(tmp_path_factory.mktemp("shared"), **keywords)

    with closing(builder):
        yield build


@pytest.fixture
def scene(build: Build) -> Scene:
    """The usual installation: one mount, one rule, one forwarder."""
    return build()


@pytest.fixture(scope="session")
def _usual(build_once: Build) -> Scene:
    scene = build_once()
    compares(scene)  # what arrives from now on does so by its event
    return scene


@pytest.fixture
def shared(_usual: Scene) -> Scene:
    """A folder in the usual installation, for tests that leave the programs alone."""
    return replace(_usual, folder=f"folder-{secrets.token_hex(4)}/")


@pytest.fixture
def operator(shared: Scene) -> Iterator[VaultOperator]:
    """Of the Vault in ``shared``."""
    operator = VaultOperator(shared.installation)
    yield operator
    operator.close()


@pytest.fixture(scope="session")
def _several_rules(build_once: Build) -> Scene:
    mount = f"kv-{secrets.token_hex(4)}"
    targets: dict[str, dict[str, Any]] = {
        mount: {},
        f"{mount}-retain": {"on_delete": "retain"},
        f"{mount}-force": {"on_delete": "force"},
        f"{mount}-keyed": {"format": {"key": "password"}},
    }
    rules = [rule(name, target=target) for name, target in targets.items()]
    scene = build_once(
        mount=mount,
        mounts=[Mount(name=name) for name in targets],
        rules=[*rules, _TEAMS],
    )
    scene.vault.create_policy("replicator", _READ_EVERYTHING)
    return scene


@pytest.fixture
def plain(_several_rules: Scene) -> Scene:
    """A folder in an installation with several rules; its mounts besides this one are
    called as it is, with ``-retain``, ``-force`` and ``-keyed`` at the end. One more
    rule is for the mounts ``*/kv`` in the namespaces ``team-*``, of which there are
    none yet."""
    return replace(_several_rules, folder=f"folder-{secrets.token_hex(4)}/")


@pytest.fixture
def team(plain: Scene) -> Team:
    """A new namespace that the rule for all teams covers."""
    return Team.new(plain)


@pytest.fixture
def team_operator(team: Team) -> Iterator[VaultOperator]:
    """In the team's namespace."""
    operator = VaultOperator(team.scene.installation, namespace=team.namespace)
    yield operator
    operator.close()


@pytest.fixture(scope="session")
def shaken(build_once: Build) -> Scene:
    """An installation whose mounts went away, each in its way, after ``app/db`` in it
    was in AWS. They are called as this scene's mount with ``-disabled``, ``-moved``,
    ``-emptied`` and ``-namespace``; ``-kept`` is well."""
    mount = f"kv-{secrets.token_hex(4)}"
    kinds = ["disabled", "moved", "emptied", "kept"]
    mounts = [Mount(name=f"{mount}-{kind}") for kind in kinds]
    mounts.append(Mount(name=f"{mount}-namespace", namespace="doomed"))
    rules = [rule(each.name, namespace=each.namespace) for each in mounts]
    scene = build_once(mount=mount, mounts=mounts, rules=rules)
    for each in mounts:
        vault = scene.installation.vault(each.namespace)
        written = vault.put(each.name, "app/db", {"mount": each.name})
        replace(scene, mount=each.name).arrives("app/db", written)
    scene.queue_drains()
    _shake(scene)
    return scene


def _shake(scene: Scene) -> None:
    scene.vault.disable(f"{scene.mount}-disabled")
    scene.vault.disable(f"{scene.mount}-emptied")
    scene.vault.enable_kv(f"{scene.mount}-emptied")
    with closing(VaultOperator(scene.installation)) as operator:
        operator.move(f"{scene.mount}-moved", f"{scene.mount}-other")
        operator.delete_namespace("doomed")


@pytest.fixture(scope="session")
def _disturbed(build_once: Build) -> Scene:
    return build_once()


@pytest.fixture
def disturbed(_disturbed: Scene) -> Scene:
    """A folder in an installation for tests that shut Vault or kill a program."""
    return replace(_disturbed, folder=f"folder-{secrets.token_hex(4)}/")
