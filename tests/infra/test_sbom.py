"""``make sbom``: what each image has inside, for those who ask."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.infra.dockerfile import ROOT

pytestmark = pytest.mark.integration

PROGRAMS = ("forwarder", "receiver")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the command has put them."""
    directory = tmp_path_factory.mktemp("dist")
    command = ["make", "--silent", "sbom", f"DIST={directory}"]
    subprocess.run(command, check=True, cwd=ROOT)
    return directory


def locked(name: str) -> dict[str, set[str]]:
    """By ``name==version``, the hashes in the list."""
    text = (ROOT / "requirements" / f"{name}.lock").read_text().replace("\\\n", " ")
    return {
        line.split()[0]: set(re.findall(r"--hash=sha256:(\w+)", line))
        for line in text.splitlines()
    }


def listed(component: dict[str, Any]) -> set[str]:
    return {
        one["content"]
        for reference in component["externalReferences"]
        for one in reference["hashes"]
    }


def test_it_is_valid(made: Path) -> None:
    """By the strict schema of CycloneDX 1.6. The command itself looks at both."""
    text = (made / "forwarder.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_lists_what_is_installed(made: Path, name: str) -> None:
    """Every package of the image's list, in its version, with its hashes; and us."""
    document = json.loads((made / f"{name}.cdx.json").read_text())
    found = {
        f"{one['name']}=={one['version']}": listed(one)
        for one in document["components"]
    }

    assert found == locked(name)
    assert document["metadata"]["component"]["name"] == "vault-secrets-replicator"
