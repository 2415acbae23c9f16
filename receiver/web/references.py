"""From what people write to the secret they mean.

MOUNT/PATH is split where a mount ends: the longest one that Vault has, else one under
which the journal knows such a secret, else one that a rule names. Where nothing tells,
it is refused rather than guessed.
"""

from __future__ import annotations

from receiver.core.causes import ReplicationError
from receiver.core.rules import Rule, matches
from receiver.core.state import Mount, SecretRef
from receiver.ports import Journal, Source
from receiver.web.refusals import Refused

_V2_DATA = "data/"
#: Twice what a name in AWS can have. Longer ones, of which some are globs and all may
#: be cut at every slash, would cost more than they could ever be worth.
_LONGEST = 1024


def bare(field: str, text: str) -> str:
    """Without slashes at its ends, which people write and Vault does. Raises Refused
    for what no path of Vault's holds."""
    if len(text) > _LONGEST:
        raise Refused(422, f"has over {_LONGEST} characters", field=field)
    stripped = text.strip("/")
    segments = stripped.split("/") if stripped else []
    if any(one in ("", ".", "..") or not _is_plain(one) for one in segments):
        says = "holds an empty segment, '.', '..' or a control character"
        raise Refused(422, says, field=field)
    return stripped


def named(field: str, text: str) -> str:
    """The same for what must not be empty."""
    stripped = bare(field, text)
    if not stripped:
        raise Refused(422, "must not be empty", field=field)
    return stripped


class Finder:
    """Finds the secret that is meant. It may ask Vault once, for its mounts."""

    def __init__(
        self, source: Source, journal: Journal, rules: tuple[Rule, ...]
    ) -> None:
        self._source = source
        self._journal = journal
        self._rules = rules

    def find(self, *, namespace: str, mount: str | None, path: str) -> SecretRef:
        """With ``mount``, ``path`` is the key in it; without, it is MOUNT/PATH.
        Raises Refused, and JournalUnavailable."""
        namespace, path = bare("namespace", namespace), named("path", path)
        if mount is not None:
            return SecretRef(namespace, named("mount", mount), path)
        mounts = self._mounts(namespace)
        ref = split_by_mounts(namespace, splits_of(path), mounts)
        ref = ref or self.guess(namespace, path)
        if ref is None:
            says = "it cannot be told which part of it is the mount: give mount too"
            raise Refused(422, says, field="path")
        return ref

    def guess(self, namespace: str, path: str) -> SecretRef | None:
        """What journal and rules make of MOUNT/PATH; asks nobody else. Raises
        JournalUnavailable."""
        splits = splits_of(path)
        return self._known_to_journal(namespace, splits) or self._named_by_rule(
            namespace, splits
        )

    def _mounts(self, namespace: str) -> list[Mount]:
        try:
            return self._source.mounts(namespace)
        except ReplicationError:
            return []  # to let go of a secret Vault need not be there

    def _known_to_journal(
        self, namespace: str, splits: list[tuple[str, str]]
    ) -> SecretRef | None:
        for mount, key in splits:
            for path in (key, key.removeprefix(_V2_DATA)):
                ref = SecretRef(namespace, mount, path)
                if self._journal.known(ref):
                    return ref
        return None

    def _named_by_rule(
        self, namespace: str, splits: list[tuple[str, str]]
    ) -> SecretRef | None:
        rules = [rule for rule in self._rules if matches(rule.namespace, namespace)]
        for mount, key in splits:
            if any(rule.mount == mount for rule in rules):
                return SecretRef(namespace, mount, key)
        return None


def split_by_mounts(
    namespace: str, splits: list[tuple[str, str]], mounts: list[Mount]
) -> SecretRef | None:
    """The first of ``splits`` at a mount. Pure. On KV v2 ``data/`` is no part of the
    key, though people copy it from API paths."""
    versions = {mount.path: mount.version for mount in mounts}
    for mount, key in splits:
        if version := versions.get(mount):
            path = key.removeprefix(_V2_DATA) if version == 2 else key
            return SecretRef(namespace, mount, path)
    return None


def splits_of(whole: str) -> list[tuple[str, str]]:
    """Every way to cut it into mount and key, the longest mount first."""
    segments = whole.split("/")
    cuts = range(len(segments) - 1, 0, -1)
    return [("/".join(segments[:cut]), "/".join(segments[cut:])) for cut in cuts]


def _is_plain(segment: str) -> bool:
    return not any(ord(char) < 0x20 or ord(char) == 0x7F for char in segment)
