"""A plan asks both sides once more before it tells of a create, a repair or a delete.

Listings lag, and AWS's leaves out what is not ours: so what looks like a create may be
a conflict, and what looks deleted may only be late. Several are asked at once; of very
many only the first, and the plan says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace

from receiver.core.causes import ReplicationError
from receiver.core.comparison.case import Case, View
from receiver.core.comparison.compare import compare
from receiver.core.comparison.differences import Kind
from receiver.core.comparison.finding import Finding
from receiver.core.rules import TargetSpec
from receiver.ports import Source, Surprise, Target

_AT_ONCE = 8
#: More would keep the person who asked waiting, and Vault and AWS busy.
MOST = 2000


class Confirmation:
    """One plan's questions."""

    def __init__(
        self, source: Source, targets: Callable[[TargetSpec], Target], view: View
    ) -> None:
        self._source = source
        self._targets = targets
        self._view = replace(view, is_fresh=True)
        self.faults: list[str] = []
        self.warnings: list[str] = []

    def confirm(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings again, as both sides say now. What could not be asked stays as
        it was, and ``faults`` says why."""
        unsure = [one for one in findings if one.unsure and one.case is not None]
        if len(unsure) > MOST:
            self.warnings.append(
                f"of {len(unsure):,} changes only {MOST:,} were confirmed one by one: "
                "some of the others may turn out to be conflicts"
            )
        asked = unsure[:MOST]
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="confirm") as pool:
            futures = [pool.submit(copy_context().run, self._ask, one) for one in asked]
        answers = {
            id(one): future.result() for one, future in zip(asked, futures, strict=True)
        }
        confirmed = (answers.get(id(one), one) for one in findings)
        return [one for one in confirmed if one is not None]

    def _ask(self, finding: Finding) -> Finding | None:
        case = finding.case
        assert case is not None
        try:
            return self._compare(case, finding)
        except ReplicationError as error:
            self.faults.append(f"{case.ref}: not confirmed: {error}")
        except Surprise:
            self.faults.append(f"{case.ref}: not confirmed: it changes in AWS")
        return finding

    def _compare(self, case: Case, finding: Finding) -> Finding | None:
        if finding.action is Kind.DELETE or case.is_unread:
            case = replace(case, truth=self._source.read(case.ref))
        observed = self._targets(case.rule.target).describe(case.name)
        return compare(case, observed, self._view)
