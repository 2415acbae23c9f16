"""What all examples of the convergence test share, and where each of them plays.

Starting the programs takes longer than an example: so there is one installation, and
each example gets a folder in it that it leaves empty.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import httpx

from receiver.demo import loopback
from receiver.demo.emulator import Emulator
from receiver.demo.installation import Mount
from receiver.demo.programs import write_secret
from tests.acceptance.both_sides import Pair
from tests.acceptance.hand import Hand
from tests.acceptance.scene import Build, Scene, rule

#: A secret and a folder may share a name, and a key of KV v1 may look like one of v2.
V2, V1 = ("app", "app/db", "app/api", "one"), ("data/x", "plain")
#: Written by whoever waits; nobody touches it.
MARKER = "marker"

_KEEPER = "keeper"  # no listing is ever empty
_NO_BRAKE = {
    "interval": "never",
    "max_delete_percent": 100,
    "max_delete_count": 1_000_000,
    "max_delete_floor": 1_000_000,
}


@dataclass
class Ground:
    """What all examples share: one installation, and what it is configured with. The
    key files are in its directory; the first signs."""

    scene: Scene
    reader: httpx.Client
    emulator: Emulator
    hand: Hand
    old_mount: str
    keys: list[str] = field(default_factory=lambda: ["fingerprint.key"])
    edition: int = 0
    examples: int = 0

    @classmethod
    def prepare(cls, build: Build, emulator: Emulator, hand: Hand) -> Ground:
        """A new installation with a mount of each kind, and no brake."""
        new, old = (f"{kind}-{secrets.token_hex(4)}" for kind in ("kv", "old"))
        scene = build(
            mount=new,
            mounts=[Mount(name=new), Mount(name=old, version=1)],
            rules=[rule(new), rule(old)],
            replicator={"reconcile": _NO_BRAKE},
        )
        vault = scene.vault
        reader = loopback.client(
            base_url=f"{vault.address}/v1/",
            headers={"X-Vault-Token": vault.token},
        )
        ground = cls(scene, reader, emulator, hand, old)
        ground.reconfigure()
        scene.put(_KEEPER, here="yes")
        scene.vault.put_v1(old, _KEEPER, {"here": "yes"})
        return ground

    @property
    def attributes(self) -> dict[str, Any]:
        """What the rules say of every secret besides its value."""
        edition = str(self.edition)
        return {"tags": {"edition": edition}, "description": f"edition {edition}"}

    def reconfigure(self) -> None:
        """Let the receiver read what holds now."""
        mounts = (self.scene.mount, self.old_mount)
        self.scene.reconfigure(
            rules=[rule(mount, target=self.attributes) for mount in mounts],
            fingerprint={"key_files": self.keys},
        )

    def add_key(self) -> None:
        """It signs from the next time the configuration is read."""
        name = f"key-{secrets.token_hex(4)}"
        write_secret(self.scene.installation.directory / name, secrets.token_hex(20))
        self.keys.insert(0, name)

    def new_folder(self) -> list[Pair]:
        """The secrets of one more example."""
        self.examples += 1
        new = replace(self.scene, folder=f"example-{self.examples}/")
        old = replace(new, mount=self.old_mount)
        return [Pair(new, self.reader, self.hand, path) for path in V2] + [
            Pair(old, self.reader, self.hand, path, is_v1=True) for path in V1
        ]

    def states(self, scene: Scene) -> dict[str, str]:
        """What the receiver says of all in the folder of ``scene``, by name."""
        answer = scene.api("GET", f"/v1/secrets?limit=1000&q={quote(scene.folder)}")
        items = answer.raise_for_status().json()["items"]
        return {item["name"]: item["state"] for item in items}

    def weather(self, hook: str, **body: int) -> None:
        """Let AWS be late, or with ``reset`` be on time again."""
        where = f"{self.emulator.endpoint}/_strict/{hook}"
        self.reader.post(where, json=body).raise_for_status()

    def clear(self, scene: Scene) -> None:
        """Empty the folder of ``scene`` on both sides."""
        self.weather("reset")
        for path in (*V2, MARKER):
            scene.delete_metadata(path)
        for path in V1:
            scene.vault.delete_v1(self.old_mount, scene.inside(path))
        for mount in (scene.mount, self.old_mount):
            for name in scene.aws.current_ids(f"{mount}/{scene.folder}"):
                self.hand.delete(name, at_once=True)
        del self.keys[1:]
        self.reconfigure()
