"""An audit file for every test, with its writer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.forwarder_files.vault_log import VaultLog


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where Vault writes. Nothing is there yet."""
    return tmp_path / "audit.log"


@pytest.fixture
def vault(path: Path) -> Iterator[VaultLog]:
    """A Vault that has just opened its audit file."""
    with closing(VaultLog(path)) as log:
        yield log
