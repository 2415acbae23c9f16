"""The calls of a comparison are counted, and no others."""

from __future__ import annotations

import threading
from contextvars import copy_context

from receiver.comparison.calls import AWS, VAULT, called, counting


def test_calls_inside_are_counted_by_side() -> None:
    """Those before and after are not."""
    called(AWS)
    with counting() as tally:
        called(VAULT)
        called(AWS)
        called(AWS)
    called(AWS)

    assert dict(tally) == {"vault": 1, "aws": 2}


def test_threads_count_when_the_context_is_handed_on() -> None:
    """A worker's calls in between are not the comparison's."""
    with counting() as tally:
        threads = [
            threading.Thread(target=called, args=(AWS,)),
            threading.Thread(target=copy_context().run, args=(called, AWS)),
        ]
        for thread in threads:
            thread.start()
            thread.join()

    assert tally[AWS] == 1
