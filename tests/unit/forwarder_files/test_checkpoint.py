"""What makes a file the one that was read."""

from __future__ import annotations

from vault_audit_forwarder.checkpoint import HEAD_BYTES, checkpoint

LONG = bytes(range(256)) * 8


def test_a_file_is_known_by_inode_and_beginning() -> None:
    """An inode number is used again, a beginning is not."""
    known = checkpoint(7, 2000, LONG)

    assert known.head_bytes == HEAD_BYTES
    assert known.is_of(7, LONG[:HEAD_BYTES])
    assert not known.is_of(8, LONG[:HEAD_BYTES])
    assert not known.is_of(7, b"x" + LONG[1:HEAD_BYTES])
    assert not known.is_of(7, b"")


def test_a_file_that_was_short_may_have_grown() -> None:
    """Only what had been read counts: the rest was not there yet."""
    known = checkpoint(7, 10, LONG)

    assert known.head_bytes == 10
    assert known.is_of(7, LONG[:HEAD_BYTES])
    assert known.is_of(7, LONG[:10])
    assert not known.is_of(7, LONG[:9])


def test_of_an_empty_file_anything_may_become() -> None:
    """Reading starts at its beginning in any case."""
    assert checkpoint(7, 0, b"").is_of(7, LONG[:HEAD_BYTES])


def test_nothing_of_the_file_can_be_read_from_it() -> None:
    """The beginning of an audit line stays where it is."""
    assert b"token" not in repr(checkpoint(7, 100, b"token" * 20)).encode()
