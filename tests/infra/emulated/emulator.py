"""An account of AWS that runs here: ministack, which asks IAM before each call.

It lives in an environment of its own, as it wants another botocore than ours. The
credentials of the account's root are allowed everything; a role is held to its
policies, and a refusal says whether a policy denies or none allows. What it does not
evaluate (``secretsmanager:ForceDeleteWithoutRecovery``, a service's own use of a key)
is for ``tests/iam.py`` to prove. It speaks TLS, since what CDK makes of buckets and
topics denies everything else.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config

from receiver.demo.child import Child, free_port
from tests.certificates import issue

#: What ministack serves itself with. Its own command would listen on port 443, too.
PROGRAM = Path(sys.prefix) / "ministack" / "bin" / "hypercorn"
ACCOUNT, REGION = "111122223333", "eu-central-1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "sts:AssumeRole",
        }
    ],
}
_CONFIG = Config(
    connect_timeout=3,
    read_timeout=30,
    retries={"total_max_attempts": 1},
    parameter_validation=False,
)


@dataclass(frozen=True)
class Credentials:
    """Whose a call is. An access key of twelve digits is the root of that account."""

    key: str
    secret: str
    token: str | None = None

    def environment(self) -> dict[str, str]:
        """As programs take them."""
        token = {} if self.token is None else {"AWS_SESSION_TOKEN": self.token}
        return {
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            **token,
        }


ROOT = Credentials(ACCOUNT, "root")


class Emulator:
    """The account, at ``endpoint``; whoever started it stops it."""

    def __init__(self, directory: Path) -> None:
        port = free_port()
        # By number: to a name the S3 client would add that of a bucket.
        self.endpoint = f"https://127.0.0.1:{port}"
        self.certificate, key = issue(directory, "ministack")
        self._trust = ssl.create_default_context(cafile=self.certificate)
        self._session = boto3.Session()
        self._clients: dict[tuple[str, Credentials, str], Any] = {}
        self._child = Child(
            "the emulator of AWS",
            [
                *(str(PROGRAM), "ministack.app:app"),
                *("--bind", f"127.0.0.1:{port}", "--workers", "0"),
                *("--certfile", str(self.certificate)),
                *("--keyfile", str(key)),
            ],
            log=directory / "ministack.log",
            env=ROOT.environment()
            | {
                "PATH": os.defpath,
                "AUTH": "true",
                "GATEWAY_PORT": str(port),
                "HOME": str(directory),
                "LOG_LEVEL": "WARNING",
                "MINISTACK_HOST": "127.0.0.1",
                "MINISTACK_REGION": REGION,
                "S3_DATA_DIR": str(directory / "s3"),
                "STATE_DIR": str(directory / "state"),
                "TMPDIR": str(directory),
            },
        )

    def start(self) -> None:
        """Returns when it answers. Raises StartError."""
        self._child.start()
        self._child.wait_ready(self._is_ready)

    def _is_ready(self) -> bool:
        url = f"{self.endpoint}/_ministack/ready"
        try:
            answer = httpx.get(url, verify=self._trust, trust_env=False)
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    def stop(self) -> None:
        """With all that it holds."""
        for client in self._clients.values():
            client.close()
        self._child.stop()

    def client(
        self, service: str, who: Credentials = ROOT, region: str = REGION
    ) -> Any:
        """A client that sends what it is given: it is for the service to check."""
        asked = (service, who, region)
        if asked not in self._clients:
            self._clients[asked] = self._session.client(  # type: ignore[call-overload]  # any service by its name
                service,
                region_name=region,
                endpoint_url=self.endpoint,
                aws_access_key_id=who.key,
                aws_secret_access_key=who.secret,
                aws_session_token=who.token,
                verify=str(self.certificate),
                config=_CONFIG,
            )
        return self._clients[asked]

    def role(self, name: str, statements: Iterable[Mapping[str, Any]]) -> str:
        """A new role that has exactly these statements. Its ARN."""
        iam = self.client("iam")
        made = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST)
        )
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        iam.put_role_policy(
            RoleName=name, PolicyName="printed", PolicyDocument=json.dumps(policy)
        )
        return str(made["Role"]["Arn"])

    def assumed(self, role_arn: str, who: Credentials = ROOT) -> Credentials:
        """What somebody has who assumes it."""
        answer = self.client("sts", who).assume_role(
            RoleArn=role_arn, RoleSessionName="probe"
        )
        given = answer["Credentials"]
        return Credentials(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
        )
