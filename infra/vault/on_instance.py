"""``python -m infra.vault.on_instance``: what the demo's EC2 instance asks of AWS.

Its disk and its address are there before it and outlive it; it takes them from the
instance before it. Its keys it keeps in memory alone. What is asked comes from the
environment that the deployment writes; who asks is the instance's role.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from vault_audit_forwarder.program import command_line
from vault_audit_forwarder.program.errors import CommandError

PROG = "python -m infra.vault.on_instance"
#: What EC2 says of a disk or an address that the instance before still has; the last
#: of them stands for much, but for this, too.
_TAKEN = {
    "VolumeInUse",
    "IncorrectState",
    "InvalidNetworkInterface.InUse",
    "InvalidParameterValue",
}
_ATTEMPTS, _PAUSE_SECONDS = 120, 5.0
_SEAL_KEY = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SIGNING_KEY = re.compile(r"[A-Za-z0-9+/=]{32,}", re.ASCII)

app = command_line.new_app("The demo's instance, asking AWS.", prog=PROG)


@app.command()
def attach(
    instance: str,
    volume: Annotated[str, typer.Option(envvar="VOLUME")],
    interface: Annotated[str, typer.Option(envvar="INTERFACE")],
) -> None:
    """Take the disk and the address, as soon as the instance before has let go.

    Exit codes: 0 done, 1 not done.
    """
    _asked(
        lambda: take(
            _client("ec2"),
            instance=instance,
            volume=volume,
            interface=interface,
            pause=lambda: time.sleep(_PAUSE_SECONDS),
        )
    )


@app.command()
def keys(
    directory: Path,
    seal: Annotated[str, typer.Option(envvar="SEAL_SECRET")],
    signing: Annotated[str, typer.Option(envvar="SIGNING_SECRET")],
) -> None:
    """Write what opens the server and what signs events, where no disk is.

    Exit codes: 0 done, 1 not done.
    """
    # Without a newline: OpenBao would take it for a part of the key.
    _place(directory / "seal.key", _secret(seal, _SEAL_KEY))
    # A former one may be on the second line; only the receiver needs that.
    _place(directory / "signing.key", f"whsec_{_secret(signing, _SIGNING_KEY)}\n")


@app.command()
def publish(
    certificate: Path, parameter: Annotated[str, typer.Option(envvar="CA_PARAMETER")]
) -> None:
    """Tell the receiver whom to trust: the certificate of the demo's CA.

    Exit codes: 0 done, 1 not done.
    """
    text = certificate.read_text()
    if "PRIVATE" in text:
        raise CommandError(f"{certificate}: holds a key: only a certificate goes out")
    _asked(
        lambda: _client("ssm").put_parameter(
            Name=parameter, Value=text, Type="String", Overwrite=True
        )
    )


def _client(service: str) -> Any:
    session: Any = boto3.Session()  # its types know each service by a literal
    return session.client(service)


def _asked(call: Callable[[], Any]) -> Any:
    """What AWS answers; its words about a failure hold no secret."""
    try:
        return call()
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"{error}: see the role of the instance") from error


def take(
    ec2: Any, *, instance: str, volume: str, interface: str, pause: Callable[[], None]
) -> None:
    """Disk and address. ``pause`` passes the time while they are another's."""
    disk = {"VolumeId": volume, "Device": "/dev/sdf"}
    address = {"NetworkInterfaceId": interface, "DeviceIndex": 1}
    for call, what in (
        (ec2.attach_volume, disk),
        (ec2.attach_network_interface, address),
    ):
        for _ in range(_ATTEMPTS):
            if _is_given(call, InstanceId=instance, **what):
                break
            pause()
        else:
            raise CommandError("disk or address are another instance's: end that one")


def _is_given(call: Callable[..., Any], **what: object) -> bool:
    try:
        call(**what)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _TAKEN:
            raise
        return False
    return True


def _secret(name: str, form: re.Pattern[str]) -> str:
    """Its first line. Raises CommandError, without what it holds."""
    answer = _asked(lambda: _client("secretsmanager").get_secret_value(SecretId=name))
    first = str(answer["SecretString"]).partition("\n")[0]
    if not form.fullmatch(first):
        raise CommandError(f"secret {name}: its first line is no such key")
    return first


def _place(file: Path, text: str) -> None:
    try:
        file.unlink(missing_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as placed:
            placed.write(text)
    except OSError as error:
        raise CommandError(f"{file}: cannot be written ({error.strerror})") from error


if __name__ == "__main__":
    sys.exit(command_line.run(app, prog=PROG))
