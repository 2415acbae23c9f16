"""Who speaks: the names that every event of this forwarder carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import msgspec

from vault_audit_forwarder import wire


class Encodes(Protocol):
    """Who makes events of what is to be told."""

    def encode(self, data: wire.Data, *, id: str, time: str | None) -> bytes:
        """``data`` in its envelope, as it travels."""


@dataclass(frozen=True)
class Origin:
    """``source`` names the Vault, ``forwarder`` this process beside it."""

    source: str
    forwarder: str

    def encode(
        self,
        data: wire.Data,
        *,
        id: str,
        time: str | None,
        traceparent: str | msgspec.UnsetType = msgspec.UNSET,
    ) -> bytes:
        """``data`` in its envelope, as it travels."""
        event = wire.make_event(
            data,
            source=self.source,
            forwarder=self.forwarder,
            id=id,
            time=time,
            traceparent=traceparent,
        )
        return wire.encode(event)
