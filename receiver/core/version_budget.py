"""How often one secret may get a new version.

Secrets Manager keeps about a hundred versions of a secret and none younger than a day
is removed, so a secret that is written faster comes to a stop for hours. A part of
the day's versions is free, for bursts; after that they are spread out. What waits is
the newest value: whatever was written in between needs no version of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

DAY = 86_400.0
#: What we use of AWS's hundred a day, so that people have some left.
_OURS = 90
MAX_FREE = 80


def wait_for_version(made: Sequence[float], now: float, *, free: int) -> float:
    """Seconds until the next version may be made; 0.0: at once.

    ``made`` are the times of earlier versions, in any order, in the same seconds as
    ``now``; ``free`` (1 to MAX_FREE) is how many a day need not wait.
    """
    recent = [at for at in made if now - DAY < at <= now]
    if len(recent) < free:
        return 0.0
    return max(0.0, max(recent) + DAY / (_OURS - free) - now)
