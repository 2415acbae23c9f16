"""Keys and tokens come from files, follow them, and outlive their mistakes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from receiver.keyring import Keyring
from receiver.settings import Settings
from vault_audit_forwarder.program.config_file import SecretFileError
from vault_audit_forwarder.signing import new_key, parse_key

Load = Callable[..., Settings]

TOKENS = {
    "admin.tokens": [{"name": "ci", "scope": "sync", "token_file": "admin-token"}]
}


def test_all_that_the_files_hold(load: Load, files: Path) -> None:
    """Keys of the configuration and of files are all there, and tokens are named."""
    inline = new_key()
    keyring = Keyring(
        load(TOKENS | {"webhook.signing_keys": ["${KEY}"]}, KEY=inline),
    )
    in_file = (files / "signing.key").read_text()

    assert keyring.signing_keys() == [parse_key(inline), parse_key(in_file)]
    assert keyring.fingerprint_keys() == ["f" * 32]
    (token,) = keyring.tokens()
    assert (token.name, token.scope, token.secret) == ("ci", "sync", "admin-secret")
    assert "admin-secret" not in repr(token) + repr(keyring)


def test_a_changed_file_is_read_again(load: Load, files: Path) -> None:
    """A key that is replaced counts from the next use on."""
    keyring = Keyring(load(TOKENS))
    (files / "admin-token").write_text("another-secret\n")
    (files / "signing.key").write_text(new := new_key())

    assert [token.secret for token in keyring.tokens()] == ["another-secret"]
    assert keyring.signing_keys() == [parse_key(new)]


@pytest.mark.parametrize("content", ["", "two\nlines", "s p a c e", "schlüssel", None])
def test_a_file_that_became_wrong(load: Load, files: Path, content: str | None) -> None:
    """The last good token stays, and the fault is shown until the file is right."""
    keyring = Keyring(load(TOKENS))
    path = files / "admin-token"
    path.unlink() if content is None else path.write_text(content)

    for _ in range(2):
        assert [token.secret for token in keyring.tokens()] == ["admin-secret"]
        (fault,) = keyring.faults()
        assert str(path) in fault
        assert not content or content not in fault
    path.write_text("right-again")
    assert [token.secret for token in keyring.tokens()] == ["right-again"]
    assert keyring.faults() == []


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("signing.key", "whsec_c2hvcnQ=", "24 to 64 bytes"),
        ("signing.key", "not-a-key", "starts with whsec_"),
        ("fingerprint.key", "f" * 31, "32 characters"),
        ("admin-token", "", "empty"),
    ],
)
def test_wrong_at_the_start(
    load: Load, files: Path, name: str, content: str, says: str
) -> None:
    """At the start a wrong file is refused by name, without what it holds."""
    (files / name).write_text(content)
    with pytest.raises(SecretFileError, match=says) as caught:
        Keyring(load(TOKENS))
    assert name in str(caught.value)
    assert not content or content not in str(caught.value)
