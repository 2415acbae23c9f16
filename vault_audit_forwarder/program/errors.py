"""Errors whose text is written for the person at the terminal.

A command that raises one ends with its text and exit code 1, without a traceback.

    CommandError
    ├── ConfigError        the configuration file
    └── SecretFileError    a file with a key or a token
"""

from __future__ import annotations

from collections.abc import Sequence


class CommandError(Exception):
    """The command cannot go on; the text says what, where and what to do.

    ``what`` is the text without ``details``, which a program may want apart: ``where``,
    ``why``, ``do``, ``cause``, ``field``.
    """

    def __init__(self, text: str, *, what: str = "", **details: str) -> None:
        super().__init__(text)
        self.what = what or text
        self.details = details


class ConfigError(CommandError):
    """The file cannot be used. ``problems`` are lines for the reader, in file order."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


class SecretFileError(CommandError):
    """A file with a secret cannot be used. The text never holds what is in it."""
