"""The spool and the state database belong to one user and one process."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from vault_audit_forwarder.program.private_files import FileLock, InUse, make_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_missing_directories_and_the_file_are_private(tmp_path: Path) -> None:
    """0700 for every directory made, 0600 for the file."""
    path = tmp_path / "a" / "b" / "spool.db"
    make_private(path)

    assert [mode(one) for one in (path, path.parent, path.parent.parent)] == [
        0o600,
        0o700,
        0o700,
    ]


def test_what_exists_keeps_its_mode_and_content(tmp_path: Path) -> None:
    """An operator's choice is not overruled."""
    tmp_path.chmod(0o750)
    path = tmp_path / "spool.db"
    path.write_text("x")
    path.chmod(0o640)
    make_private(path)

    assert (mode(path), mode(tmp_path), path.read_text()) == (0o640, 0o750, "x")


def test_a_lock_is_for_one_at_a_time(tmp_path: Path) -> None:
    """The second is refused until the first lets go."""
    path = tmp_path / "spool.db"
    first = FileLock(path)
    with pytest.raises(InUse):
        FileLock(path)
    first.release()

    FileLock(path).release()
