"""How much a comparison is about: everything, a rule, a mount, one path.

A run may be about several scopes at once; then it is about whatever any of them
covers. What is given narrows, what is None does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from receiver.core.rules import Rule, is_glob, matches
from receiver.core.state import SecretRef


@dataclass(frozen=True, slots=True)
class Scope:
    """``rule`` is a rule's name; ``namespace`` and ``mount`` are globs; ``path`` is a
    glob over ``namespace/mount/path``, or over the path inside the mount."""

    rule: str | None = None
    namespace: str | None = None
    mount: str | None = None
    path: str | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return self == Scope()

    def covers(self, rule_name: str, ref: SecretRef) -> bool:
        """Whether a secret under a rule of that name is meant."""
        return (
            self.rule in (None, rule_name)
            and self.covers_mount(ref.namespace, ref.mount)
            and (
                self.path is None
                or matches(self.path, ref.path)
                or matches(self.path, str(ref))
            )
        )

    def covers_mount(self, namespace: str, mount: str) -> bool:
        """Whether secrets of this mount can be meant."""
        return (self.namespace is None or matches(self.namespace, namespace)) and (
            self.mount is None or matches(self.mount, mount)
        )

    def covers_rule(self, rule: Rule) -> bool:
        """Whether secrets of this rule can be meant."""
        if self.rule not in (None, rule.name):
            return False
        return all(
            wanted is None or is_glob(given) or matches(wanted, given)
            for wanted, given in (
                (self.namespace, rule.namespace),
                (self.mount, rule.mount),
            )
        )


def cover(scopes: Iterable[Scope], rule_name: str, ref: SecretRef) -> bool:
    """Whether any of them covers the secret."""
    return any(scope.covers(rule_name, ref) for scope in scopes)
