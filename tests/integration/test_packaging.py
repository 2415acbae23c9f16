"""What is shipped: two packages, and commands that start from the wheel alone."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

_ROOT = Path(__file__).parents[2]


def test_the_wheel_holds_the_two_packages_alone(tmp_path: Path) -> None:
    """Neither tests nor infrastructure, but the typing marker and the licence."""
    build = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)]
    subprocess.run(
        [sys.executable, *build, str(_ROOT)], check=True, capture_output=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entry_points = next(name for name in names if name.endswith("entry_points.txt"))
        scripts = archive.read(entry_points).decode()

    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"receiver", "vault_audit_forwarder"}
    assert "receiver/py.typed" in names
    for kind in ("templates/home.html", "static/page.css", "static/page.js"):
        assert f"receiver/web/page/{kind}" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    for script in (
        "vault-audit-forwarder",
        "vault-replicator",
        "vault-secrets-replicator",
    ):
        assert f"{script} = " in scripts
