"""The configuration as it is in effect, for people to read: nothing secret in it.

What is shown is on a list. Of any other key, and so of each that is added one day, it
is only said whether it is set; of a file, where it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel

from receiver.settings import Settings

_FILES = ("_file", "_files")
#: What a reload changes; the rest stays as it was at the start.
_TAKEN_OVER = ("admin", "fingerprint", "log_level", "rules", "webhook")
_SHOWN = frozenset(
    (
        "address",
        "at_start",
        "description",
        "endpoint_url",
        "exclude",
        "format",
        "include",
        "interval",
        "key",
        "kind",
        "kms_key_id",
        "listen",
        "log_level",
        "max_delete_count",
        "max_delete_floor",
        "max_delete_percent",
        "method",
        "metrics",
        "mount",
        "name",
        "namespace",
        "on_delete",
        "opt_in",
        "path",
        "recovery_window_days",
        "region",
        "replica_regions",
        "role_arn",
        "scope",
        "source",
        "tags",
        "timeout",
        "tolerance",
        "v1_interval",
        "vault_reads_per_second",
        "versions_per_day",
        "workers",
        "writes_per_second",
    )
)


class Line(NamedTuple):
    """``key`` as in ``rules[0].target.name``."""

    key: str
    value: str


def effective(settings: Settings) -> list[Line]:
    """Every key in the order of the model. Durations are in seconds."""
    return list(_lines("", "", settings))


def reloaded(before: Settings, read: Settings) -> Settings:
    """What is in effect once ``read`` was read again over ``before``."""
    taken = {name: getattr(read, name) for name in _TAKEN_OVER}
    return before.model_copy(update=taken)


def _lines(where: str, name: str, value: object) -> Iterator[Line]:
    if isinstance(value, BaseModel):
        for field in type(value).model_fields:
            key = f"{where}.{field}" if where else field
            yield from _lines(key, field, getattr(value, field))
    elif models := _models(value):
        for number, each in enumerate(models):
            yield from _lines(f"{where}[{number}]", name, each)
    else:
        yield Line(where, _said(name, value))


def _models(value: object) -> Sequence[object]:
    """The members of a list that has structure of its own; of others nothing."""
    if not isinstance(value, tuple):
        return ()
    return value if any(isinstance(each, BaseModel) for each in value) else ()


def _said(name: str, value: object) -> str:
    if value is None or value in ((), {}, ""):
        return "never" if name == "interval" else "not set"
    if name.endswith(_FILES):
        files = value if isinstance(value, tuple) else (value,)
        return ", ".join(f"set (file {each})" for each in files)
    return _plain(value) if name in _SHOWN else "set"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={each}" for key, each in value.items())
    if type(value) is tuple:  # an address is one, too
        return ", ".join(map(_plain, value))
    return str(value)
