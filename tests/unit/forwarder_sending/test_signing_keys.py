"""The keys in use follow their files, and never vanish while running."""

from __future__ import annotations

from pathlib import Path

import pytest

from vault_audit_forwarder.program.errors import SecretFileError
from vault_audit_forwarder.signing import new_key, parse_key
from vault_audit_forwarder.signing_keys import SigningKeys


def test_every_file_signs(tmp_path: Path) -> None:
    """In the order of the configuration."""
    texts = [new_key(), new_key()]
    paths = [tmp_path / "a", tmp_path / "b"]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text + "\n")

    assert SigningKeys(paths).current() == tuple(map(parse_key, texts))


def test_a_rotated_file_is_used_at_once(key_file: Path) -> None:
    """Without a restart or a signal."""
    keys = SigningKeys([key_file])
    fresh = new_key()
    key_file.write_text(fresh)

    assert keys.current() == (parse_key(fresh),)


@pytest.mark.parametrize("broken", ["", "SECRET", None])
def test_a_broken_file_leaves_the_old_key(key_file: Path, broken: str | None) -> None:
    """Deliveries go on; when the file is right again it counts."""
    keys = SigningKeys([key_file])
    before = keys.current()
    if broken is None:
        key_file.unlink()
    else:
        key_file.write_text(broken)
    assert keys.current() == before

    fresh = new_key()
    key_file.write_text(fresh)
    assert keys.current() == (parse_key(fresh),)


def test_at_the_start_a_broken_file_is_an_error(key_file: Path) -> None:
    """It names the file and the command that makes a key, not what is in it."""
    key_file.write_text("SECRET")
    with pytest.raises(SecretFileError) as caught:
        SigningKeys([key_file])

    assert str(caught.value) == (
        f"{key_file}: a signing key starts with whsec_: "
        "`vault-replicator keys new` prints one"
    )
