"""``deliveries`` and ``replay``: the spool seen from beside a running forwarder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from vault_audit_forwarder import spool_schema as sql
from vault_audit_forwarder import wire
from vault_audit_forwarder.program.errors import CommandError
from vault_audit_forwarder.settings import Settings
from vault_audit_forwarder.spool import Spool
from vault_audit_forwarder.spool_file import SpoolError


@dataclass(frozen=True)
class SetAsideEvent:
    """``at``: RFC 3339. ``data`` is what would travel: names and times, no values."""

    at: str
    reason: str
    type: str
    data: dict[str, Any]

    def __str__(self) -> str:
        place = f"{self.data.get('namespace') or ''}{self.data.get('mount') or ''}"
        return (
            f"{self.at}  {self.type}  {place}{self.data.get('path', '')}  {self.reason}"
        )


@dataclass(frozen=True)
class Deliveries:
    """What waits, what was set aside, and what last went wrong."""

    pending: dict[str, int]
    oldest_seconds: float
    set_aside: list[SetAsideEvent]
    last_failure: dict[str, str] | None

    def as_json(self) -> dict[str, Any]:
        """The document of ``--json``."""
        return {"format_version": 1, **asdict(self)}

    def as_text(self) -> str:
        """What a person reads."""
        lines = [f"waiting     {sum(self.pending.values())}"]
        lines += [f"  {type:<22} {count}" for type, count in self.pending.items()]
        lines += [f"oldest      {self.oldest_seconds:.1f} s"]
        lines += [f"set aside   {len(self.set_aside)}"]
        lines += [f"  {event}" for event in self.set_aside]
        failure = self.last_failure
        said = f"{failure['at']}  {failure['reason']}" if failure else "none"
        return "\n".join([*lines, f"last failure  {said}"])


def read_deliveries(settings: Settings) -> Deliveries:
    """Look into the spool. Raises CommandError when there is none."""
    spool = _open(settings)
    try:
        counts: dict[str, int] = dict.fromkeys(
            (wire.CHANGED, wire.MOUNT_CHANGED, wire.GAP), 0
        )
        counts.update(spool.select(sql.COUNT_BY_TYPE))
        aside = [
            SetAsideEvent(_date(at), reason, type, msgspec.json.decode(data))
            for at, reason, type, data in spool.select(sql.LIST_SET_ASIDE)
        ]
        failures = [
            {"at": _date(at), "reason": reason}
            for at, reason in spool.select(sql.LAST_FAILURE)
        ]
        oldest = spool.pending().oldest
    except SpoolError as error:
        raise CommandError(_cannot(settings, error)) from error
    finally:
        spool.close()
    return Deliveries(counts, round(oldest, 3), aside, next(iter(failures), None))


def replay(settings: Settings) -> int:
    """Put set-aside events back in line; returns how many. Raises CommandError."""
    spool = _open(settings)
    try:
        return spool.replay()
    except SpoolError as error:
        raise CommandError(_cannot(settings, error)) from error
    finally:
        spool.close()


def _open(settings: Settings) -> Spool:
    limits = settings.spool
    if not limits.path.exists():
        raise CommandError(f"there is no spool at {limits.path}: `run` creates it")
    try:
        return Spool(
            limits.path,
            max_events=limits.max_events,
            mounts=settings.mounts,
            repair=False,
        )
    except SpoolError as error:
        raise CommandError(_cannot(settings, error)) from error


def _cannot(settings: Settings, error: SpoolError) -> str:
    return f"the spool {settings.spool.path} cannot be read: {error}"


def _date(seconds: float) -> str:
    date = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return date.replace("+00:00", "Z")
