"""replicator.yaml at synthesis: read by the receiver's own loader, and all in place."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.config import Config
from infra.configuration import configuration
from infra.files import FILES, files
from infra.names import Names
from infra.replication import replication
from receiver.keyring import Keyring
from receiver.notify_settings import SnsSettings
from receiver.settings import load_settings
from tests.infra.cdk.deployments import INFRA, config
from vault_audit_forwarder.program.config_file import ConfigError

KEY = "alias/vault-replicator-secrets"


def rule(name: str = "a", /, **target: Any) -> dict[str, Any]:
    """A rule as it stands in replicator.yaml."""
    spec = {"name": f"vault/{name}/{{path}}", **target}
    return {"name": name, "mount": name, "target": spec}


def refusal(**more: Any) -> str:
    with pytest.raises(ConfigError) as refused:
        configuration(config(**more))
    return str(refused.value)


def test_a_deployment_that_says_nothing_has_one_rule_below_the_prefix() -> None:
    [made] = configuration(config(mount="kv", prefix="team/vault")).settings.to_rules()

    assert (made.mount, made.target.name) == ("kv", "team/vault/{path}")


def test_what_is_written_here_is_encrypted_with_our_key() -> None:
    """Unless a rule names one, and where our key is not."""
    elsewhere = "arn:aws:iam::222222222222:role/replicator"
    rules = [
        rule("a"),
        rule("b", kms_key_id="alias/other"),
        rule("c", region="eu-west-1"),
        rule("d", role_arn=elsewhere),
        rule("e", region="eu-central-1"),
        {"name": "f", "mount": "f", "target": {"name": "vault/f/{path}"}},
    ]

    made = configuration(config(rules=rules)).settings.to_rules()

    keys = [one.target.kms_key_id for one in made]
    assert keys == [KEY, "alias/other", None, None, KEY, KEY]


def test_the_receivers_own_refusal_is_passed_on() -> None:
    said = refusal(rules=[rule(on_delet="force")])

    assert said.startswith("replicator.yaml:")
    assert said.endswith(
        "rules[0].target.on_delet: unknown key. Did you mean on_delete "
        "(retain | schedule | force)?"
    )


@pytest.mark.parametrize("name", ["{mount}/{path}", "vaults/{path}", "vault{path}"])
def test_a_name_that_may_lie_outside_the_prefix_is_refused(name: str) -> None:
    assert "rules[1].target.name: begins with something else than the prefix" in (
        refusal(rules=[rule("a"), rule("b", name=name)])
    )


def test_a_name_that_begins_with_its_mount_may_lie_below_the_prefix() -> None:
    rules = [{"name": "a", "mount": "vault", "target": {"name": "{mount}/{path}"}}]

    assert configuration(config(rules=rules))


def test_another_region_cannot_be_reached_by_endpoints() -> None:
    rules = [rule(region="eu-west-1")]

    assert configuration(config(rules=rules))
    assert "cannot be reached by the endpoints of eu-central-1" in (
        refusal(rules=rules, egress="endpoints")
    )


def test_rules_that_make_too_long_a_policy_are_refused() -> None:
    rules = [rule(f"a-long-name-of-a-mount-{number}") for number in range(40)]

    assert "rules: the receiver's policy would have" in refusal(rules=rules)


def test_our_own_secrets_and_those_of_rules_have_nothing_in_common() -> None:
    """Of the former the receiver reads one, of the latter none."""
    made = config()
    statements = {
        one["Sid"]: one for one in replication(made, configuration(made).settings)
    }

    connection = (
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:vault-replicator/"
        "connection-??????"
    )
    assert statements["Connection"]["Resource"] == [connection]
    assert statements["NeverRead"]["NotResource"] == [connection]
    assert statements["NeverElsewhere"]["NotResource"] == [
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:vault/*"
    ]


def test_the_scheduler_takes_the_place_of_the_interval() -> None:
    usual, scheduled = (
        configuration(config(scheduler=scheduler, interval="20m")).settings
        for scheduler in (False, True)
    )

    assert usual.reconcile.interval == 1200
    assert scheduled.reconcile.interval is None


def test_troubles_are_told_to_our_topic_with_links() -> None:
    made = configuration(config()).settings

    [told] = made.notify
    assert isinstance(told, SnsSettings)
    assert told.topic_arn == Names(config()).topic_arn
    assert made.public_url == "https://replicator.internal"


def test_vault_may_know_the_receiver_by_its_aws_identity() -> None:
    auth = {"method": "aws", "role": "replicator", "header": "vault.internal"}
    made = config(vault_auth=auth)

    settings = configuration(made).settings

    assert settings.vault.auth.method == "aws"
    assert settings.vault.auth.region == "eu-central-1"
    names = {one["Sid"] for one in replication(made, settings)}
    assert "Connection" not in names


def placed(
    made: Config, directory: Path, **secrets: str
) -> subprocess.CompletedProcess[str]:
    """The init container's program, run as it stands in the task definition."""
    env = {
        "DIRECTORY": str(directory),
        "FILES": json.dumps(files(made)),
        "CONFIGURATION": configuration(made).text.replace(FILES, str(directory)),
        **secrets,
    }
    if made.vault_ca_file is not None:
        env["VAULT_CA"] = made.vault_ca_file.read_text()
    program = (INFRA / "place_files.py").read_text()
    return subprocess.run(
        [sys.executable, "-I", "-c", program],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


#: As CloudFormation makes them: 44 letters and digits.
GENERATED = {
    "SIGNING": "s" * 44,
    "FINGERPRINT": "f" * 44,
    "TOKEN_ONCALL": "o" * 44,
    "TOKEN_SCHEDULE": "t" * 44,
}


def test_the_receiver_reads_what_the_init_container_has_written(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n")
    made = config(vault_ca_file=str(ca))
    home = tmp_path / "files"
    home.mkdir()

    done = placed(made, home, **GENERATED)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    settings = load_settings(home / "replicator.yaml", {})
    keys = Keyring(settings)
    assert {token.name: token.scope for token in keys.tokens()} == {
        "oncall": "admin",
        "schedule": "admin",
    }
    assert set(keys.fingerprint_keys()) == {"f" * 44}
    assert len(set(keys.signing_keys())) == 1
    assert settings.vault.ca_file is not None
    assert settings.vault.ca_file.read_text() == ca.read_text()
    modes = {file.stat().st_mode & 0o777 for file in home.iterdir()}
    assert modes == {0o400}


def test_a_second_line_of_a_secret_is_the_former_key(tmp_path: Path) -> None:
    """Both sides of a rotation are good until the line is gone."""
    rotated = {**GENERATED, "SIGNING": "n" * 44 + "\n" + "s" * 44 + "\n"}

    assert placed(config(), tmp_path, **rotated).returncode == 0

    keys = Keyring(load_settings(tmp_path / "replicator.yaml", {}))
    assert len(set(keys.signing_keys())) == 2
    assert (tmp_path / "signing.key").read_text() == f"whsec_{'n' * 44}\n"


@pytest.mark.parametrize("missing", GENERATED)
def test_an_empty_secret_ends_the_task_and_is_named(
    missing: str, tmp_path: Path
) -> None:
    done = placed(config(), tmp_path, **{**GENERATED, missing: "\n"})

    assert done.returncode == 1
    assert f"{missing} is empty" in done.stderr
    assert not any(value in done.stderr for value in GENERATED.values())


def test_files_of_an_earlier_try_are_replaced(tmp_path: Path) -> None:
    placed(config(), tmp_path, **GENERATED)

    done = placed(config(), tmp_path, **{**GENERATED, "TOKEN_ONCALL": "p" * 44})

    assert done.returncode == 0
    assert (tmp_path / "token-oncall").read_text() == "p" * 44 + "\n"
