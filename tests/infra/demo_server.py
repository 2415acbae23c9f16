"""The demo's OpenBao with the configuration that is shipped, in a directory of its own,
and what is done to it on the command line.
"""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from receiver.demo.child import Child, free_port, isolated
from receiver.demo.openbao import binary
from tests.certificates import issue
from tests.infra.configurations import INFRA

VAULT = INFRA / "vault"
#: Where the unit and the configuration put things.
PLACES = {
    "/etc/openbao": "etc",
    "/run/credentials/openbao.service": "credentials",
    "/run/vault-audit-forwarder": "run",
    "/var/lib/openbao": "data",
    "/var/log/openbao": "log",
}


class DemoServer:
    """One node. Everything that it writes is below ``directory``."""

    def __init__(self, directory: Path, *, more: str = "") -> None:
        """``more`` is another file of its configuration."""
        self.directory = directory
        for place in PLACES.values():
            (directory / place).mkdir()
        self.certificate, key = issue(directory / "etc", "tls")
        self.certificate.rename(directory / "etc" / "tls.crt")
        self.certificate = directory / "etc" / "tls.crt"
        key.rename(directory / "credentials" / "tls.key")
        port, plain = free_port(), free_port()
        self.address = f"https://127.0.0.1:{port}"
        #: For what stands in between and has to understand what it hears.
        self.plain_address = f"http://127.0.0.1:{plain}"
        text = (VAULT / "openbao.hcl").read_text()
        text = text.replace("0.0.0.0:8200", f"127.0.0.1:{port}")
        text = text.replace("127.0.0.1:8201", f"127.0.0.1:{free_port()}")
        (directory / "etc" / "openbao.hcl").write_text(self.here(text))
        more += f'listener "tcp" {{\n  address = "127.0.0.1:{plain}"\n'
        more += "  tls_disable = true\n}\n"
        (directory / "etc" / "more.hcl").write_text(self.here(more))
        #: Where systemd would hear from it.
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notices.bind(str(directory / "notices"))
        self.notices.settimeout(10.0)
        self.child = Child(
            "OpenBao",
            [binary(), "server", f"-config={directory / 'etc'}", "-log-level=trace"],
            log=directory / "openbao.log",
            env=isolated(os.environ) | {"NOTIFY_SOCKET": str(directory / "notices")},
        )

    def here(self, text: str) -> str:
        """With the places of an installation below this directory."""
        for place, name in PLACES.items():
            text = text.replace(place, str(self.directory / name))
        return text

    def start(self) -> None:
        """Until it answers. Raises StartError."""
        self.child.start()
        with self.client() as client:
            self.child.wait_ready(lambda: answers(client, "sys/seal-status"))

    def stop(self) -> None:
        self.child.stop(patience=5.0)

    def close(self) -> None:
        """It is not started any more."""
        self.stop()
        self.notices.close()

    def client(self, token: str = "") -> httpx.Client:
        """Closed by its owner."""
        return httpx.Client(
            base_url=f"{self.address}/v1/",
            headers={"X-Vault-Token": token},
            verify=ssl.create_default_context(cafile=self.certificate),
            trust_env=False,
        )


def answers(client: httpx.Client, path: str) -> bool:
    """Whether it answers with 200."""
    try:
        return client.get(path).status_code == 200
    except httpx.TransportError:
        return False


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    code: int
    out: str
    err: str


class Commands:
    """``python -m infra.vault`` against one server; remembers all that was said."""

    def __init__(self, server: DemoServer, *, address: str = "") -> None:
        self.said = ""
        self._env = isolated(os.environ) | {
            "VAULT_ADDR": address or server.address,
            "VAULT_CACERT": str(server.certificate),
            "COLUMNS": "200",
        }

    def __call__(self, *words: object, **keywords: Any) -> Done:
        """The keywords are those of Popen."""
        started = self.start(*words, **keywords)
        out, err = started.communicate(timeout=60)
        self.said += out + err
        return Done(started.returncode, out, err)

    def start(self, *words: object, **keywords: Any) -> subprocess.Popen[str]:
        """One that is still running. Its owner waits for its end."""
        return subprocess.Popen(
            [sys.executable, "-m", "infra.vault", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=INFRA.parent,
            env=self._env,
            **keywords,
        )
