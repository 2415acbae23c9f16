"""Where people go from the page, whatever a secret is called."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.core.state import SecretRef
from receiver.web.page.links import Links, to_list, to_secret

NAMES = st.text(
    st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1
)
VAULT = "https://vault.internal:8200"


@given(mount=NAMES, path=NAMES, namespace=NAMES)
def test_names_stay_in_their_place(mount: str, path: str, namespace: str) -> None:
    """No name changes where a link leads."""
    ref = SecretRef(namespace, mount, path)
    ours, vault = urlsplit(to_secret(ref)), urlsplit(Links(VAULT).to_vault(ref) or "")

    assert (ours.netloc, ours.path) == ("", "/secret")
    assert parse_qs(ours.query)["path"] == [path]
    assert vault.netloc == "vault.internal:8200"
    assert unquote(vault.path) == f"/ui/vault/secrets/{mount}/show/{path}"
    assert parse_qs(vault.query)["namespace"] == [namespace]


def test_slashes_of_paths_stay_slashes() -> None:
    """As Vault's page expects them."""
    ref = SecretRef("", "team/kv", "app/db #1")

    assert Links(VAULT).to_vault(ref) == (
        f"{VAULT}/ui/vault/secrets/team/kv/show/app/db%20%231"
    )


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "eu-central-1.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_each_partition_has_its_console(region: str, host: str) -> None:
    """China and GovCloud have consoles of their own."""
    url = urlsplit(Links().to_aws("kv/a b", region) or "")

    assert (url.scheme, url.netloc) == ("https", host)
    assert parse_qs(url.query) == {"name": ["kv/a b"], "region": [region]}


@pytest.mark.parametrize(
    ("endpoint", "known"),
    [
        (None, True),
        ("https://vpce-1.secretsmanager.eu-central-1.vpce.amazonaws.com", True),
        ("http://127.0.0.1:5000", False),
        ("https://amazonaws.com.evil.example", False),
    ],
)
def test_an_emulator_has_no_console(endpoint: str | None, known: bool) -> None:
    """A private endpoint of AWS has."""
    assert (Links("", endpoint).to_aws("a", "eu-central-1") is not None) is known


def test_a_list_of_everything() -> None:
    """Has no query; what is not given is left out of it."""
    assert to_list(state=None, q="") == "/secrets"
    assert (
        to_list(state="parked", rule=None, q="a&b") == "/secrets?state=parked&q=a%26b"
    )
