"""What notifications keep in files: secret addresses, read again when they change, and
what was told.

What was told lies beside the state file, is replaced as a whole, and holds summaries,
names of secrets and times. Losing it means that what is still wrong is told once more.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
import structlog

from receiver.core.notify.telling import Told
from receiver.notifying import NotSent
from vault_audit_forwarder.program.config_file import SecretFile, SecretFileError
from vault_audit_forwarder.program.private_files import make_private

log = structlog.stdlib.get_logger(__name__)


class SecretText:
    """What a secret file holds now."""

    def __init__(self, path: Path) -> None:
        """Read it once. Raises SecretFileError."""
        self._file = SecretFile(path)
        self._file.read()

    def __repr__(self) -> str:
        return f"SecretText({str(self._file.path)!r})"

    def current(self) -> str:
        """Raises NotSent."""
        try:
            return self._file.read()
        except SecretFileError as error:
            raise NotSent(str(error)) from error


class ToldFile:
    """The port ``Memory`` on a JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Mapping[str, Told]:
        """As it was saved; empty when there is nothing, or nothing readable."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Told])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            log.warning("what was told is not known any more", error=error)
            return {}

    def save(self, told: Mapping[str, Told]) -> None:
        """Replace it as a whole."""
        fresh = self._path.with_name(self._path.name + ".new")
        try:
            make_private(fresh)
            fresh.write_bytes(msgspec.json.encode(told))
            os.replace(fresh, self._path)
        except OSError as error:
            log.warning("what was told cannot be kept", error=error)
