"""What a process takes, read from Linux's /proc, and how that goes with time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS_AN_HOUR = 3600.0


@dataclass(frozen=True)
class Sample:
    """``memory`` and ``wal`` in MB; ``at`` in seconds of any clock."""

    at: float
    memory: float
    descriptors: int
    threads: int
    wal: float


def sample(pid: int, wal: Path, *, at: float) -> Sample:
    """A process now, and its write-ahead log; one that is not there is 0."""
    proc = Path(f"/proc/{pid}")
    return Sample(
        at=at,
        memory=memory_mb(pid),
        descriptors=sum(1 for _ in (proc / "fd").iterdir()),
        threads=sum(1 for _ in (proc / "task").iterdir()),
        wal=wal.stat().st_size / 1e6 if wal.exists() else 0.0,
    )


def memory_mb(pid: int) -> float:
    """Resident memory."""
    return _status_mb(pid, "VmRSS")


def peak_mb(pid: int) -> float:
    """The greatest resident memory since the start, or since :func:`forget_peak`."""
    return _status_mb(pid, "VmHWM")


def forget_peak(pid: int) -> None:
    """Let the peak be what is resident now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the straight line through points (seconds, amount), amount per hour.

    By least squares. Points at one and the same time have none: 0.
    """
    count = len(points)
    mean_at = sum(at for at, _ in points) / count
    mean = sum(amount for _, amount in points) / count
    spread = sum((at - mean_at) ** 2 for at, _ in points)
    if not spread:
        return 0.0
    together = sum((at - mean_at) * (amount - mean) for at, amount in points)
    return together / spread * SECONDS_AN_HOUR


def _status_mb(pid: int, key: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(f"there is no {key} of process {pid}")
