"""Looking again and again, and telling only what has changed since.

Lines are added below each other, never drawn over, so that the same can be read on a
terminal, in a pipe and in a log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from receiver.remote import Unreachable

Items: TypeAlias = list[dict[str, Any]]

#: What a change of is worth a line.
_TOLD = ("state", "cause", "detail", "vault_version")


def watched(
    look: Callable[[], Items],
    pause: Callable[[], None],
    lost: Callable[[Unreachable], None],
) -> Iterator[tuple[Items, Items]]:
    """What is new or changed, and what is listed no more; all of it at first. It goes
    on for ever: ``lost`` is told when the receiver cannot be reached, once each time.
    Raises CommandError for everything else."""
    known: dict[object, dict[str, Any]] | None = None
    is_lost = False
    while True:
        try:
            items = look()
        except Unreachable as error:
            if known is None:
                raise  # it was never there: more likely the address is wrong
            if not is_lost:
                lost(error)
            is_lost = True
        else:
            is_lost = False
            before, known = known or {}, {_key(item): item for item in items}
            changed = [
                item for key, item in known.items() if _is_new(item, before.get(key))
            ]
            gone = [item for key, item in before.items() if key not in known]
            yield changed, gone
        pause()


def _is_new(item: dict[str, Any], old: dict[str, Any] | None) -> bool:
    return old is None or any(old.get(name) != item.get(name) for name in _TOLD)


def _key(item: dict[str, Any]) -> object:
    names = ("namespace", "mount", "path", "rule", "region", "name")
    return tuple(item.get(name) for name in names)
