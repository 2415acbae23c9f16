"""What every test may rely on: nobody's own Vault, AWS and proxy settings are seen."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from receiver.demo.child import isolated
from vault_audit_forwarder.program import logs

# How long an example takes says more of the machine than of the code.
settings.register_profile(
    "thorough", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("thorough")
#: For `make check`, which is run often; `make test` looks at more examples.
settings.register_profile("quick", settings.get_profile("thorough"), max_examples=20)


@pytest.fixture(scope="session", autouse=True)
def _own_environment() -> Iterator[None]:
    """Run as if the person at the keyboard had configured nothing."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - isolated(os.environ).keys():
            patch.delenv(name)
        for name in [name for name in os.environ if name.startswith("OTEL_")]:
            patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(scope="session", autouse=True)
def _quiet_logs() -> None:
    """A thread that logs after its test has ended writes into nobody's report."""
    logs.configure("info", keys=(), stream=io.StringIO())
