"""Workers' threads wake the requests that wait for their reference, and only those."""

from __future__ import annotations

import asyncio
import threading

from receiver.core.state import SecretRef
from receiver.web.waiting import Outcomes

A, B = SecretRef("", "kv", "a"), SecretRef("", "kv", "b")


def test_from_a_thread_to_every_waiter() -> None:
    """All who wait for a reference are woken, nobody else."""
    outcomes = Outcomes()

    async def wait() -> tuple[bool, bool, bool]:
        with (
            outcomes.watching(A) as one,
            outcomes.watching(A) as other,
            outcomes.watching(B) as apart,
        ):
            thread = threading.Thread(target=outcomes.changed, args=(A,))
            thread.start()
            async with asyncio.timeout(30):
                await asyncio.gather(one.wait(), other.wait())
            thread.join()
            return one.is_set(), other.is_set(), apart.is_set()

    assert asyncio.run(wait()) == (True, True, False)


def test_nothing_is_kept_for_nobody() -> None:
    """Who has stopped waiting leaves nothing behind."""
    outcomes = Outcomes()

    async def wait() -> None:
        with outcomes.watching(A), outcomes.watching(A):
            pass

    asyncio.run(wait())
    outcomes.changed(A)

    assert outcomes._waiting == {}


def test_a_loop_that_has_ended() -> None:
    """A worker does not stumble over a waiter whose loop is gone."""
    outcomes = Outcomes()
    loop = asyncio.new_event_loop()

    async def enter() -> None:
        outcomes.watching(A).__enter__()

    loop.run_until_complete(enter())
    loop.close()

    outcomes.changed(A)
