"""An AWS Secrets Manager that runs here: moto's server, and a reader of what it holds.

The reader stands for the application that uses the secrets: what it finds is what has
arrived. Current is always asked for by stage, since moto's default may be an older
version. Nobody's own AWS settings take part: neither files, nor profiles, nor
variables.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import botocore.config
import botocore.session

from receiver.demo import loopback
from receiver.demo.child import Child, StartError, free_port, isolated

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import DescribeSecretResponseTypeDef

REGION = "eu-central-1"

#: What a process needs to talk to the emulator and to nothing else.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "demo",
    "AWS_SECRET_ACCESS_KEY": "demo",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True)
class Held:
    """One secret as AWS describes it. ``current`` is the VersionId with AWSCURRENT."""

    name: str
    arn: str
    current: str | None
    deleted: datetime | None
    changed: datetime | None
    tags: dict[str, str] = field(default_factory=dict)


class SecretsReader:
    """Reads an AWS Secrets Manager at ``endpoint``; closed by its owner."""

    def __init__(self, endpoint: str) -> None:
        self._client = _client(endpoint)

    def close(self) -> None:
        self._client.close()

    def describe(self, name: str) -> Held | None:
        """The secret without its value; None when there is none of that name."""
        try:
            answer = self._client.describe_secret(SecretId=name)
        except self._client.exceptions.ResourceNotFoundException:
            return None
        return _held(answer)

    def value(self, name: str) -> str:
        """The current SecretString."""
        answer = self._client.get_secret_value(SecretId=name, VersionStage="AWSCURRENT")
        return answer["SecretString"]

    def version_ids(self, name: str) -> list[str]:
        """Every version AWS has of it, labelled or not."""
        answer = self._client.list_secret_version_ids(
            SecretId=name, IncludeDeprecated=True
        )
        return [version["VersionId"] for version in answer["Versions"]]

    def current_ids(self, prefix: str) -> dict[str, str | None]:
        """Name to current VersionId of all below ``prefix``, also scheduled ones."""
        return dict(self._listed(prefix))

    def put(self, name: str, value: str) -> None:
        """Change or create a secret by hand, as somebody with a console would."""
        try:
            self._client.put_secret_value(SecretId=name, SecretString=value)
        except self._client.exceptions.ResourceNotFoundException:
            self._client.create_secret(Name=name, SecretString=value)

    def _listed(self, prefix: str) -> Iterator[tuple[str, str | None]]:
        pages = self._client.get_paginator("list_secrets").paginate(
            IncludePlannedDeletion=True,
            Filters=[{"Key": "name", "Values": [prefix]}],
        )
        for page in pages:
            for entry in page["SecretList"]:
                yield entry["Name"], _current(entry.get("SecretVersionsToStages"))


class Emulator:
    """The server process. ``endpoint`` is known once it started."""

    def __init__(
        self,
        directory: Path,
        *,
        module: str = "moto.server",
        env: Mapping[str, str] | None = None,
    ) -> None:
        """``module`` is run with ``--host`` and ``--port``, in ``env`` besides ours."""
        self.endpoint = ""
        self._directory = directory
        self._module = module
        self._env = dict(env or {})
        self._child: Child | None = None

    def start(self, *, attempts: int = 3) -> None:
        """Start and wait until it answers. Raises StartError."""
        for attempt in range(1, attempts + 1):
            try:
                self._start_on(free_port())
            except StartError:
                if attempt == attempts:
                    raise
            else:
                return

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop(patience=5.0)

    def _start_on(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        where = ["--host", "127.0.0.1", "--port", str(port)]
        self._child = Child(
            "the AWS emulator",
            [sys.executable, "-m", self._module, *where],
            log=self._directory / "emulator.log",
            env=isolated(os.environ) | ENVIRONMENT | self._env,
        )
        self._child.start()
        self._child.wait_ready(self._answers)

    def _answers(self) -> bool:
        return loopback.answers(f"{self.endpoint}/moto-api/data.json")


def _client(endpoint: str) -> SecretsManagerClient:
    nothing = (None, None, None, None)
    no_file = (None, None, os.devnull, None)
    settings = botocore.session.Session(
        session_vars={
            "profile": nothing,
            "ca_bundle": nothing,
            "config_file": no_file,
            "credentials_file": no_file,
        }
    )
    return boto3.Session(botocore_session=settings).client(
        "secretsmanager",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=ENVIRONMENT["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
        config=botocore.config.Config(proxies={}, retries={"mode": "standard"}),
    )


def _held(answer: DescribeSecretResponseTypeDef) -> Held:
    return Held(
        name=answer["Name"],
        arn=answer["ARN"],
        current=_current(answer.get("VersionIdsToStages")),
        deleted=answer.get("DeletedDate"),
        changed=answer.get("LastChangedDate"),
        tags={tag["Key"]: tag["Value"] for tag in answer.get("Tags", [])},
    )


def _current(stages: dict[str, list[str]] | None) -> str | None:
    for version_id, labels in (stages or {}).items():
        if "AWSCURRENT" in labels:
            return version_id
    return None
