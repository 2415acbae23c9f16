"""``docs/security.md`` says nothing that no test stands behind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
NAMED = sorted(
    set(
        re.findall(
            r"`(test_\w+\.py)::(test_\w+)`", (_ROOT / "docs/security.md").read_text()
        )
    )
)


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_the_test_that_is_named_exists(file: str, name: str) -> None:
    """Under that name, in a file of that name."""
    found = [path.read_text() for path in (_ROOT / "tests").rglob(file)]

    assert any(re.search(rf"def {name}\(", text) for text in found)


def test_many_are_named() -> None:
    """The page has not lost them."""
    assert len(NAMED) > 30
