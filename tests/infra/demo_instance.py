"""The demo's EC2 instance below a directory: set up by the script that is shipped, and
started as its units say. Nothing here is systemd, EC2 or another user.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from infra.configuration import configuration
from receiver.demo.child import Child, free_port, isolated
from receiver.demo.emulator import ENVIRONMENT as EMULATED
from receiver.demo.emulator import REGION
from receiver.demo.openbao import binary
from tests.infra.cdk.deployments import config
from tests.infra.configurations import INFRA

SCRIPT = INFRA / "vault" / "instance" / "setup.sh"
CREDENTIALS = "run/credentials/openbao.service"
#: What infra/demo_vault.py writes; test_demo_vault.py sees to it that it does.
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": REGION,
    "BAO_API_ADDR": "https://vault.demo.internal:8200",
    "CA_PARAMETER": "/vault-replicator/demo-vault-ca",
    "INTERFACE": "eni-0123456789abcdef0",
    "RECEIVER_URL": "https://replicator.internal/v1/events",
    "SEAL_SECRET": "vault-replicator/demo-vault-seal",
    "SIGNING_SECRET": "vault-replicator/signing-key",
    "VAULT_HOST": "vault.demo.internal",
    "VAULT_SOURCE": "vault-demo",
    "VOLUME": "vol-0123456789abcdef0",
}
DEPLOYMENT = config(
    vault_address=ENVIRONMENT["BAO_API_ADDR"],
    vault_source=ENVIRONMENT["VAULT_SOURCE"],
    demo_vault=True,
)


class Instance:
    """``root`` is the root of its file system, ``said`` all that it printed."""

    def __init__(self, root: Path, *, aws_endpoint: str) -> None:
        self.root = root
        self.said = ""
        self.address = ""
        self._env = isolated(os.environ) | EMULATED | ENVIRONMENT
        self._env["AWS_ENDPOINT_URL"] = aws_endpoint
        self._child: Child | None = None
        (root / "etc/demo-vault").mkdir(parents=True)
        text = "".join(f'{name}="{value}"\n' for name, value in ENVIRONMENT.items())
        (root / "etc/demo-vault/environment").write_text(text)

    @property
    def ca(self) -> Path:
        return self.root / "var/lib/demo-vault/tls/ca.crt"

    @property
    def log(self) -> Path:
        return self.root / "openbao.log"

    def setup(self, *steps: str) -> None:
        """Some of the script's steps, below ``root``."""
        self._run("bash", SCRIPT, *steps, ROOT=self.root, APP=sys.prefix)

    def ask(self, module: str, *words: object) -> None:
        """``python -m`` one of ours."""
        self._run(sys.executable, "-m", module, *words, VAULT_CACERT=self.ca)

    def receiver(self, *words: object, **env: str) -> None:
        """``vault-replicator`` with the receiver's configuration, as the deployment
        writes it; the server's name is that of no host here, its address is."""
        text = configuration(DEPLOYMENT).with_ca(self.ca)
        file = self.root / "etc/demo-vault/replicator.yaml"
        file.write_text(text.replace(ENVIRONMENT["BAO_API_ADDR"], self.address))
        self._run(sys.executable, "-m", "receiver", *words, "--config", file, **env)

    def _run(self, *words: object, **env: object) -> None:
        more = {name: str(value) for name, value in env.items()}
        done = subprocess.run(
            [str(word) for word in words],
            capture_output=True,
            text=True,
            cwd=INFRA.parent,
            env=self._env | {"VAULT_ADDR": self.address} | more,
        )
        self.said += done.stdout + done.stderr
        assert done.returncode == 0, done.stderr

    def values(self, unit: str, key: str) -> list[str]:
        """What a unit's drop-in gives for ``key``."""
        file = self.root / f"etc/systemd/system/{unit}.service.d/demo.conf"
        pairs = (line.partition("=") for line in file.read_text().splitlines())
        return [value for found, _, value in pairs if found == key and value]

    def start(self) -> Child:
        """OpenBao, with the configuration, the variables and the copies of keys that
        its unit has, until it listens. Its places are below ``root``, its ports are
        free ones. Raises StartError."""
        credentials = self.root / CREDENTIALS
        credentials.mkdir(parents=True, exist_ok=True)
        for given in self.values("openbao", "LoadCredential"):
            name, _, source = given.partition(":")
            shutil.copy(self.root / source.lstrip("/"), credentials / name)
        env = dict(one.split("=") for one in self.values("openbao", "Environment"))
        for name, value in env.items():
            (self.root / value.lstrip("/")).mkdir(parents=True, exist_ok=True)
            env[name] = f"{self.root}{value}"
        (self.root / "var/log/openbao").mkdir(parents=True, exist_ok=True)
        child = Child(
            "OpenBao",
            [binary(), "server", f"-config={self._configuration()}"],
            log=self.log,
            env=self._env | env,
        )
        started = self._times_started()
        child.start()
        child.wait_ready(lambda: self._times_started() > started)
        return child

    def _times_started(self) -> int:
        said = self.log.read_text() if self.log.exists() else ""
        return said.count("OpenBao server started!")

    def _configuration(self) -> Path:
        port = free_port()
        self.address = f"https://127.0.0.1:{port}"
        here = self.root / "configuration"
        here.mkdir(exist_ok=True)
        for file in (self.root / "etc/openbao").glob("*.hcl"):
            text = file.read_text().replace("0.0.0.0:8200", f"127.0.0.1:{port}")
            text = text.replace("127.0.0.1:8201", f"127.0.0.1:{free_port()}")
            for place in ("/etc/", "/run/", "/var/"):
                text = text.replace(f'"{place}', f'"{self.root}{place}')
                text = text.replace(f"file://{place}", f"file://{self.root}{place}")
            (here / file.name).write_text(text)
        return here
