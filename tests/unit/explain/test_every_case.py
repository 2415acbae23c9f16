"""What holds of every explanation, whatever comes together."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

from receiver.core.causes import Cause, Permanent, Temporary
from receiver.core.remedies import REMEDIES, Verdict
from receiver.core.state import Entry, Gone, Observed, State, Value
from receiver.explain.document import explain
from receiver.explain.snapshot import AwsSays, Unasked, VaultSays
from receiver.ports import Standing
from tests.unit.explain.conftest import (
    CREATED,
    NOW,
    VALUE,
    entry,
    observed,
    queued,
    snapshot,
)

ENTRIES: list[Entry | None] = [
    None,
    entry(),
    entry(state=State.DRIFTED, cause="DRIFTED"),
    entry(state=State.DELETING),
    entry(state=State.CONFLICT, cause="CONFLICT_FOREIGN", arn=None),
    entry(state=State.PARKED, cause="VALUE_TOO_LARGE", arn=None, applied_at=None),
    entry(state=State.HELD, cause="BRAKE"),
    entry(state=State.ORPHANED, cause="RETAINED"),
    entry(version=None, created_time=None, version_id="c-abc"),
]
VAULT: list[VaultSays] = [
    VALUE,
    Value(""),
    Value("", 8, "2026-11-23T09:59:10Z"),
    Gone(),
    Gone(7, CREATED),
    Permanent(Cause.VAULT_SEALED, "503"),
    Unasked("no answer"),
]
AWS: list[AwsSays] = [
    observed(),
    observed(deleting=True),
    observed(tags={}),
    observed(stages={}),
    None,
    Temporary(Cause.AWS_DENIED, "DescribeSecret: x"),
    Unasked("no answer"),
]
QUEUES: list[Standing | None] = [
    None,
    queued(),
    queued(due=NOW + 60),
    queued(cause="KMS_DENIED", attempts=2, due=NOW + 5),
    queued(cause="FROM_THE_FUTURE", parked=True),
]


@cache
def every_case() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each with its explanation."""
    cases = [
        {"entry": held, "vault": vault, "aws": aws, "queue": queue}
        for held, vault, aws, queue in product(ENTRIES, VAULT, AWS, QUEUES)
    ]
    return [(case, explain(snapshot(**case))) for case in cases]


def test_every_case_is_explained() -> None:
    """With a cause of the table, its remedy, and the way in stages."""
    for case, found in every_case():
        marks = [one["is"] for one in found["stages"]]

        assert found["who"] == REMEDIES[found["cause"]].who
        assert len(marks) == 6
        if found["cause"] is Cause.IN_SYNC:
            assert "wrong" not in marks, case
        else:
            assert set(marks) - {"ok"}, case


def test_what_waits_is_tried_again() -> None:
    """No verdict says that something has stopped which the queue tries again for the
    same reason."""
    for case, found in every_case():
        queue: Standing | None = case["queue"]
        if queue is None or found["cause"] != queue.cause or queue.parked:
            continue

        assert found["verdict"] == Verdict.WAITING, case


def test_what_is_somebody_elses_is_never_in_sync() -> None:
    """What AWS holds without our tags is never called in sync."""
    for case, found in every_case():
        aws = case["aws"]
        is_theirs = isinstance(aws, Observed) and not aws.tags
        if is_theirs and isinstance(case["vault"], Value):
            assert found["cause"] is not Cause.IN_SYNC, case
