"""One installation with its Vault and its AWS, in the words the tests are told in."""

from __future__ import annotations

import signal
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
import yaml
from prometheus_client.parser import text_string_to_metric_families

from receiver.demo import loopback
from receiver.demo.arrival import (
    Arrival,
    await_arrival,
    shows_deletion,
    shows_version,
)
from receiver.demo.emulator import Held, SecretsReader
from receiver.demo.installation import Installation
from receiver.demo.programs import Program
from receiver.demo.vault import Vault, Written
from vault_audit_forwarder import signing, wire

PATIENCE_SECONDS = 60.0


def wait_until(
    true: Callable[[], bool], what: str, *, seconds: float = PATIENCE_SECONDS
) -> None:
    """Ask until the answer is yes; fail with ``what`` when it never is."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)


def metric(program: Program, name: str) -> float | None:
    """The sum of a metric over its labels; None when the program does not show it."""
    found = [
        sample.value
        for family in text_string_to_metric_families(program.metrics())
        for sample in family.samples
        if sample.name == name
    ]
    return sum(found) if found else None


@dataclass
class Scene:
    """``mount`` is the KV v2 mount that is replicated to names of the same path.

    Where an installation is shared, each scene plays in a ``folder`` of its own; the
    paths that tests name are inside it.
    """

    installation: Installation
    aws: SecretsReader
    mount: str
    folder: str = ""
    _markers: int = field(default=0, init=False)

    @property
    def vault(self) -> Vault:
        return self.installation.vault()

    @property
    def receiver(self) -> Program:
        return self.installation.receiver

    @property
    def forwarder(self) -> Program:
        return self.installation.forwarder

    def inside(self, path: str) -> str:
        """The path inside the mount."""
        return f"{self.folder}{path}"

    def name(self, path: str) -> str:
        """The name in AWS."""
        return f"{self.mount}/{self.inside(path)}"

    def put(self, path: str, /, **data: Any) -> Written:
        return self.vault.put(self.mount, self.inside(path), data)

    def patch(self, path: str, /, **data: Any) -> Written:
        return self.vault.patch(self.mount, self.inside(path), data)

    def rollback(self, path: str, *, version: int) -> Written:
        return self.vault.rollback(self.mount, self.inside(path), version=version)

    def delete(self, path: str) -> Written:
        return self.vault.delete(self.mount, self.inside(path))

    def undelete(self, path: str, *, version: int) -> Written:
        return self.vault.undelete(self.mount, self.inside(path), versions=[version])

    def destroy(self, path: str, *, version: int) -> Written:
        return self.vault.destroy(self.mount, self.inside(path), versions=[version])

    def delete_metadata(self, path: str) -> Written:
        return self.vault.delete_metadata(self.mount, self.inside(path))

    def held(self, path: str) -> Held | None:
        return self.aws.describe(self.name(path))

    def value(self, path: str) -> str:
        return self.aws.value(self.name(path))

    def arrives(
        self,
        path: str,
        written: Written,
        *,
        version: int | None = None,
        other_than: str | None = None,
    ) -> Arrival:
        """Wait for the version that ``written`` made, or for the one named."""
        wanted = version or written.version
        assert wanted is not None
        return await_arrival(
            self.aws,
            self.name(path),
            shows_version(wanted, other_than=other_than),
            written=written,
            seconds=PATIENCE_SECONDS,
        )

    def is_scheduled(self, path: str, written: Written) -> Arrival:
        """Wait until AWS has scheduled the secret for deletion."""
        return await_arrival(
            self.aws,
            self.name(path),
            shows_deletion,
            written=written,
            seconds=PATIENCE_SECONDS,
        )

    def settles(self) -> None:
        """Wait until all that was said before has been dealt with.

        A secret written now goes the same way after it, and then nothing is waiting.
        """
        self._markers += 1
        path = f"marker/{self._markers}"
        self.arrives(path, self.put(path, here="yes"))
        self.queue_drains()

    def queue_drains(self) -> None:
        wait_until(lambda: self.status()["pending"] == 0, "an empty queue")

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.api("GET", "/v1/status").raise_for_status().json()
        return answer

    def api(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """A call with the operator's token."""
        token = self.installation.keys.admin_token
        return loopback.request(
            method,
            self.receiver.address + path,
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=70.0,
        )

    def listed(self, path: str) -> dict[str, Any] | None:
        """What the receiver says of the secret at its place of today."""
        query = urlencode({"q": self.name(path), "limit": 1000})
        items = self.api("GET", f"/v1/secrets?{query}").raise_for_status().json()
        for item in items["items"]:
            if (item["path"], item["name"]) == (self.inside(path), self.name(path)):
                found: dict[str, Any] = item
                return found
        return None

    def order(self, what: str, *, path: str | None = None, **body: Any) -> Any:
        """An order of the operator: adopt, release, retry. Its answer."""
        if path is not None:
            body |= {"mount": self.mount, "path": self.inside(path)}
        answer = self.api("POST", f"/v1/{what}", body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def reconcile(self, **body: Any) -> dict[str, Any]:
        """Compare now, and wait until all that was found is dealt with."""
        asked = self.api("POST", "/v1/reconcile", body)
        assert asked.status_code == 202, asked.text
        place = f"/v1/reconcile/{asked.json()['run_id']}"
        run: dict[str, Any] = {}

        def is_over() -> bool:
            run.update(self.api("GET", place).raise_for_status().json())
            return run["state"] in ("done", "failed")

        wait_until(is_over, "the run is over")
        return run

    def plan(self, **body: Any) -> dict[str, Any]:
        """What a reconcile would do."""
        answer = self.api("POST", "/v1/plan", body)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def reconfigure(self, **replicator: Any) -> None:
        """Change top-level keys of the receiver's configuration, and let it read it
        again."""
        config = self.installation.directory / "replicator.yaml"
        log = self.installation.directory / "receiver.log"
        said = log.read_text().count("configuration read again")
        document = yaml.safe_load(config.read_text()) | replicator
        config.write_text(yaml.safe_dump(document))
        self.receiver.child.send(signal.SIGHUP)
        wait_until(
            lambda: log.read_text().count("configuration read again") > said,
            "the configuration is read again",
        )

    def change_event(self, path: str, **data: Any) -> bytes:
        """An event of the forwarder about a secret, as it travels."""
        inside = f"data/{self.inside(path)}"
        change = wire.Change(mount=f"{self.mount}/", path=inside, **data)
        event = wire.make_event(
            change,
            source=self.installation.layout.source,
            forwarder="forwarder-1",
            id=str(uuid.uuid4()),
            time=None,
        )
        return wire.encode(event)

    def signed(
        self, body: bytes, *, key: str | None = None, age: float = 0.0
    ) -> dict[str, str]:
        """Headers that sign ``body`` as it was ``age`` seconds ago."""
        return signing.sign(
            [signing.parse_key(key or self.installation.keys.signing)],
            message_id=f"msg_{uuid.uuid4().hex}",
            timestamp=int(time.time() - age),
            body=body,
        )

    def post_event(self, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        return loopback.request(
            "POST",
            f"{self.receiver.address}/v1/events",
            content=body,
            headers={"Content-Type": wire.EVENT_JSON, **headers},
        )


#: What the fixture ``build`` is; its keywords stand there.
Build = Callable[..., Scene]


def rule(mount: str, **more: Any) -> dict[str, Any]:
    """A rule that replicates all of a mount but ``tmp/**``."""
    return {
        "name": mount.replace("/", "-"),
        "mount": mount,
        "exclude": ["tmp/**"],
        **more,
    }
