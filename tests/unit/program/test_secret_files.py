"""Keys and tokens in files of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vault_audit_forwarder.program.config_file import (
    SecretFile,
    SecretFileError,
    read_secret_file,
)


def test_the_trailing_newline_is_no_part_of_the_secret(tmp_path: Path) -> None:
    """What an editor adds at the end goes; blanks inside stay."""
    path = tmp_path / "token"
    path.write_text("a b \r\n\n")

    assert read_secret_file(path) == "a b "


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is empty"), (b" \n", "is empty"), (b"SECRET\xff", "is not text")],
)
def test_unusable_content_is_refused_unseen(
    tmp_path: Path, content: bytes, words: str
) -> None:
    """The error names the path and what to do, never what the file holds."""
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(SecretFileError, match=words) as caught:
        read_secret_file(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_missing_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    """The reader learns whether to create the file or to correct the path."""
    with pytest.raises(SecretFileError) as caught:
        read_secret_file(tmp_path / "none")

    assert str(caught.value) == (
        f"{tmp_path}/none: cannot be read (No such file or directory): "
        "create it, or correct the path in the configuration"
    )


def test_a_directory_is_not_a_secret(tmp_path: Path) -> None:
    """A path one level too high is said as such."""
    with pytest.raises(SecretFileError, match="give the path of a file"):
        read_secret_file(tmp_path)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """Writing into the file and replacing it are both seen."""
    path = tmp_path / "token"
    path.write_text("one")
    secret = SecretFile(path)
    assert secret.changed()
    assert secret.read() == "one"
    assert not secret.changed()

    path.write_text("three")
    assert secret.read() == "three"

    other = tmp_path / "other"
    other.write_text("seven")
    before = path.stat()
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)
    assert secret.read() == "seven"


def test_a_failed_read_is_tried_again(tmp_path: Path) -> None:
    """A half-written file costs one error, not the secret."""
    path = tmp_path / "token"
    path.write_text("one")
    secret = SecretFile(path)
    secret.read()
    path.write_text("")
    with pytest.raises(SecretFileError):
        secret.read()
    path.write_text("two!")

    assert secret.read() == "two!"


def test_no_repr_holds_the_secret(tmp_path: Path) -> None:
    """An object in a log line shows its path alone."""
    path = tmp_path / "token"
    path.write_text("SECRET")
    secret = SecretFile(path)
    secret.read()

    assert repr(secret) == f"SecretFile('{path}')"
