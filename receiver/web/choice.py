"""Which secrets an order is about.

Something must be chosen: a rule, one path, a cause, or everything. What is given
besides narrows it. An order that names what does not exist is refused, because it
would look like one that found nothing to do.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from receiver.core.causes import Cause
from receiver.core.state import Entry, SecretRef
from receiver.web.parts import Parts
from receiver.web.references import Finder, bare, named
from receiver.web.refusals import Refused


class Order(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """The body of retry, adopt and release. Without ``mount``, ``path`` is
    MOUNT/PATH."""

    rule: str | None = None
    path: str | None = None
    mount: str | None = None
    namespace: str | None = None
    cause: str | None = None
    all: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What an order chose; None is any. With ``ref`` it is one secret."""

    ref: SecretRef | None = None
    rule: str | None = None
    namespace: str | None = None
    mount: str | None = None
    cause: str | None = None

    def covers(self, entry: Entry) -> bool:
        """Whether the entry is meant."""
        ref = entry.ref
        return (
            self.ref in (None, ref)
            and self.rule in (None, entry.rule)
            and self.namespace in (None, ref.namespace)
            and self.mount in (None, ref.mount)
            and self.cause in (None, entry.cause)
        )


def choose(parts: Parts, order: Order) -> Choice:
    """What ``order`` chose. It may ask Vault for its mounts. Raises Refused."""
    if not (order.all or any((order.rule, order.path, order.cause))):
        says = "choose what it is about: rule, path, cause, or all: true"
        raise Refused(422, says)
    check_rule(parts, order.rule)
    if order.cause is not None and order.cause not in set(Cause):
        raise Refused(422, "is no cause", field="cause")
    if order.path is None:
        return Choice(
            rule=order.rule,
            namespace=order.namespace and bare("namespace", order.namespace),
            mount=None if order.mount is None else named("mount", order.mount),
            cause=order.cause,
        )
    ref = Finder(parts.source, parts.journal, parts.rules()).find(
        namespace=order.namespace or "", mount=order.mount, path=order.path
    )
    return Choice(ref=ref, rule=order.rule, cause=order.cause)


def check_rule(parts: Parts, rule: str | None) -> None:
    """Refuse what is no rule's name, now or once: what a removed rule left behind
    still stands under its name."""
    if rule is None:
        return
    of_today = any(rule == one.name for one in parts.rules())
    if not of_today and not any(rule == name for name, _ in parts.journal.counts()):
        raise Refused(422, "is no rule", field="rule")
