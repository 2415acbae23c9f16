"""``forwarder.yaml`` as a model: the names, defaults and limits of every key.

Nothing here opens a file that the configuration names; what is wrong with those is
said by whoever uses them.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)

from vault_audit_forwarder.program.addresses import check_url, is_loopback, is_plain
from vault_audit_forwarder.program.config_file import (
    ConfigModel,
    ConfigPath,
    Duration,
    FileMode,
    Listen,
    PositiveDuration,
    json_schema,
    load,
)

#: Warnings that both `run` and `check` give.
PLAIN = "receiver.url is http:// on a network: events travel in clear; use https://"
EXPOSED = (
    "reachable from the network, where anybody may write: use loopback or a tunnel"
)


class UnixListener(ConfigModel):
    """``unix: PATH``; the directory must exist, ``group`` may connect too."""

    unix: ConfigPath
    mode: FileMode = 0o660
    group: str | None = None


class TcpListener(ConfigModel):
    """``tcp: HOST:PORT``; plain and unauthenticated, so loopback or a tunnel."""

    tcp: Listen

    @property
    def is_exposed(self) -> bool:
        """Whether others than this machine could write audit lines to us."""
        return not is_loopback(self.tcp.host)


class FileListener(ConfigModel):
    """``file: PATH``; where Vault's file audit device writes. It need not exist yet."""

    file: ConfigPath


_LISTENERS = {"unix": UnixListener, "tcp": TcpListener, "file": FileListener}


def _kind(value: object) -> str | None:
    if isinstance(value, tuple(_LISTENERS.values())):
        return type(value).__name__
    if not isinstance(value, Mapping):
        return None
    named = [kind for key, kind in _LISTENERS.items() if key in value]
    return named[0].__name__ if len(named) == 1 else None


Listener: TypeAlias = Annotated[
    Annotated[UnixListener, Tag("UnixListener")]
    | Annotated[TcpListener, Tag("TcpListener")]
    | Annotated[FileListener, Tag("FileListener")],
    Discriminator(
        _kind,
        custom_error_type="listener",
        custom_error_message="must be unix: PATH, tcp: HOST:PORT or file: PATH",
    ),
]


def _each_file_once(listeners: tuple[Listener, ...]) -> tuple[Listener, ...]:
    files = [one.file for one in listeners if isinstance(one, FileListener)]
    if len(set(files)) < len(files):
        raise ValueError("must not name a file twice")
    return listeners


def _url(value: str) -> str:
    return check_url(value, example="https://replicator.internal/v1/events")


def _one_or_more(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


_KEY_FILES_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
    ]
}


class Receiver(ConfigModel):
    """Where events are posted, and how each side knows the other."""

    url: Annotated[str, AfterValidator(_url)]
    signing_key_file: Annotated[
        tuple[ConfigPath, ...],
        BeforeValidator(_one_or_more),
        Field(min_length=1),
        WithJsonSchema(_KEY_FILES_SCHEMA),
    ]
    ca_file: ConfigPath | None = None
    client_cert_file: ConfigPath | None = None
    client_key_file: ConfigPath | None = None

    @model_validator(mode="after")
    def _pair(self) -> Receiver:
        if self.client_key_file and not self.client_cert_file:
            raise ValueError("client_key_file needs client_cert_file beside it")
        return self

    @property
    def is_plain(self) -> bool:
        """Whether events would cross a network unencrypted."""
        return is_plain(self.url)


class SpoolSettings(ConfigModel):
    """``max_events`` bounds the disk: about 600 bytes an event."""

    path: ConfigPath
    max_events: Annotated[int, Field(ge=1)] = 1_000_000


_Name = Annotated[str, Field(pattern=r"^[^\s/]+$", max_length=200)]


def _off_or_a_second(value: float) -> float:
    if 0 < value < 1:
        raise ValueError("must be 0 (off) or at least 1s")
    return value


_Watchdog = Annotated[Duration, AfterValidator(_off_or_a_second)]


class Settings(ConfigModel):
    """The forwarder's configuration. Durations are seconds."""

    source: _Name
    name: _Name = Field(default_factory=socket.gethostname)
    listen: Annotated[
        tuple[Listener, ...], Field(min_length=1), AfterValidator(_each_file_once)
    ]
    mounts: Annotated[tuple[str, ...], Field(min_length=1)] = ("**",)
    receiver: Receiver
    spool: SpoolSettings
    metrics: Listen | None = None
    watchdog: _Watchdog = 10.0  # 0: off
    heartbeat: PositiveDuration = 30.0
    tolerance: PositiveDuration = 300.0
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def files(self) -> tuple[Path, ...]:
        """The audit files to follow."""
        return tuple(one.file for one in self.listen if isinstance(one, FileListener))


def load_settings(path: Path, env: Mapping[str, str]) -> Settings:
    """Read ``forwarder.yaml``. Raises ConfigError."""
    return load(path, Settings, env=env)


def schema() -> dict[str, Any]:
    """The JSON Schema of ``forwarder.yaml``."""
    return {"title": "forwarder.yaml", **json_schema(Settings)}
