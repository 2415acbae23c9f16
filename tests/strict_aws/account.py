"""An account to try behaviours in: the layer's, or a real one, by the same calls.

Names are unique to the run and every secret and key is gone at the end. Parameters are
not checked by the client, so that it is the service that refuses them.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from receiver.demo import loopback
from receiver.demo.child import Child, free_port

_ROOT = Path(__file__).parents[2]
_LONG = 120.0
#: Of a name that was never there, and of one that cannot be.
_NO_SUCH_SECRET = (
    "ResourceNotFoundException",
    "ValidationException",
    "InvalidParameterException",
)


def started(directory: Path) -> tuple[Child, str]:
    """The layer in a process of its own, and its address. The caller stops it."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    child = Child(
        "the strict AWS",
        [sys.executable, "-m", "tests.strict_aws", "--port", str(port)],
        log=directory / "strict-aws.log",
        env={"PYTHONPATH": str(_ROOT)},
    )
    child.start()
    child.wait_ready(lambda: _answers(endpoint))
    return child, endpoint


def eventually(ask: Callable[[], bool]) -> None:
    """Until it is so: AWS is consistent only after a while. AssertionError if not."""
    deadline = time.monotonic() + _LONG
    while not ask():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(1)


@contextmanager
def refused(*codes: str) -> Iterator[None]:
    """The call inside ends with one of these error codes."""
    with pytest.raises(ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] in codes


def new_token() -> str:
    """A ClientRequestToken that no version has."""
    return uuid.uuid4().hex


class Account:
    """Makes clients, names and keys, and takes away what was made."""

    def __init__(self, region: str, **connection: Any) -> None:
        self.region = region
        self._session: Any = boto3.session.Session(region_name=region)
        self._connection = connection
        self._prefix = f"vault-secrets-replicator-test/{uuid.uuid4().hex[:12]}/"
        self._names: list[str] = []
        self._keys: list[str] = []
        self._clients: list[Any] = []
        self.secrets = self.client("secretsmanager")
        self._kms = self.client("kms")

    def client(self, service: str, region: str | None = None) -> Any:
        """A client that tries each call once, closed with the account."""
        config = Config(
            parameter_validation=False,
            retries={"mode": "standard", "total_max_attempts": 1},
        )
        client = self._session.client(
            service, region_name=region, config=config, **self._connection
        )
        self._clients.append(client)
        return client

    def name(self, ending: str = "", *, length: int = 0) -> str:
        """The name of a secret to be made, filled up to ``length``; it is deleted."""
        self._names.append(f"{self._prefix}{uuid.uuid4().hex}".ljust(length, "x"))
        self._names[-1] += ending
        return self._names[-1]

    def create(self, **request: Any) -> tuple[str, str]:
        """A new secret with the value "0": its name and its first token."""
        name, token = self.name(), new_token()
        given = {"SecretString": "0", "ClientRequestToken": token, **request}
        self.secrets.create_secret(Name=name, **given)
        return name, token

    def put(self, name: str, value: str) -> str:
        """A new version; its token."""
        token = new_token()
        self.secrets.put_secret_value(
            SecretId=name, SecretString=value, ClientRequestToken=token
        )
        return token

    def stages(self, name: str) -> dict[str, list[str]]:
        """Token to labels, as Describe shows them."""
        answer = self.secrets.describe_secret(SecretId=name)
        stages: dict[str, list[str]] = answer["VersionIdsToStages"]
        return stages

    def new_key(self) -> str:
        """The id of a new KMS key."""
        self._keys.append(self._kms.create_key()["KeyMetadata"]["KeyId"])
        return self._keys[-1]

    def disable(self, key_id: str) -> None:
        """Make a key unusable."""
        self._kms.disable_key(KeyId=key_id)

    def close(self) -> None:
        """Delete all that was made, and close the connections."""
        try:
            for key_id in self._keys:
                self._kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
            eventually(self._all_gone)
        finally:
            for client in self._clients:
                client.close()

    def _all_gone(self) -> bool:
        self._names = [name for name in self._names if not self._gone(name)]
        return not self._names

    def _gone(self, name: str) -> bool:
        """Whether there is none, or its deletion was taken; replicas go first."""
        try:
            held = self.secrets.describe_secret(SecretId=name)
        except ClientError as error:
            return error.response["Error"]["Code"] in _NO_SUCH_SECRET
        copies = [copy["Region"] for copy in held.get("ReplicationStatus", ())]
        try:
            if copies:
                self.secrets.remove_regions_from_replication(
                    SecretId=name, RemoveReplicaRegions=copies
                )
            self.secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
        except ClientError:
            return False  # a replica on its way in or out; asked again until it is over
        return True


def _answers(endpoint: str) -> bool:
    return loopback.answers(f"{endpoint}/_strict/")
