"""Manifests as kubectl sends them, and the charts' pods with our values in them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.configurations import INFRA

KUBERNETES = INFRA / "kubernetes"
CHARTS = ("vault", "openbao")
Manifest = dict[str, Any]


def applied(directory: Path) -> dict[str, Manifest]:
    """By kind, what ``kubectl apply -k`` of the directory sends."""
    if shutil.which("kubectl") is None:
        pytest.skip("no kubectl here")
    text = subprocess.check_output(["kubectl", "kustomize", directory], text=True)
    return {one["kind"]: one for one in yaml.safe_load_all(text)}


def values(chart: str) -> Manifest:
    """What the chart takes below ``server``."""
    text = (KUBERNETES / "forwarder" / f"values-{chart}.yaml").read_text()
    server: Manifest = yaml.safe_load(text)["server"]
    return server


def charted(chart: str) -> Manifest:
    """The chart's StatefulSet: its parts that matter, with our values put in.

    Both charts copy these values into the pod word by word, run it as user 100 with
    group 1000, and name the volume of ``auditStorage`` audit.
    """
    server = values(chart)
    main = {
        "name": chart,
        "image": chart,
        "volumeMounts": [
            {"name": "audit", "mountPath": f"/{chart}/audit"},
            *server["volumeMounts"],
        ],
    }
    pod = {
        "securityContext": {"runAsUser": 100, "runAsGroup": 1000, "fsGroup": 1000},
        "initContainers": server["extraInitContainers"],
        "containers": [main],
        "volumes": server["volumes"],
    }
    claim = {
        "metadata": {"name": "audit"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": server["auditStorage"]["size"]}},
        },
    }
    labels = {"app.kubernetes.io/name": chart}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": chart},
        "spec": {
            "serviceName": chart,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
            "volumeClaimTemplates": [claim],
        },
    }


def mounts(container: Manifest) -> dict[str, str]:
    """By path, the name of what is mounted there."""
    return {one["mountPath"]: one["name"] for one in container["volumeMounts"]}


def is_mounted(path: Path, container: Manifest) -> bool:
    """Whether the file lies in something that is mounted into the container."""
    return any(path.is_relative_to(one) for one in mounts(container))
