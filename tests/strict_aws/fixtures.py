"""The account that a conformance test runs in: the layer's, or one of AWS.

A real account costs money and holds other people's secrets, so it is used only by
``pytest -m aws``, to the letter: another ``-m`` that happens to select these tests
skips them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.strict_aws.account import Account, started

#: The operator's, read before the tests make the environment their own.
_OPERATOR = {
    name: value for name, value in os.environ.items() if name.startswith("AWS_")
}


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a strict layer of this module's own."""
    child, endpoint = started(tmp_path_factory.mktemp("strict-aws"))
    try:
        yield endpoint
    finally:
        child.stop()


@pytest.fixture(scope="module")
def strict(layer: str) -> Iterator[Account]:
    account = Account(
        "eu-central-1",
        endpoint_url=layer,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    yield account
    account.close()


@pytest.fixture(scope="module")
def real(request: pytest.FixtureRequest) -> Iterator[Account]:
    if request.config.getoption("-m") != "aws":
        pytest.skip("a real account is used only by: pytest -m aws")
    with pytest.MonkeyPatch.context() as patch:
        for name in (
            "AWS_CONFIG_FILE",
            "AWS_SHARED_CREDENTIALS_FILE",
            "AWS_EC2_METADATA_DISABLED",
        ):
            patch.delenv(name, raising=False)
        for name, value in _OPERATOR.items():
            patch.setenv(name, value)
        account = Account(_OPERATOR.get("AWS_REGION", "eu-central-1"))
        yield account
        account.close()


@pytest.fixture(
    scope="module", params=["strict", pytest.param("real", marks=pytest.mark.aws)]
)
def account(request: pytest.FixtureRequest) -> Account:
    chosen: Account = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def aws(account: Account) -> Any:
    """The Secrets Manager client of the account."""
    return account.secrets
