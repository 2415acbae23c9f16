"""What a comparison has to say besides differences, in lines for people.

``failures`` were not compared, and are tried again; ``faults`` somebody must mend;
``warnings`` are unwise and work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from receiver.comparison.aws_listing import Census
from receiver.comparison.vault_listing import Account, Nameless, Wanted
from receiver.core.causes import Cause, ReplicationError
from receiver.core.comparison.case import Case
from receiver.core.comparison.differences import Difference, Kind
from receiver.core.comparison.finding import Finding
from receiver.core.naming import warning_of
from receiver.core.state import SecretRef
from receiver.ports import Surprise

_MOST_NAMES = 20


class Troubles:
    """A collector for one comparison."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.first: ReplicationError | None = None
        self.faults: list[str] = []
        self._unwise: list[str] = []
        self._unwise_count = 0
        self._unread = 0

    @property
    def warnings(self) -> list[str]:
        """The names that are unwise, and what was not compared by design."""
        lines = list(self._unwise)
        if more := self._unwise_count - len(lines):
            lines.append(f"and {more:,} more such names")
        if self._unread:
            lines.append(
                f"{self._unread:,} secrets are on mounts without versions: their "
                "values are compared by a reconcile, not by a plan"
            )
        return lines

    def hear(self, wanted: Wanted) -> None:
        """What Vault's side alone tells."""
        self.failures += wanted.failures
        self.first = wanted.first_failure
        for mount, count in sorted(wanted.vanished.items()):
            where = "/".join(filter(None, mount))
            self.faults.append(
                f"{where}: this mount is not there any more; its {count:,} secrets are "
                "left in AWS as they are"
            )
        pairs = Counter(wanted.overlapping.values())
        for names, count in pairs.items():
            self.faults.append(
                f"the rules {' and '.join(names)} speak for the same {count:,} "
                f"secrets: neither acts on them [{Cause.RULES_OVERLAP}]"
            )

    def account_failed(
        self, account: Account, error: ReplicationError | Surprise
    ) -> None:
        """AWS's listing of one account could not be read to its end."""
        where = " ".join(filter(None, account))
        if isinstance(error, ReplicationError):
            self.first = self.first or error
            self.failures.append(f"AWS {where}: {error}")
        else:
            self.failures.append(f"AWS {where}: the listing changes under the reader")

    def heed(self, census: Census, account: Account) -> bool:
        """What was counted on AWS's side. True: our keys are not those that the
        secrets were sealed with, and nothing may be done about any of them."""
        for source, count in sorted(census.others.items()):
            self.faults.append(
                f"{count:,} secrets below our prefixes belong to another replicator, "
                f"whose source is {source} [{Cause.CONFLICT_SOURCE}]"
            )
        if not census.keys_unknown:
            return False
        where = " ".join(filter(None, account))
        self.faults.append(
            f"fingerprint key changed or lost: {census.unknown:,} of {census.sealed:,} "
            f"secrets in AWS {where} are sealed with a key that is not in the list; "
            f"nothing is written [{Cause.KEYS_UNKNOWN}]"
        )
        return True

    def warn_of(self, case: Case) -> None:
        """Whether there is anything to say about a secret that is as it should be."""
        self._unread += case.is_unread
        if unwise := warning_of(case.name):
            self._unwise_count += 1
            if len(self._unwise) < _MOST_NAMES:
                self._unwise.append(f"{case.name}: {unwise}")

    def findings(self, wanted: Wanted) -> Iterator[Finding]:
        """Secrets that have no place of their own in AWS."""
        for one in wanted.nameless.values():
            yield _nameless(one)
        for ref, names in wanted.overlapping.items():
            for name in names:
                if wanted.covers(name, ref):
                    yield _overlapping(wanted, ref, name)


def _nameless(one: Nameless) -> Finding:
    told = Difference(
        action=Kind.PARKED,
        ref=one.ref,
        rule=one.rule.name,
        region=one.rule.target.region,
        name="",
        reason=one.problem.detail,
        cause=one.problem.cause,
    )
    is_known = one.entry is not None and one.entry.cause == one.problem.cause
    return Finding(ref=one.ref, difference=told, entry=one.entry, look=not is_known)


def _overlapping(wanted: Wanted, ref: SecretRef, name: str) -> Finding:
    others = " and ".join(wanted.overlapping[ref])
    told = Difference(
        action=Kind.PARKED,
        ref=ref,
        rule=name,
        region=wanted.rules[name].target.region,
        name="",
        reason=f"the rules {others} speak for it: neither acts",
        cause=Cause.RULES_OVERLAP,
    )
    return Finding(ref=ref, difference=told)
