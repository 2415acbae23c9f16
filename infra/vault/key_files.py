"""Where the shares and the first token are kept: a file each, for their owner alone.

The server tells them once. So every file is there, empty and with room on the disk,
*before* the server is asked: what could keep a key from being written is found while
there is none. A file that exists is never written to.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from vault_audit_forwarder.program.errors import CommandError

ROOT_TOKEN = "root-token"  # noqa: S105  # the name of a file
_SHARES = {False: "unseal-share", True: "recovery-share"}
#: More than any key takes. Blank lines, so that who reads one finds it empty.
_ROOM = b"\n" * 512


class KeyFiles:
    """A directory of mode 0700 with files of mode 0600."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def shares(self, *, recovery: bool) -> list[Path]:
        """The files of shares that are there, in order."""
        found = self.directory.glob(f"{_SHARES[recovery]}-*")
        return sorted(found, key=lambda file: (len(file.name), file.name))

    @property
    def root_token(self) -> Path:
        return self.directory / ROOT_TOKEN

    def check(self, *, recovery: bool, threshold: int) -> None:
        """That enough shares are there. Raises CommandError."""
        count = sum(map(_is_filled, self.shares(recovery=recovery)))
        if count < threshold:
            raise CommandError(
                f"the server is initialized, and in {self.directory} are {count} of "
                f"the {threshold} shares it takes: if they were given away, all is "
                "done; else name the directory that has them, for without them only a "
                "server with empty storage starts anew"
            )

    @contextmanager
    def reserved(self, *, recovery: bool, shares: int) -> Iterator[Reserved]:
        """Files for this many shares and a token. Raises CommandError, with nothing
        left behind; the same when the block fails before they are filled."""
        names = [f"{_SHARES[recovery]}-{n}" for n in range(1, shares + 1)]
        self._make_directory()
        files = Reserved()
        try:
            for name in [*names, ROOT_TOKEN]:
                files.add(self.directory / name)
            _sync(self.directory)
            yield files
        except OSError as error:
            raise CommandError(f"{error.filename}: {_reason(error)}") from error
        finally:
            files.close()

    def _make_directory(self) -> None:
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            mode = stat.S_IMODE(self.directory.stat().st_mode)
        except OSError as error:
            raise CommandError(
                f"{self.directory}: cannot be made ({error.strerror})"
            ) from error
        if mode & 0o077:
            raise CommandError(
                f"{self.directory}: others may look into it (mode {mode:04o}): "
                "chmod 0700, or name a directory that is yours alone"
            )


class Reserved:
    """Open files with room for a key each; removed when there was never a key."""

    def __init__(self) -> None:
        self._empty: dict[Path, int] = {}

    def add(self, file: Path) -> None:
        """Raises OSError."""
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._empty[file] = handle
        try:
            _write(handle, _ROOM)
        except OSError as error:
            error.filename = file
            raise

    def fill(self, keys: Sequence[str]) -> None:
        """In the order of the names, the token last. Every file is tried, for no other
        copy is left. Raises CommandError that names those that failed."""
        files, self._empty = self._empty, {}
        failed: dict[Path, str] = {}
        for (file, handle), key in zip(files.items(), keys, strict=True):
            try:
                _write(handle, f"{key}\n".encode())
            except OSError as error:
                failed[file] = error.strerror or type(error).__name__
            os.close(handle)
        if failed:
            raise CommandError(_lost(failed))

    def close(self) -> None:
        for file, handle in self._empty.items():
            os.close(handle)
            file.unlink(missing_ok=True)
        self._empty.clear()


def _is_filled(file: Path) -> bool:
    return 0 < file.stat().st_size < len(_ROOM)


def _write(handle: int, text: bytes) -> None:
    """Into the room that is there, and down to the disk."""
    if os.pwrite(handle, text, 0) != len(text):
        raise OSError(0, "the disk took only a part")
    os.truncate(handle, len(text))
    os.fsync(handle)


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reason(error: OSError) -> str:
    if isinstance(error, FileExistsError):
        return (
            "exists already, and is not written to: the server is not initialized, so "
            "it belongs to another one, or to an attempt that was cut short; move it "
            "away, or name another directory"
        )
    return f"cannot be written ({error.strerror}): nothing was asked of the server"


def _lost(failed: Mapping[Path, str]) -> str:
    files = ", ".join(f"{file} ({reason})" for file, reason in failed.items())
    return (
        f"the server is initialized, and could not be written: {files}. The other "
        "files are complete; if too few shares are left, empty the server's storage "
        "and start anew"
    )
