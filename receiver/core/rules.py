"""Which secrets are replicated, and how: rules and their globs.

A glob is matched against a path without slashes at its ends. ``**`` crosses
slashes, ``*`` and ``?`` do not; ``**/`` also matches nothing, so that ``**/x``
holds for ``x``. Everything else stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from receiver.core.state import Replica, SecretRef, Value

SCHEDULE, RETAIN, FORCE = "schedule", "retain", "force"
#: The key of ``custom_metadata`` by which a secret's owner decides.
OPT_KEY = "replicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSpec:
    """Where a rule's secrets go and what they look like there.

    ``region`` is empty only until the configuration's own takes its place.
    ``role_arn`` is assumed for every call, None: our own role.
    """

    name: str = "{mount}/{path}"
    format_key: str | None = None
    description: str | None = None
    kms_key_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    on_delete: str = SCHEDULE
    recovery_window_days: int = 30
    replicas: tuple[Replica, ...] = ()
    region: str = ""
    role_arn: str | None = None
    external_id: str | None = None

    @property
    def account(self) -> tuple[str, str]:
        """What tells accounts and Regions apart: a name is unique within it."""
        return self.region, self.role_arn or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the mapping; ``namespace`` and ``mount`` are globs too."""

    name: str
    mount: str
    namespace: str = ""
    include: tuple[str, ...] = ("**",)
    exclude: tuple[str, ...] = ()
    opt_in: bool = False
    target: TargetSpec = field(default_factory=TargetSpec)

    def covers_mount(self, namespace: str, mount: str) -> bool:
        """Whether secrets of this mount can match at all."""
        return matches(self.namespace, namespace) and matches(self.mount, mount)

    def wants(self, value: Value) -> bool:
        """Whether the secret's own ``custom_metadata`` let it be replicated."""
        flag = value.custom_metadata.get(OPT_KEY, "").lower()
        return flag == "true" if self.opt_in else flag != "false"

    def matches(self, ref: SecretRef) -> bool:
        """Whether this rule replicates ``ref``, by its place."""
        return (
            bool(ref.mount)
            and self.covers_mount(ref.namespace, ref.mount)
            and any(matches(glob, ref.path) for glob in self.include)
            and not any(matches(glob, ref.path) for glob in self.exclude)
        )


def rules_for(rules: tuple[Rule, ...], ref: SecretRef) -> list[Rule]:
    """The rules that replicate ``ref``, in the order of the configuration."""
    return [rule for rule in rules if rule.matches(ref)]


def is_glob(pattern: str) -> bool:
    """Whether ``pattern`` can stand for more than one path."""
    return "*" in pattern or "?" in pattern


def matches(glob: str, path: str) -> bool:
    """Whether ``glob`` stands for ``path``.

    Some globs come over HTTP, and a regular expression of many wildcards can take
    hours, in which nothing else runs. So all the places that the glob can have come
    to are kept, and the time is at most its length times that of the path.
    """
    if glob in ("**", path):
        return True
    places = {0}
    for part in _parts(glob):
        places = _places_after(part, path, places)
        if not places:
            return False
    return len(path) in places


_PART = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")


@lru_cache(maxsize=256)
def _parts(glob: str) -> tuple[str, ...]:
    return tuple(_PART.findall(glob))


def _places_after(part: str, path: str, places: set[int]) -> set[int]:
    """Where in ``path`` the matching can go on, when it was at ``places``."""
    end = len(path)
    match part:
        case "**":
            return set(range(min(places), end + 1))
        case "**/":
            first = min(places)
            slashes = (at + 1 for at in range(first, end) if path[at] == "/")
            return places.union(slashes)
        case "*":
            return _within_segments(path, places)
        case "?":
            return {at + 1 for at in places if at < end and path[at] != "/"}
    return {at + len(part) for at in places if path.startswith(part, at)}


def _within_segments(path: str, places: set[int]) -> set[int]:
    """Each place, and those behind it up to the next slash."""
    reached: set[int] = set()
    for at in sorted(places):
        while at not in reached:
            reached.add(at)
            if at == len(path) or path[at] == "/":
                break
            at += 1
    return reached
