"""Which keys a configuration model knows at a place: for did-you-mean.

The model is walked along pydantic's location; a part that is no field is the name of
a union's member and narrows the choice to it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

_FEW = 8


def explain_unknown_key(model: type[BaseModel], location: Sequence[str | int]) -> str:
    """The sentence for an unknown key at ``location`` (which ends in that key)."""
    *parents, key = location
    fields = _fields_at(model, parents)
    close = difflib.get_close_matches(str(key), fields, n=1, cutoff=0.6)
    if close:
        values = _allowed(fields[close[0]])
        few = f" ({' | '.join(values)})" if 0 < len(values) <= _FEW else ""
        return f"unknown key. Did you mean {close[0]}{few}?"
    if 0 < len(fields) <= _FEW:
        return f"unknown key. Known here: {', '.join(sorted(fields))}"
    return "unknown key"


def _fields_at(
    model: type[BaseModel], location: Sequence[str | int]
) -> dict[str, object]:
    here: list[object] = [model]
    for part in location:
        here = _step(here, part)
    return {name: kind for one in _models(here) for name, kind in _fields(one).items()}


def _step(here: list[object], part: str | int) -> list[object]:
    below: list[object] = []
    if isinstance(part, int):
        below = [item for one in here for item in _items(one)]
        return below or here
    for one in _models(here):
        if part in _fields(one):
            below.append(_fields(one)[part])
    if below:
        return below
    named: list[object] = [one for one in _models(here) if _is_member(one, part)]
    return named or here


def _models(kinds: Sequence[object]) -> Iterator[type[BaseModel]]:
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield kind
        elif get_origin(kind) not in (list, tuple, dict, Literal):
            yield from _models(_args(kind))


def _items(kind: object) -> Iterator[object]:
    if get_origin(kind) in (list, tuple):
        yield from _args(kind)
    elif get_origin(kind) is not Literal:
        for one in _args(kind):
            yield from _items(one)


def _args(kind: object) -> tuple[Any, ...]:
    # Of Annotated only the type counts; the rest are instances and have no args.
    return get_args(kind)


def _fields(model: type[BaseModel]) -> dict[str, object]:
    return {
        info.alias or name: info.annotation for name, info in model.model_fields.items()
    }


def _is_member(model: type[BaseModel], part: str) -> bool:
    tags = (_allowed(kind) for kind in _fields(model).values())
    return model.__name__ == part or any(part in values for values in tags)


def _allowed(kind: object) -> list[str]:
    if get_origin(kind) is Literal:
        return [str(value) for value in get_args(kind)]
    return [value for one in get_args(kind) for value in _allowed(one)]
