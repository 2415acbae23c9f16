"""The secrets that the receiver itself is given: signing keys, tokens, fingerprint.

Files are read again when they change. A file that has become wrong does not lock
everybody out: the last good content stays in use, and the fault is shown until the
file is right again. Nothing in here has a repr that says more than how many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Literal, TypeAlias, TypeVar

from receiver.settings import Settings
from vault_audit_forwarder.program.config_file import SecretFile, SecretFileError
from vault_audit_forwarder.signing import InvalidKey, Key, parse_key

Scope: TypeAlias = Literal["read", "sync", "admin"]
_T = TypeVar("_T")

_MIN_FINGERPRINT_KEY = 32


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and what it allows; each scope includes the ones before it."""

    name: str
    scope: Scope
    secret: str = field(repr=False)


class Keyring:
    """What the files of one configuration hold now. Safe to use from many threads."""

    def __init__(self, settings: Settings) -> None:
        """Read every file. Raises SecretFileError."""
        inline = [key.get_secret_value() for key in settings.webhook.signing_keys]
        self._inline = [parse_key(text) for text in inline]
        self._signing = [
            _Watched(path, _signing_key) for path in settings.webhook.signing_key_files
        ]
        self._fingerprint = [
            _Watched(path, _fingerprint_key) for path in settings.fingerprint.key_files
        ]
        self._tokens = [
            (token.name, token.scope, _Watched(token.token_file, _token))
            for token in settings.admin.tokens
        ]

    def __repr__(self) -> str:
        return f"Keyring({len(self._tokens)} tokens)"

    def signing_keys(self) -> Sequence[Key]:
        """The keys of which each may sign a webhook."""
        return [*self._inline, *(watched.current() for watched in self._signing)]

    def fingerprint_keys(self) -> Sequence[str]:
        """The keys of our version ids and seals; the first one signs."""
        return [watched.current() for watched in self._fingerprint]

    def tokens(self) -> Sequence[Token]:
        """The bearer tokens of the API."""
        return [
            Token(name, scope, watched.current())
            for name, scope, watched in self._tokens
        ]

    def faults(self) -> list[str]:
        """Files that have become unusable since they were read, and why."""
        faults = [watched.fault for watched in self._signing]
        faults += [watched.fault for watched in self._fingerprint]
        faults += [watched.fault for _, _, watched in self._tokens]
        return [fault for fault in faults if fault is not None]


class _Watched(Generic[_T]):
    """A secret file and what was last read from it in good order."""

    def __init__(self, path: Path, parse: Callable[[str, Path], _T]) -> None:
        self._file = SecretFile(path)
        self._parse = parse
        self._value = parse(self._file.read(), path)
        self.fault: str | None = None

    def current(self) -> _T:
        """The content of the file, or of the last one that was in order."""
        try:
            if self._file.changed() or self.fault is not None:
                self._value = self._parse(self._file.read(), self._file.path)
            self.fault = None
        except SecretFileError as error:
            self.fault = str(error)
        return self._value


def _signing_key(text: str, path: Path) -> Key:
    try:
        return parse_key(text)
    except InvalidKey as error:
        raise SecretFileError(f"{path}: {error}: make one with keys new") from None


def _fingerprint_key(text: str, path: Path) -> str:
    if len(text) < _MIN_FINGERPRINT_KEY:
        raise SecretFileError(
            f"{path}: a fingerprint key has {_MIN_FINGERPRINT_KEY} characters or more"
        )
    return text


def _token(text: str, path: Path) -> str:
    # Two lines are a mistake, and a header can hold neither them nor spaces.
    if not text.isascii() or not text.isprintable() or " " in text:
        raise SecretFileError(f"{path}: a token is one line of ASCII without spaces")
    return text
