"""Keys and tokens that live in files of their own.

A trailing newline is no part of a secret. Errors name the path, the reason and what
to do; what the file holds is in none of them.
"""

from __future__ import annotations

import os
from pathlib import Path

from vault_audit_forwarder.program.errors import SecretFileError


def read_secret_file(path: Path) -> str:
    """The text of the file without its trailing newline. Raises SecretFileError."""
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        raise SecretFileError(
            f"{path}: is not text (UTF-8): write the secret itself into it"
        ) from None
    except OSError as error:
        raise SecretFileError(f"{path}: {_reason(error)}") from error
    text = text.rstrip("\r\n")
    if not text.strip():
        raise SecretFileError(f"{path}: is empty: write the secret into it")
    return text


class SecretFile:
    """A secret file that is read again when it was changed or replaced.

    Not only the time counts: a file swapped by rename within one tick of the file
    system's clock has another inode.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int, int] | None = None
        self._text = ""

    def __repr__(self) -> str:
        return f"SecretFile({str(self.path)!r})"

    def changed(self) -> bool:
        """Whether :meth:`read` would look at the file. Raises SecretFileError."""
        return self._look() != self._stamp

    def read(self) -> str:
        """The current secret. Raises SecretFileError; the next call looks again."""
        stamp = self._look()
        if stamp != self._stamp:
            # A write after this look changes the stamp, and so is read next time.
            self._text = read_secret_file(self.path)
            self._stamp = stamp
        return self._text

    def _look(self) -> tuple[int, int, int]:
        try:
            status = os.stat(self.path)
        except OSError as error:
            raise SecretFileError(f"{self.path}: {_reason(error)}") from error
        return status.st_mtime_ns, status.st_ino, status.st_size


def _reason(error: OSError) -> str:
    todo = {
        FileNotFoundError: "create it, or correct the path in the configuration",
        PermissionError: "let the user that runs this program read it",
        IsADirectoryError: "give the path of a file",
    }.get(type(error), "make it readable")
    return f"cannot be read ({error.strerror}): {todo}"
