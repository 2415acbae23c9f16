"""When to try again. Decisions as numbers; the queue obeys them."""

from __future__ import annotations

from receiver.core.causes import Cause

#: A read behind the event: 50 ms doubling to 2 s, about 10 s in all.
GUARD_ROUNDS = 9
_GUARD_FIRST, _GUARD_MOST = 0.05, 2.0

_FIRST, _MOST = 0.25, 300.0
#: Vault or AWS as a whole is away: what waits must not wait long after its return.
_MOST_AWAY = 20.0
_AWAY = frozenset(
    (
        Cause.AWS_UNREACHABLE,
        Cause.VAULT_LOGIN,
        Cause.VAULT_SEALED,
        Cause.VAULT_UNREACHABLE,
    )
)

#: When to look again after a change that carried no version to compare with.
SECOND_LOOK = 5.0


def guard_delay(attempts: int) -> float:
    """Seconds until the next read, after ``attempts`` reads that were too old."""
    return min(_GUARD_FIRST * 2.0 ** min(attempts, 20), _GUARD_MOST)


def backoff(cause: str, attempts: int, *, jitter: float) -> float:
    """Seconds to wait after ``attempts`` failures before this one, of ``cause``.

    Doubles from a quarter of a second to five minutes, or to twenty seconds when
    Vault or AWS is away; ``jitter`` in [0, 1) takes away up to half of it, so that
    many do not come back at once.
    """
    most = _MOST_AWAY if cause in _AWAY else _MOST
    return min(_FIRST * 2.0 ** min(attempts, 30), most) * (1 - jitter / 2)
