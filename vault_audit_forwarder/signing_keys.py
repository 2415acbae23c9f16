"""The keys that sign what is sent, as the files hold them at this moment.

During a rotation two files are named and both sign. A file that cannot be used while
running never stops deliveries: the keys read before go on signing, and it is said
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import structlog

from vault_audit_forwarder.program.errors import SecretFileError
from vault_audit_forwarder.program.secret_files import SecretFile
from vault_audit_forwarder.signing import InvalidKey, Key, parse_key

log = structlog.get_logger(__name__)


class SigningKeys:
    """The current keys of some files. Two threads at once only read them twice."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Read every file. Raises SecretFileError."""
        self._files = [SecretFile(path) for path in paths]
        self._keys = tuple(_read(file) for file in self._files)
        self._complaint = ""

    def current(self) -> tuple[Key, ...]:
        """The keys to sign with now; at least one."""
        try:
            self._keys = tuple(_read(file) for file in self._files)
        except SecretFileError as error:
            if str(error) != self._complaint:
                log.error(
                    "a signing key cannot be read; the old one stays", error=error
                )
            self._complaint = str(error)
        else:
            self._complaint = ""
        return self._keys


def _read(file: SecretFile) -> Key:
    try:
        return parse_key(file.read())
    except InvalidKey as error:
        raise SecretFileError(
            f"{file.path}: {error}: `vault-replicator keys new` prints one"
        ) from None
