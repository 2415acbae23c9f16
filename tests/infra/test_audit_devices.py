"""Every audit device that is shipped is what the forwarder itself would print."""

from __future__ import annotations

import pytest

from tests.infra.configurations import INFRA, forwarder_settings
from tests.infra.kubernetes import KUBERNETES, values
from vault_audit_forwarder.audit_device import openbao_stanza, vault_commands

TRY = INFRA / "docker" / "try"
SHIPPED = {
    "compose": (TRY / "forwarder.yaml", (TRY / "openbao.hcl").read_text()),
    "chart": (
        KUBERNETES / "forwarder" / "forwarder.yaml",
        values("openbao")["ha"]["raft"]["config"],
    ),
    "demo server": (
        INFRA / "systemd" / "forwarder.yaml",
        (INFRA / "vault" / "openbao.hcl").read_text(),
    ),
}


@pytest.mark.parametrize("where", SHIPPED)
def test_openbao_has_the_stanza_that_check_prints(where: str) -> None:
    """The socket device word by word, and a file device before it."""
    configuration, hcl = SHIPPED[where]
    settings = forwarder_settings(
        configuration, POD_NAME="openbao-0", CREDENTIALS_DIRECTORY="/run/credentials"
    )

    stanza = openbao_stanza(settings.listen, second=True)

    assert stanza in hcl
    assert hcl.index('audit "file"') < hcl.index(stanza)


def test_vault_gets_the_command_that_check_prints() -> None:
    """The command in the comment of the chart's values, after that of a file device."""
    directory = KUBERNETES / "forwarder"
    settings = forwarder_settings(directory / "forwarder.yaml", POD_NAME="vault-0")
    lines = (directory / "values-vault.yaml").read_text().splitlines()
    said = " ".join(" ".join(line.strip("#\\ ") for line in lines).split())

    (command,) = vault_commands(settings.listen, second=True)

    assert command in said
    assert said.index("vault audit enable file ") < said.index(command)
