"""``init-vault`` and audit devices: shown, written, and enabled in the right order."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from receiver.demo.child import free_port
from receiver.demo.openbao import OpenBao
from tests.integration.vault.site import (
    TOKEN,
    Site,
    changes_nothing,
)


def test_openbao_takes_audit_devices_from_its_configuration(site: Site) -> None:
    """The stanza is shown, or written; a request for it is refused, and that is told.
    It stays something that somebody must do."""
    site.configure(TOKEN)
    site.set_up()
    stanza = site.directory / "audit.hcl"
    where = ("--audit-socket", f"127.0.0.1:{free_port()}")
    written = site.set_up(*where, "--audit-stanza", stanza)
    again = site.set_up(*where, "--audit-stanza", stanza)

    assert (written.code, written.kinds["stanza"]) == (2, "create")
    assert (again.code, again.kinds["stanza"]) == (2, "there")
    assert stanza.read_text().startswith('audit "socket" "replicator" {')
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listens = ("--audit-socket", f"127.0.0.1:{listener.getsockname()[1]}")
        site.set_up(*listens)
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):  # each look is a gap for a forwarder
            listener.accept()
        tried = site.set_up("--enable-audit", *listens)
    told = tried.document["steps"][-1]
    assert (tried.code, told["kind"]) == (2, "needs_you")
    assert told["detail"].startswith("OpenBao takes none by a request; in OpenBao's")


class OpenToAudit(OpenBao):
    """Takes audit devices by a request, as Vault does; has none at its start."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, audit_addresses=[])
        self._config = "unsafe_allow_api_audit_creation = true\n"


@pytest.fixture
def open_to_audit(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Site]:
    vault = OpenToAudit(tmp_path)
    vault.start()
    headers = {"X-Vault-Token": vault.root_token}
    base = f"{vault.address}/v1/"
    with httpx.Client(base_url=base, headers=headers, trust_env=False) as http:

        def admin(method: str, path: str) -> Any:
            return http.request(method, path).raise_for_status().json()

        yield Site(
            tmp_path, vault.address, vault.root_token, admin, capsys, monkeypatch
        )
    vault.stop()


def test_audit_devices_by_a_request(open_to_audit: Site) -> None:
    """Never a socket alone, and never one where nobody listens; a file first."""
    site = open_to_audit
    site.configure(TOKEN)
    site.set_up()
    path = site.directory / "audit.sock"
    socket_, file = ("--audit-socket", path), site.directory / "openbao-audit.log"

    def devices() -> list[str]:
        return sorted(site.admin("GET", "sys/audit")["data"])

    by_hand = site.set_up(*socket_)
    alone = site.set_up(*socket_, "--enable-audit")
    assert (by_hand.code, alone.code, devices()) == (2, 2, [])
    assert "no second audit device" in alone.out
    both = (*socket_, "--audit-file", file, "--enable-audit")
    deaf = site.set_up(*both)
    assert (deaf.code, devices()) == (2, ["file/"])
    assert "nothing listens there" in deaf.out
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(path))
        listener.listen()
        made = site.set_up(*both)
        assert (made.code, devices()) == (0, ["file/", "replicator/"])
        changes_nothing(site, *both)
        changes_nothing(site, *socket_)
    socket_device = site.admin("GET", "sys/audit")["data"]["replicator/"]
    assert socket_device["options"]["write_timeout"] == "1s"


def test_a_file_that_vault_cannot_open_stops_before_the_socket(
    open_to_audit: Site,
) -> None:
    """Vault's words are repeated."""
    site = open_to_audit
    site.configure(TOKEN)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        where = f"127.0.0.1:{listener.getsockname()[1]}"
        said = site.set_up(
            "--audit-socket", where, "--enable-audit", "--audit-file", os.devnull + "/x"
        )

    assert (said.code, said.out) == (1, "")
    assert "POST sys/audit/file: Vault answered 400" in said.err
    assert site.admin("GET", "sys/audit")["data"] == {}
