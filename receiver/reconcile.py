"""The safety net: Vault's listing against what the journal says was applied.

It finds what no event told of, reads no value, and changes nothing itself: what
differs goes into the queue behind the fresh events, and the worker decides. A gap is
forgotten only when a comparison that began after it has seen every mount.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from receiver.core.causes import Cause, Permanent, ReplicationError
from receiver.core.rules import Rule, is_glob
from receiver.core.state import (
    Entry,
    Gone,
    Hint,
    Lane,
    SecretRef,
    State,
    Truth,
    Value,
)
from receiver.ports import Journal, Source, WorkQueue

_CHUNK = 500
_AWAY = (State.DELETING, State.ORPHANED)


@dataclass(frozen=True, slots=True)
class Report:
    """One comparison. ``differing`` is by kind; ``failures`` names mounts not seen."""

    compared: int
    differing: dict[str, int]
    failures: tuple[str, ...]
    seconds: float


class Comparison:
    """One run over all rules."""

    def __init__(
        self,
        *,
        source: Source,
        journal: Journal,
        queue: WorkQueue,
        rules: Callable[[], tuple[Rule, ...]],
    ) -> None:
        self._source = source
        self._journal = journal
        self._queue = queue
        self._rules = rules

    def run(self, *, thorough: bool) -> Report:
        """Compare everything once. ``thorough`` also asks AWS, by way of the worker,
        about secrets that Vault has deleted and the journal does not know.

        A mount that cannot be listed does not keep the others from their turn.
        """
        began = time.monotonic()
        gaps = [gap.number for gap in self._journal.gaps()]
        compared = 0
        failures: list[str] = []
        differing: dict[str, int] = {}
        for rule, namespace, mount in self._places(failures):
            try:
                for kind, refs, seen in self._compare(
                    rule, namespace, mount, thorough=thorough
                ):
                    self._enqueue(refs)
                    compared += seen
                    differing[kind] = differing.get(kind, 0) + len(refs)
            except ReplicationError as error:
                failures.append(f"{rule.name}: {mount}: {error}")
        if not failures:
            self._journal.clear_gaps(gaps)
        return Report(compared, differing, tuple(failures), time.monotonic() - began)

    def _places(self, failures: list[str]) -> Iterator[tuple[Rule, str, str]]:
        """Every rule with every namespace and mount that it covers."""
        for rule in self._rules():
            try:
                found = places(rule, self._source)
            except ReplicationError as error:
                failures.append(f"{rule.name}: {error}")
            else:
                yield from ((rule, namespace, mount) for namespace, mount in found)

    def _compare(
        self, rule: Rule, namespace: str, mount: str, *, thorough: bool
    ) -> Iterator[tuple[str, list[SecretRef], int]]:
        """Chunks of (kind, references that differ, how many were looked at)."""
        known = {
            entry.ref: entry
            for entry in self._journal.entries(rule.name)
            if (entry.ref.namespace, entry.ref.mount) == (namespace, mount)
        }
        listed: set[SecretRef] = set()
        for chunk in _chunks(self._source.versions(namespace, mount)):
            mine = [(ref, truth) for ref, truth in chunk if rule.matches(ref)]
            listed.update(ref for ref, _ in mine)
            changed = [
                ref
                for ref, truth in mine
                if _differs(rule, known.get(ref), truth, thorough=thorough)
            ]
            yield "changed", changed, len(mine)
        missing = [
            ref
            for ref, entry in known.items()
            if ref not in listed and entry.state not in _AWAY
        ]
        if missing and not listed:
            # Rather a restored snapshot or another cluster than so many deletes.
            raise Permanent(
                Cause.MOUNT_UNKNOWN,
                f"the listing is empty, {len(missing)} secrets were there: nothing "
                "is deleted",
            )
        yield "missing", missing, 0

    def _enqueue(self, refs: list[SecretRef]) -> None:
        self._queue.add([Hint(ref=ref, lane=Lane.RECONCILE) for ref in refs])


def _differs(rule: Rule, entry: Entry | None, truth: Truth, *, thorough: bool) -> bool:
    is_out = isinstance(truth, Value) and not rule.wants(truth)
    if entry is None:
        return thorough or not (is_out or isinstance(truth, Gone))
    if is_out or isinstance(truth, Gone):
        return entry.state not in _AWAY
    # KV v1 has no version to compare: the worker reads and compares the value.
    same = (entry.version, entry.created_time) == (truth.version, truth.created_time)
    return not same or truth.version is None or entry.state is not State.IN_SYNC


def places(rule: Rule, source: Source) -> list[tuple[str, str]]:
    """Namespace and mount of all that a rule covers now."""
    if not is_glob(rule.mount) and not is_glob(rule.namespace):
        return [(rule.namespace, rule.mount)]
    return [
        (mount.namespace, mount.path)
        for namespace in source.namespaces(rule.namespace)
        for mount in source.mounts(namespace)
        if rule.covers_mount(mount.namespace, mount.path)
    ]


def _chunks(
    listing: Iterable[tuple[SecretRef, Truth]],
) -> Iterator[list[tuple[SecretRef, Truth]]]:
    chunk = []
    for one in listing:
        chunk.append(one)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    yield chunk
