"""Namespaces with KV mounts, replicated by one rule with globs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from receiver.demo.vault import Vault, Written
from tests.acceptance.scene import Scene


@dataclass(frozen=True)
class Place:
    """A mount in a namespace; ``scene`` names secrets in AWS by both."""

    scene: Scene
    vault: Vault
    mount: str

    def put(self, path: str = "app/db") -> Written:
        return self.vault.put(self.mount, path, {"at": self.scene.mount})

    def arrives(self, written: Written, path: str = "app/db") -> None:
        self.scene.arrives(path, written)
        assert self.scene.value(path) == f'{{"at":"{self.scene.mount}"}}'

    def is_alive(self) -> bool:
        held = self.scene.held("app/db")
        return held is not None and held.deleted is None


@dataclass(frozen=True)
class Team:
    """A namespace of its own, and what is in it."""

    scene: Scene
    namespace: str

    @classmethod
    def new(cls, scene: Scene, *, kind: str = "team") -> Team:
        """A namespace made now; the rule is for those whose kind is a team."""
        name = f"{kind}-{secrets.token_hex(4)}"
        scene.vault.create_namespace(name)
        return cls(scene, name)

    def mount(self, mount: str, *, version: int = 2) -> Place:
        """A mount made now; the rule is for those that are called ``*/kv``."""
        scene = self.scene
        vault = scene.installation.vault(self.namespace)
        vault.enable_kv(mount, version=version)
        named = replace(scene, mount=f"{self.namespace}/{mount}", folder="")
        return Place(named, vault, mount)
