"""The spool and the state database belong to one user and one process."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from vault_audit_forwarder.program.private_files import (
    FileLock,
    InUse,
    make_private,
    replace_private,
)


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


class TestReplacePrivate:
    def test_it_is_private_with_its_directories(self, tmp_path: Path) -> None:
        """A file that others could read is no longer."""
        new, old = tmp_path / "a" / "token", tmp_path / "old"
        old.write_text("before")
        old.chmod(0o644)
        for path in (new, old):
            replace_private(path, "secret")

            assert (path.read_text(), mode(path)) == ("secret", 0o600)
        assert mode(new.parent) == 0o700
        assert sorted(one.name for one in tmp_path.iterdir()) == ["a", "old"]

    def test_a_link_stays_a_link(self, tmp_path: Path) -> None:
        """What it points to is replaced."""
        real, link = tmp_path / "real", tmp_path / "link"
        real.write_text("before")
        link.symlink_to(real)
        replace_private(link, "after")

        assert link.is_symlink()
        assert real.read_text() == "after"

    def test_a_failure_leaves_what_was_there(self, tmp_path: Path) -> None:
        """And nothing beside it."""
        path = tmp_path / "token"
        path.mkdir()
        with pytest.raises(OSError, match="directory"):
            replace_private(path, "secret")

        assert [one.name for one in tmp_path.iterdir()] == ["token"]

    @pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
    def test_its_owner_keeps_it(self, tmp_path: Path) -> None:
        """Whoever runs the receiver can still read it."""
        path = tmp_path / "token"
        path.write_text("before")
        os.chown(path, 12345, 12345)
        replace_private(path, "after")

        assert (path.stat().st_uid, path.read_text()) == (12345, "after")
