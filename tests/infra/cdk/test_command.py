"""``cdk`` itself, as it is run in infra/: cdk.json, the app, and what it says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.infra.cdk.deployments import INFRA, REQUIRED
from tests.infra.configurations import receiver_settings

CDK = INFRA / "node_modules" / ".bin" / "cdk"

pytestmark = pytest.mark.skipif(
    not CDK.exists() or shutil.which("node") is None,
    reason="no cdk here: make infra/node_modules/.cdk installs it",
)


#: It asks nobody for news.
ALONE = {
    "CI": "1",
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "CDK_DISABLE_VERSION_CHECK": "1",
}
#: CDK's own code, unpacked; it takes seconds, and is the same for everybody.
UNPACKED = Path.home() / ".cache" / "aws" / "jsii" / "package-cache"


def cdk(
    home: Path, *arguments: str, **context: Any
) -> subprocess.CompletedProcess[str]:
    """Run by somebody who has no credentials."""
    given = [f"{key}={value}" for key, value in context.items()]
    env = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return subprocess.run(
        [
            CDK,
            "--no-notices",
            *arguments,
            *(word for one in given for word in ("--context", one)),
        ],
        cwd=INFRA,
        env={
            **env,
            **ALONE,
            "HOME": str(home),
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(UNPACKED),
            "PYTHON": sys.executable,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_what_is_missing_is_said_without_a_traceback(tmp_path: Path) -> None:
    done = cdk(tmp_path, "synth", "--quiet", "--output", str(tmp_path / "out"))

    assert done.returncode == 1
    assert "context: vault_address: is required" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stack_comes_of_the_keys_alone(tmp_path: Path) -> None:
    """No credentials, no network, no container engine; keys as a shell gives them."""
    out = tmp_path / "out"
    keys = {**REQUIRED, "scheduler": "true", "forwarder_cidrs": "[10.1.0.0/16]"}
    (ca := tmp_path / "ca.crt").write_text("a certificate")
    keys["vault_ca_file"] = str(ca)

    done = cdk(tmp_path, "synth", "--quiet", "--output", str(out), **keys)

    assert done.returncode == 0, done.stderr
    template = json.loads((out / "Replicator.template.json").read_text())
    kinds = {one["Type"] for one in template["Resources"].values()}
    assert "AWS::Scheduler::Schedule" in kinds
    left = receiver_settings(out / "replicator.yaml")
    assert left.vault.ca_file == ca, "as init-vault reads it, on this host"
    # Flags that are not decided on would be listed here.
    assert "feature flags are not configured" not in done.stderr
