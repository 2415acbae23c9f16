"""Manifests and charts' values: valid, tight, and one with the configurations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from tests.infra.configurations import forwarder_settings, receiver_settings
from tests.infra.kubernetes import (
    CHARTS,
    KUBERNETES,
    Manifest,
    applied,
    charted,
    is_mounted,
    mounts,
    values,
)
from vault_audit_forwarder.settings import UnixListener

OLDEST, NEWEST = "1.29", "1.37"
FORWARDER = KUBERNETES / "forwarder" / "forwarder.yaml"
RECEIVER = KUBERNETES / "receiver" / "replicator.yaml"


def valid(manifest: Manifest) -> None:
    """Raises ValidationError for a key that Kubernetes does not know."""
    for version in (OLDEST, NEWEST):
        kubernetes_validate.validate(manifest, version, strict=True)


def sidecar(chart: str) -> Manifest:
    (found,) = charted(chart)["spec"]["template"]["spec"]["initContainers"]
    return dict(found)


@pytest.fixture
def receiver() -> dict[str, Manifest]:
    return applied(KUBERNETES / "receiver")


def test_kubernetes_knows_every_key_of_the_receiver(
    receiver: dict[str, Manifest],
) -> None:
    """All manifests, in the oldest and the newest version that they are meant for."""
    for manifest in receiver.values():
        valid(manifest)


@pytest.mark.parametrize("chart", CHARTS)
def test_kubernetes_knows_every_key_of_a_charts_pod(chart: str) -> None:
    """The pod of each chart with our values in it, and its network policy."""
    valid(charted(chart))
    policy = {"podSelector": {}, "ingress": values(chart)["networkPolicy"]["ingress"]}
    valid(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": chart},
            "spec": policy,
        }
    )


@pytest.mark.parametrize("chart", CHARTS)
def test_vault_waits_for_the_socket_and_for_nothing_else(chart: str) -> None:
    """A native sidecar that has to listen first, and then never counts again."""
    container = sidecar(chart)
    assert container["restartPolicy"] == "Always"
    assert container["startupProbe"]["httpGet"]["path"] == "/healthz"
    assert not {"livenessProbe", "readinessProbe"} & container.keys()


@pytest.mark.parametrize("chart", CHARTS)
def test_both_see_the_socket_in_the_same_place(chart: str) -> None:
    """The path is that of the configuration, in the forwarder and in Vault."""
    (listener,) = forwarder_settings(FORWARDER, POD_NAME="vault-0").listen
    assert isinstance(listener, UnixListener)
    where = str(listener.unix.parent)
    (vault,) = charted(chart)["spec"]["template"]["spec"]["containers"]
    assert mounts(sidecar(chart))[where] == mounts(vault)[where] == "audit-socket"
    text = (FORWARDER.parent / f"values-{chart}.yaml").read_text()
    assert str(listener.unix) in text


@pytest.mark.parametrize("chart", CHARTS)
def test_the_forwarder_finds_all_that_it_names(chart: str) -> None:
    """Keys, certificates and configuration; its spool outlives the pod."""
    settings = forwarder_settings(FORWARDER, POD_NAME="vault-0")
    container = sidecar(chart)

    ca = settings.receiver.ca_file
    assert ca is not None
    for file in (*settings.receiver.signing_key_file, ca):
        assert is_mounted(file, container)
    assert is_mounted(Path(container["args"][-1]), container)
    assert mounts(container)[str(settings.spool.path.parent)] == "audit"
    assert settings.metrics is not None
    assert settings.metrics.port == container["ports"][0]["containerPort"]


def test_the_forwarder_posts_to_the_receivers_service(
    receiver: dict[str, Manifest],
) -> None:
    """Host and port of the URL are those of the Service, the source is the same."""
    posting = forwarder_settings(FORWARDER, POD_NAME="vault-0")
    meta, spec = receiver["Service"]["metadata"], receiver["Service"]["spec"]
    port = spec["ports"][0]["port"]
    host = f"{meta['name']}.{meta['namespace']}.svc"
    assert posting.receiver.url == f"https://{host}:{port}/v1/events"
    assert posting.source == receiver_settings(RECEIVER).vault.source


def test_the_receiver_finds_all_that_it_names(receiver: dict[str, Manifest]) -> None:
    """Keys, certificates and token are mounted; its state is on the claimed volume."""
    settings = receiver_settings(RECEIVER)
    spec = receiver["StatefulSet"]["spec"]
    (container,) = spec["template"]["spec"]["containers"]

    for file in named_files(settings.model_dump()):
        assert is_mounted(file, container), file
    claimed = mounts(container)[str(settings.queue.path.parent)]
    assert [one["metadata"]["name"] for one in spec["volumeClaimTemplates"]] == [
        claimed
    ]
    assert settings.listen.port == container["ports"][0]["containerPort"]


def named_files(value: Any) -> list[Path]:
    """Every path of a configuration."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return [file for one in value for file in named_files(one)]
    return [value] if isinstance(value, Path) else []


def test_there_is_never_a_second_receiver(receiver: dict[str, Manifest]) -> None:
    """A StatefulSet of one replica, on a volume that one pod can use."""
    spec = receiver["StatefulSet"]["spec"]
    assert spec["replicas"] == 1
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]


def test_containers_may_do_nothing(receiver: dict[str, Manifest]) -> None:
    """No root, no capability, no write to the image, no token of the cluster's API."""
    pod = receiver["StatefulSet"]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in (*pod["containers"], *map(sidecar, CHARTS)):
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}


def test_only_vault_and_whoever_is_let_in_reach_the_receiver(
    receiver: dict[str, Manifest],
) -> None:
    """Both directions are policed, for the pods of the StatefulSet."""
    policy = receiver["NetworkPolicy"]["spec"]
    labels = receiver["StatefulSet"]["spec"]["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"] == labels
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert all(rule["from"] for rule in policy["ingress"])
    assert all(rule["to"] and rule["ports"] for rule in policy["egress"])
