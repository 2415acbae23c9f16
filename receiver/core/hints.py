"""How two hints for one secret become one.

Merging never loses a reason to look: what it keeps is the newest claim about Vault,
the greater urgency and the earlier time.
"""

from __future__ import annotations

from dataclasses import replace

from receiver.core.state import Hint, VaultRequest
from receiver.core.times import later

#: So many requests behind one round are remembered; who writes more often than that
#: within one is found by the newest.
MOST_REQUESTS = 8


def merge(known: Hint, new: Hint) -> Hint:
    """One hint that asks for all that both ask for. They are for one reference."""
    newest = new if _claims_more(new, known) else known
    return replace(
        known,
        lane=min(known.lane, new.lane),
        version=newest.version,
        created_time=newest.created_time,
        look_twice=known.look_twice or new.look_twice,
        doubt=known.doubt or new.doubt,
        not_before=min(known.not_before, new.not_before),
        requests=latest(known.requests, new.requests),
    )


def latest(
    known: tuple[VaultRequest, ...], new: tuple[VaultRequest, ...]
) -> tuple[VaultRequest, ...]:
    """The last of both, each once: what two forwarders tell of is one request."""
    if not known:
        return new[-MOST_REQUESTS:]
    return tuple(dict.fromkeys((*known, *new)))[-MOST_REQUESTS:]


def _claims_more(one: Hint, other: Hint) -> bool:
    """Later by Vault's clock. Versions decide only where neither side has a time:
    they start again at 1 when a secret is removed with its metadata."""
    if one.created_time is None and other.created_time is None:
        return (one.version or 0) > (other.version or 0)
    return later(one.created_time, other.created_time)
