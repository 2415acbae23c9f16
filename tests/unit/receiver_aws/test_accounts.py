"""A write begins only when its lease outlasts the call."""

from __future__ import annotations

import pytest

from receiver.accounts import Accounts
from receiver.core.causes import Cause, Temporary
from receiver.core.rules import TargetSpec
from receiver.core.state import Hint, SecretRef, Work
from tests.fake_target import FakeTarget


@pytest.mark.parametrize(("left", "begins"), [(31.0, True), (30.0, False)])
def test_a_write_begins_while_the_lease_outlasts_the_call(
    left: float, begins: bool
) -> None:
    """By the clock that the lease was measured with."""
    target = FakeTarget()
    accounts = Accounts(
        lambda _: target,
        writes_per_second=1.0,
        call_timeout=30.0,
        halted=lambda: None,
        steady=lambda: 1000.0,
    )
    hint = Hint(ref=SecretRef("", "kv", "a"))
    work = Work(hint=hint, sequence=1, attempts=0, since=0, lease_until=1000.0 + left)
    paced = accounts.for_work(TargetSpec(), work)

    if begins:
        paced.create("a", body="1", version_id="v", spec=TargetSpec(), tags={})
    else:
        with pytest.raises(Temporary) as caught:
            paced.create("a", body="1", version_id="v", spec=TargetSpec(), tags={})
        assert caught.value.cause is Cause.LEASE_SHORT
    assert bool(target.calls) is begins
