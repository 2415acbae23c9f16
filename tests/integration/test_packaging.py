"""What is shipped: two packages with all their files, the same from a wheel and from a
source distribution. That they start by themselves is in tests/infra/test_image.py.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

_ROOT = Path(__file__).parents[2]
_PACKAGES = {"receiver", "vault_audit_forwarder"}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, and the wheel that is built from it alone."""
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out)]
    subprocess.run([*build, str(_ROOT)], check=True, capture_output=True)
    return out


@pytest.fixture(scope="module")
def wheel(shipped: Path) -> dict[str, bytes]:
    """What is in it, by path."""
    (file,) = shipped.glob("*.whl")
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _tracked(*folders: str) -> set[str]:
    """The files of the checkout that git knows."""
    listing = ["git", "-C", str(_ROOT), "ls-files", *folders]
    done = subprocess.run(listing, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    return set(done.stdout.splitlines())


def test_the_wheel_holds_the_two_packages_alone(wheel: dict[str, bytes]) -> None:
    """Neither tests nor infrastructure, but the licence, and all three commands."""
    tops = {name.split("/")[0] for name in wheel if ".dist-info/" not in name}
    assert tops == _PACKAGES
    assert any(name.endswith("licenses/LICENSE") for name in wheel)
    scripts = next(wheel[name] for name in wheel if name.endswith("entry_points.txt"))
    for script in (
        "vault-audit-forwarder",
        "vault-replicator",
        "vault-secrets-replicator",
    ):
        assert f"{script} = " in scripts.decode()


def test_the_wheel_holds_every_file_of_the_packages(wheel: dict[str, bytes]) -> None:
    """Markers for types, and whatever else the code reads beside itself."""
    packaged = {name for name in wheel if ".dist-info/" not in name}
    tracked = _tracked(*_PACKAGES)
    assert tracked <= packaged
    assert "receiver/py.typed" in packaged


def test_the_sources_hold_what_is_needed_to_build_test_and_deploy(
    shipped: Path,
) -> None:
    """Every file of the repository but those about the repository itself."""
    (file,) = shipped.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        names = {one.partition("/")[2] for one in archive.getnames()}
    left_out = {".ci/run"}
    assert _tracked() - left_out <= names
