"""Types for the fields of a configuration model.

Each accepts what stands in the YAML file (text, after ``${ENV}`` expansion) and
gives the value the program works with. No message ever repeats the text it refuses:
it may be a secret that slipped into the wrong line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

#: Key of the validation context under which the configuration's directory travels.
DIRECTORY = "directory"


class ConfigModel(BaseModel):
    """A mapping in a configuration file: immutable, and strict about its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(value: object) -> float:
    """``500ms 30s 5m 6h 7d``, or a bare 0, as seconds. Raises ValueError."""
    text = value if isinstance(value, str) else str(value)
    if text == "0":
        return 0.0
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("must be a duration with its unit: 500ms, 30s, 5m, 6h or 7d")
    return float(match[1]) * _SECONDS[match[2]]


def _duration(value: object) -> object:
    # A float is a default written in the model; bool and int come from YAML.
    return value if isinstance(value, float) else parse_duration(value)


#: Seconds as a float.
Duration = Annotated[
    float,
    BeforeValidator(_duration),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\d+(\.\d+)?(ms|s|m|h|d)$"},
                {"const": 0},
            ]
        }
    ),
]


def _positive(value: float) -> float:
    if value <= 0:
        raise ValueError("must be longer than nothing")
    return value


#: Seconds as a float, never 0.
PositiveDuration = Annotated[Duration, AfterValidator(_positive)]


class HostPort(NamedTuple):
    """Where to listen. An IPv6 host carries no brackets here."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


_HOST_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s:/\[\]]+)):(\d{1,5})")


def parse_host_port(value: object) -> HostPort:
    """``127.0.0.1:9090``, ``localhost:9090`` or ``[::]:9090``. Raises ValueError."""
    if isinstance(value, HostPort):
        return value
    match = _HOST_PORT.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[3]) > 65535:
        raise ValueError("must be HOST:PORT, as in 127.0.0.1:9090 or [::]:9090")
    return HostPort(match[1] or match[2], int(match[3]))


Listen = Annotated[
    HostPort,
    BeforeValidator(parse_host_port),
    WithJsonSchema({"type": "string", "pattern": r"^.+:\d{1,5}$"}),
]


def _file_mode(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"0?[0-7]{3}", value):
        return int(value, 8)
    raise ValueError('must be a file mode written as text: quote it, as in "0660"')


#: Permission bits, from text: YAML reads a bare 0660 as the number 432.
FileMode = Annotated[
    int,
    BeforeValidator(_file_mode),
    WithJsonSchema({"type": "string", "pattern": "^0?[0-7]{3}$"}),
]


def _resolve(value: Path, info: ValidationInfo) -> Path:
    if value == Path():
        raise ValueError("must not be empty")
    context = info.context or {}
    return Path(context.get(DIRECTORY, "."), value)


#: A path; a relative one is relative to the directory of the configuration file.
ConfigPath = Annotated[Path, AfterValidator(_resolve)]


@dataclass(frozen=True)
class NotYet:
    """Marks a key that belongs to something not built: only its default is taken.

    ``role_arn: Annotated[str | None, NotYet(None)] = None``
    """

    default: Any = None

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Wrap the field's own schema, whose complaints would mislead here."""
        return core_schema.no_info_wrap_validator_function(self._take, handler(source))

    def _take(self, value: object, inner: Callable[[object], object]) -> object:
        try:
            taken = inner(value)
        except ValidationError:
            taken = _UNREADABLE
        if taken != self.default:
            raise PydanticCustomError("not_yet", "is not available in this version")
        return taken


_UNREADABLE = object()
