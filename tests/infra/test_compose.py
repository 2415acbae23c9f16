"""The local try: services that find one another, and configurations that fit them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.infra.configurations import INFRA, forwarder_settings, receiver_settings
from tests.infra.dockerfile import stages

TRY = INFRA / "docker" / "try"
OURS = ("forwarder", "receiver")


@pytest.fixture
def compose() -> dict[str, Any]:
    text = (TRY / "compose.yaml").read_text()
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def mounted(service: dict[str, Any]) -> dict[str, str]:
    """By path in the container, what is mounted there."""
    pairs = (one.split(":") for one in service["volumes"])
    return {parts[1]: parts[0] for parts in pairs}


def is_mounted(path: Path, service: dict[str, Any]) -> bool:
    return any(path.is_relative_to(one) for one in mounted(service))


def test_what_is_mounted_exists(compose: dict[str, Any]) -> None:
    """Files lie beside the compose file, volumes are declared."""
    for service in compose["services"].values():
        for source in mounted(service).values() if "volumes" in service else ():
            known = (
                (TRY / source).is_file()
                if source.startswith(".")
                else source in compose["volumes"]
            )
            assert known, source


@pytest.mark.parametrize("name", OURS)
def test_each_program_is_its_stage_of_the_dockerfile(
    compose: dict[str, Any], name: str
) -> None:
    """Built from the repository's root, with the configuration where CMD looks."""
    service = compose["services"][name]
    build = service["build"]
    root = (TRY / build["context"]).resolve()
    assert (root / build["dockerfile"]).is_file()
    stage = stages()[build["target"]]
    config = yaml.safe_load(stage.last("CMD"))[-1]
    assert config in mounted(service)


@pytest.mark.parametrize("name", OURS)
def test_each_program_is_locked_in(compose: dict[str, Any], name: str) -> None:
    """As in production: no capability, and nothing to write to but its own volumes."""
    service = compose["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_no_port_is_open_to_the_network(compose: dict[str, Any]) -> None:
    """A try with a known root token is for this machine alone."""
    for service in compose["services"].values():
        assert all(one.startswith("127.0.0.1:") for one in service.get("ports", ()))


def test_the_forwarder_reaches_the_receiver_and_openbao_the_forwarder(
    compose: dict[str, Any],
) -> None:
    """By the service's name and port, and by a socket on a volume of both."""
    services = compose["services"]
    forwarder = forwarder_settings(TRY / "forwarder.yaml")
    receiver = receiver_settings(TRY / "replicator.yaml")

    posting = urlsplit(forwarder.receiver.url)
    assert (posting.hostname, posting.port) == ("receiver", receiver.listen.port)
    assert forwarder.source == receiver.vault.source
    (listener,) = forwarder.listen
    where = str(Path(listener.model_dump()["unix"]).parent)
    assert mounted(services["forwarder"])[where] == mounted(services["openbao"])[where]
    group = services["openbao"]["user"].split(":")[1]
    assert group == stages()["forwarder"].last("USER").split(":")[1]


def test_the_receiver_reaches_openbao_and_aws(compose: dict[str, Any]) -> None:
    """By the services' names; the token is the one that OpenBao starts with."""
    services = compose["services"]
    receiver = receiver_settings(TRY / "replicator.yaml")

    assert urlsplit(receiver.vault.address).hostname in services
    assert urlsplit(receiver.aws.endpoint_url or "").hostname in services
    token = services["openbao"]["environment"]["BAO_DEV_ROOT_TOKEN_ID"]
    assert f"echo {token} > vault-token" in services["keys"]["command"][0]


def test_each_program_finds_all_that_it_names(compose: dict[str, Any]) -> None:
    """Every key is one that is made, and spool and state are on volumes."""
    forwarder = forwarder_settings(TRY / "forwarder.yaml")
    receiver = receiver_settings(TRY / "replicator.yaml")
    made = compose["services"]["keys"]["command"][0]

    for name, files in {
        "forwarder": [*forwarder.receiver.signing_key_file, forwarder.spool.path],
        "receiver": [
            *receiver.webhook.signing_key_files,
            *receiver.fingerprint.key_files,
            *(one.token_file for one in receiver.admin.tokens),
            receiver.queue.path,
        ],
    }.items():
        for file in files:
            assert is_mounted(file, compose["services"][name]), file
            assert file.parent != Path("/keys") or f"> {file.name}" in made
