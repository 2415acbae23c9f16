"""The token: from its file, renewed in time, read again after a refusal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from receiver.adapters.vault_credential import Lease
from receiver.adapters.vault_token import TokenKeeper
from receiver.core.causes import Permanent
from receiver.core.state import SecretRef, Value
from receiver.demo.vault import Vault
from tests.integration.vault.conftest import Reader


def keeper(
    reader: Reader, *, recovered: Callable[[], None] = lambda: None
) -> TokenKeeper:
    """A keeper that tells nobody of the expiry."""
    return TokenKeeper(
        reader.http,
        reader.credential,
        namespace="",
        now=time.time,
        on_expiry=lambda _: None,
        on_recovery=recovered,
    )


@pytest.mark.parametrize(
    ("ttl", "whole", "renewable", "due"),
    [
        (3600, 3600, True, False),
        (1201, 3600, True, False),
        (1200, 3600, True, True),
        (1, 3600, True, True),
        (1, 3600, False, False),
        (0, 0, True, False),
    ],
)
def test_renewal_is_due_at_two_thirds(
    ttl: float, whole: float, renewable: bool, due: bool
) -> None:
    """Of what the token had when it was made or last renewed."""
    assert Lease(ttl, whole, renewable).renewal_is_due() is due


def test_a_periodic_token_is_renewed(
    root: Vault, reader_with: Callable[[str], Reader]
) -> None:
    """When two thirds are over, to its whole period."""
    token = root.create_token("default", period="3s")
    reader = reader_with(token)
    look = keeper(reader).look
    deadline = time.monotonic() + 30
    while "renew-self" not in reader.operations:
        assert time.monotonic() < deadline
        lease = look()

    assert lease.ttl == 3.0
    assert ("renew-self", "200") in reader.requests


def test_a_token_replaced_in_its_file_is_used_at_once(
    root: Vault, mount: str, reader: Reader
) -> None:
    """No restart, no failed call."""
    root.put(mount, "a", {"k": "v"})
    ref = SecretRef("", mount, "a")
    good = reader.token_file.read_text()
    reader.token_file.write_text("s.wrong\n")
    with pytest.raises(Permanent):
        reader.source.read(ref)
    reader.token_file.write_text(good)

    assert isinstance(reader.source.read(ref), Value)


def test_a_refusal_costs_one_more_try_and_no_loop(
    root: Vault, reader_with: Callable[[str], Reader]
) -> None:
    """The same token again is not tried again."""
    reader = reader_with("s.wrong")
    with pytest.raises(Permanent):
        reader.http.get("lookup-self", "", "auth/token/lookup-self")

    assert reader.requests == [("lookup-self", "403")]


def test_work_is_taken_up_again_when_the_token_is_good(
    root: Vault, reader_with: Callable[[str], Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keeper notices by itself and says so."""
    monkeypatch.setattr("receiver.adapters.vault_token._LOOK_AGAIN", 0.01)
    reader = reader_with("s.wrong")
    recovered = threading.Event()
    looking = keeper(reader, recovered=recovered.set)
    looking.start()
    deadline = time.monotonic() + 30
    while looking.trouble is None:
        assert time.monotonic() < deadline
    reader.token_file.write_text(root.token + "\n")

    assert recovered.wait(30)
    looking.stop(30)
