"""The receiver over https, and with certificates of both sides."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from receiver.demo.child import Child, free_port
from receiver.demo.programs import (
    Keys,
    Program,
    receiver_program,
    replicator_document,
    write_secret,
)
from tests.acceptance.scene import rule, wait_until
from tests.certificates import issue


class Secured:
    """A receiver with TLS whose Vault and AWS are away, which it does not mind."""

    def __init__(self, directory: Path, *, client_ca: Path | None = None) -> None:
        self.port = free_port()
        self.certificate, key = issue(directory, "server")
        keys = Keys()
        keys.write(directory)
        write_secret(directory / "vault.token", "s.none")
        nowhere = "http://127.0.0.1:9"
        document = replicator_document(
            port=self.port, source="v", vault=nowhere, aws=nowhere, rules=[rule("kv")]
        )
        tls = {"cert_file": str(self.certificate), "key_file": str(key)}
        if client_ca:
            tls["client_ca_file"] = str(client_ca)
        document["tls"] = tls
        program: Program = receiver_program(directory, document, port=self.port)
        self.child: Child = program.child
        self.child.start()

    def get(self, *, certificate: tuple[Path, Path] | None = None) -> int:
        """The status of a probe over https."""
        context = ssl.create_default_context(cafile=self.certificate)
        if certificate:
            context.load_cert_chain(*certificate)
        url = f"https://127.0.0.1:{self.port}/healthz"
        return httpx.get(url, verify=context, trust_env=False).status_code

    def answers(self, *, certificate: tuple[Path, Path] | None = None) -> bool:
        try:
            return self.get(certificate=certificate) == 200
        except httpx.TransportError:
            return False


@pytest.fixture
def server_only(tmp_path: Path) -> Iterator[Secured]:
    secured = Secured(tmp_path)
    yield secured
    secured.child.stop(patience=30.0)


@pytest.fixture
def client(tmp_path: Path) -> tuple[Path, Path]:
    return issue(tmp_path, "client")


@pytest.fixture
def mutual(tmp_path: Path, client: tuple[Path, Path]) -> Iterator[Secured]:
    secured = Secured(tmp_path, client_ca=client[0])
    yield secured
    secured.child.stop(patience=30.0)


def test_https_is_served_with_the_configured_certificate(server_only: Secured) -> None:
    """And plain http is not."""
    wait_until(server_only.answers, "https answers")

    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{server_only.port}/healthz", trust_env=False)


def test_with_a_client_ca_strangers_are_turned_away(
    mutual: Secured, client: tuple[Path, Path], tmp_path: Path
) -> None:
    """Only a certificate that it signed is let in."""
    wait_until(lambda: mutual.answers(certificate=client), "https answers")

    with pytest.raises(httpx.TransportError):
        mutual.get()
    with pytest.raises(httpx.TransportError):
        mutual.get(certificate=issue(tmp_path, "stranger"))
