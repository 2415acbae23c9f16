"""What a WorkQueue shows of itself: page by page, pending and parked apart."""

from __future__ import annotations

from receiver.core.state import Hint, Lane, SecretRef, Work
from receiver.ports import QueueKey, Waiting, WorkQueue
from tests.fakes import Clock

A, B, C = (SecretRef("", "kv", name) for name in "abc")
LATER = SecretRef("", "kv", "timer")


def took(queue: WorkQueue) -> Work:
    work = queue.take(list(Lane), lease=60, timeout=0)
    assert work is not None
    return work


def refs(page: list[Waiting]) -> list[SecretRef]:
    return [one.ref for one in page]


def test_what_is_pending(queue: WorkQueue, clock: Clock) -> None:
    """It is what the backlog counts: waiting, in work, or failed; no timers."""
    queue.add([Hint(ref=B), Hint(ref=A), Hint(ref=C)])
    queue.add([Hint(ref=LATER, not_before=clock.now() + 1000)])
    queue.retry(took(queue), delay=60, cause="VAULT_SEALED", detail="it is sealed")
    took(queue)
    page = queue.waiting(parked=False, limit=10)

    assert refs(page) == [A, B, C]
    assert len(page) == queue.backlog().pending
    failed = page[1]
    assert (failed.cause, failed.detail) == ("VAULT_SEALED", "it is sealed")
    assert (failed.attempts, page[0].attempts) == (1, 0)
    assert (page[0].cause, page[0].detail) == ("", "")
    assert failed.since == queue.backlog().oldest


def test_what_is_parked(queue: WorkQueue) -> None:
    """Parked work is shown apart, with why; a new hint makes it pending again."""
    queue.add([Hint(ref=A), Hint(ref=B, unresolved=True)])
    queue.park(took(queue), cause="KMS_DENIED", detail="the key")
    queue.park(took(queue), cause="MOUNT_UNKNOWN", detail="no mount")

    assert queue.waiting(parked=False, limit=10) == []
    first, second = queue.waiting(parked=True, limit=10)
    assert (first.ref, first.unresolved, first.detail) == (A, False, "the key")
    assert (second.ref, second.unresolved, second.cause) == (B, True, "MOUNT_UNKNOWN")
    queue.add([Hint(ref=A)])
    assert refs(queue.waiting(parked=True, limit=10)) == [B]
    assert queue.waiting(parked=False, limit=10)[0].cause == ""


def test_a_parked_timer_is_parked(queue: WorkQueue, clock: Clock) -> None:
    """Work that came back to wait for its time, and was parked before, is parked."""
    queue.add([Hint(ref=A, not_before=clock.now() + 5)])
    clock.advance(6)
    work = took(queue)
    clock.jump(-3600)
    queue.park(work, cause="KMS_DENIED", detail="")

    assert refs(queue.waiting(parked=True, limit=10)) == [A]


def test_pages(queue: WorkQueue) -> None:
    """Each key is on exactly one page, in order, the unresolved one after its twin."""
    wanted: list[QueueKey] = [
        (A, False),
        (A, True),
        (B, False),
        (SecretRef("", "kv/deep", "a"), False),
        (SecretRef("", "kv\U0001f600", "a"), True),
        (SecretRef("team", "kv", "a"), False),
    ]
    queue.add([Hint(ref=ref, unresolved=raw) for ref, raw in reversed(wanted)])
    seen: list[QueueKey] = []
    while page := queue.waiting(
        parked=False, after=seen[-1] if seen else None, limit=2
    ):
        assert len(page) <= 2
        seen += [one.key for one in page]

    assert seen == wanted
