"""A configuration file becomes a checked, immutable model, or every reason why not.

Each problem reads ``FILE:LINE:COLUMN: where.in[0].document: what is wrong``, all of
them are reported at once, and none repeats a value: a configuration holds tokens.
The rest of what a program needs for its configuration is offered here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from vault_audit_forwarder.program.config_problems import explain
from vault_audit_forwarder.program.config_schema import json_schema
from vault_audit_forwarder.program.config_types import (
    DIRECTORY,
    ConfigModel,
    ConfigPath,
    Duration,
    FileMode,
    HostPort,
    Listen,
    NotYet,
    PositiveDuration,
    parse_duration,
)
from vault_audit_forwarder.program.errors import ConfigError, SecretFileError
from vault_audit_forwarder.program.secret_files import SecretFile, read_secret_file
from vault_audit_forwarder.program.yaml_document import InvalidDocument, Problem, parse

__all__ = [
    "load",
    "ConfigError",
    "json_schema",
    "ConfigModel",
    "ConfigPath",
    "Duration",
    "FileMode",
    "HostPort",
    "Listen",
    "NotYet",
    "PositiveDuration",
    "parse_duration",
    "SecretFile",
    "SecretFileError",
    "read_secret_file",
]

Model = TypeVar("Model", bound=BaseModel)


def load(path: Path, model: type[Model], *, env: Mapping[str, str]) -> Model:
    """Read and check a file. ``env`` is what ``${NAME}`` looks into.

    Raises ConfigError, also when the file cannot be read.
    """
    text = _read(path)
    try:
        document = parse(text, env)
    except InvalidDocument as invalid:
        raise _error(path, invalid.problems) from None
    context = {DIRECTORY: path.absolute().parent}
    try:
        return model.model_validate(document.data, context=context)
    except ValidationError as error:
        # "from None": the cause would carry the rejected input into a traceback.
        raise _error(path, explain(error, document, model)) from None


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError([f"{path}:1:1: is not text (UTF-8)"]) from None
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read ({error.strerror})"]) from None


def _error(path: Path, problems: Sequence[Problem]) -> ConfigError:
    return ConfigError([f"{path}:{problem}" for problem in problems])
