"""A configuration, a Vault, and ``init-vault`` run on them as somebody types it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from receiver.cli import app
from vault_audit_forwarder.program import command_line

TOKEN = {"method": "token", "token_file": "token"}
APPROLE = {
    "method": "approle",
    "role_id_file": "role_id",
    "secret_id_file": "secret_id",
}


@dataclass(frozen=True)
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        assert self.out, self.err
        document: dict[str, Any] = json.loads(self.out)
        assert document["format_version"] == 1
        return document

    @property
    def kinds(self) -> dict[str, str]:
        """What each step was; of one kind of thing the last."""
        return {one["what"]: one["kind"] for one in self.document["steps"]}

    @property
    def work(self) -> int:
        return sum(self.document["summary"][kind] for kind in ("create", "change"))

    @property
    def proof(self) -> dict[str, str]:
        return {one["name"]: one["state"] for one in self.document["proof"]}


@dataclass
class Site:
    """``policy`` and ``mount`` are nobody else's. ``admin`` calls Vault's API as
    ``token``. Whatever a run says, none of ``canaries`` is in it."""

    directory: Path
    address: str
    token: str
    admin: Callable[..., Any]
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    aws: str | None = None
    policy: str = field(default_factory=lambda: f"p-{secrets.token_hex(4)}")
    mount: str = field(default_factory=lambda: f"team/new-{secrets.token_hex(4)}")
    canaries: set[str] = field(default_factory=set)

    @property
    def config(self) -> Path:
        return self.directory / "replicator.yaml"

    def configure(
        self, auth: dict[str, Any], *rules: dict[str, Any], **vault: Any
    ) -> None:
        """``rules`` are one for the mount when there are none."""
        where = {"address": self.address, "source": "vault", "auth": auth, **vault}
        document = {
            "listen": "127.0.0.1:0",
            "vault": where,
            "aws": {"region": "eu-central-1", "endpoint_url": self.aws},
            "webhook": {"signing_key_files": ["unused"]},
            "fingerprint": {"key_files": ["unused"]},
            "rules": list(rules) or [{"name": "r", "mount": self.mount}],
            "queue": {"kind": "sqlite", "path": "state.db"},
        }
        self.config.write_text(yaml.safe_dump(document))

    def run(self, *argv: object, token: str | None = None) -> Said:
        """``init-vault`` with this site's policy, by this admin token."""
        token = token or self.token
        self.monkeypatch.setenv("VAULT_TOKEN", token)
        words = ["init-vault", "--config", self.config, "--policy", self.policy, *argv]
        code = command_line.run(app, list(map(str, words)), prog="vault-replicator")
        said = self.capsys.readouterr()
        for canary in {*self.canaries, token}:
            assert canary not in said.out + said.err
        assert "Traceback" not in said.err
        return Said(code, said.out, said.err)

    def set_up(self, *argv: object) -> Said:
        """Run it for real, as a script does."""
        return self.run("--yes", "--json", "--enable-mounts", *argv)

    def state(self) -> dict[str, Any]:
        """All that a set-up could change in Vault."""
        policies = self.admin("GET", "sys/policies/acl?list=true")["data"]["keys"]
        files = {
            file.name: file.read_text()
            for file in self.directory.iterdir()
            if file.is_file() and not file.name.startswith("openbao")
        }
        auth = self.admin("GET", "sys/auth")["data"]
        mounts = self.admin("GET", "sys/mounts")["data"]
        return {"policies": policies, "auth": auth, "mounts": mounts, "files": files}

    def secret(self, name: str) -> str:
        """What is in a file, which no run may say from now on; its mode is checked."""
        file = self.directory / name
        assert file.stat().st_mode & 0o777 == 0o600
        text = file.read_text().removesuffix("\n")
        self.canaries.add(text)
        return text


def mount_of(site: Site) -> str:
    """An auth mount of this site's own."""
    return f"team/auth-{site.policy}"


def changes_nothing(site: Site, *argv: object) -> None:
    """The second run, and a dry one, find all there."""
    before = site.state()
    again = site.set_up(*argv)
    dry = site.run("--dry-run", "--json", "--enable-mounts", *argv)

    assert (again.code, again.work) == (0, 0), again
    assert (dry.code, dry.work) == (0, 0), dry
    assert set(again.kinds.values()) <= {"there", "note"}
    assert set(again.proof.values()) == {"ok"}
    assert site.state() == before
