"""Real input, damaged: bytes lost, doubled, overwritten; values of other kinds."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

#: Pieces that parsers have opinions about.
_ODD = [
    b"",
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"\\ud800",
    b'"',
    b"\\",
    b"{" * 2000,
    b"[" * 2000,
    b"9" * 5000,
    b"1e999",
    b"null",
    b"-0",
    b"\r\n",
    b"\xef\xbb\xbf",
    b'"operation":"delete"',
]

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=12)
)
JSONS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """One of ``whole`` with up to four slices replaced by something else."""
    data = draw(whole)
    for _ in range(draw(st.integers(0, 4))):
        one, other = (draw(st.integers(0, len(data))) for _ in range(2))
        begin, end = sorted((one, min(other, one + 40)))
        piece = draw(
            st.sampled_from(_ODD) | st.binary(max_size=8) | st.just(data[begin:end] * 2)
        )
        data = data[:begin] + piece + data[end:]
    return data


def places(document: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of every value below the top, as keys and indexes."""
    if isinstance(document, dict):
        children: list[tuple[Any, Any]] = list(document.items())
    else:
        children = list(enumerate(document)) if isinstance(document, list) else []
    return [
        place
        for key, value in children
        for place in [(*at, key), *places(value, (*at, key))]
    ]


def replaced(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A copy of ``document`` with ``value`` at ``place``."""
    if not place:
        return value
    key, *rest = place
    copy = document.copy()
    copy[key] = replaced(document[key], tuple(rest), value)
    return copy
