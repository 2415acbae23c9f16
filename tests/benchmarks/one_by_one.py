"""The pull that the field uses: every secret asked for, one after the other.

The keys of a folder are listed, the metadata of each are read, and the version is
compared with what AWS says of that secret: in one DescribeSecret each, or for all in
one ListSecrets. What differs is read and written. hvac and boto3 as they come, on
connections that are kept. No comparison of ours is used here.

What the version is compared with would be a tag in AWS; here it is read out of the
version id, in the same answers.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
import hvac

from receiver.demo.emulator import REGION
from tests.benchmarks.stocked import Stocked

#: Where what it writes goes: an AWS of its own, on the same emulator.
_OTHER_REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one step cost, or several after one another; ``vault`` and ``aws`` are
    calls."""

    seconds: float
    vault: int = 0
    aws: int = 0

    def __mul__(self, factor: float) -> Cost:
        """The same step over so many times more secrets, one after the other."""
        return Cost(
            seconds=self.seconds * factor,
            vault=round(self.vault * factor),
            aws=round(self.aws * factor),
        )

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            seconds=self.seconds + other.seconds,
            vault=self.vault + other.vault,
            aws=self.aws + other.aws,
        )


@dataclass(frozen=True, kw_only=True)
class Pull:
    """One pull of everything that finds nothing to do, with AWS ``described`` or
    ``listed``, of which ``in_vault`` is Vault's side; a first ``fill``; and what one
    changed secret costs more. ``asking`` and ``filling`` are names for a yardstick,
    which say how much was measured."""

    asking: str
    filling: str
    in_vault: Cost
    described: Cost
    listed: Cost
    fill: Cost
    update: Cost


def pull(vault: Stocked, address: str, aws: str, *, part: int, whole: bool) -> Pull:
    """Measure it, over a filled AWS. It goes one by one, so of what it writes ``part``
    are measured and multiplied, and of what it asks too unless ``whole``. Raises
    AssertionError when anything differs."""
    one_by_one = OneByOne(address, vault.token, aws, vault.mount)
    try:
        paths, keys = one_by_one.keys()
        few, some = paths[:part], paths if whole else paths[:part]
        versions, in_vault = one_by_one.versions(some)
        described, describing = one_by_one.described(some)
        listed, listing = one_by_one.listed()
        if versions != described or listed.keys() != set(vault.paths):
            raise AssertionError("the pull sees something else")
        in_vault = keys + in_vault * (len(paths) / len(some))
        creating = one_by_one.missing(few) + one_by_one.created(few)
        return Pull(
            asking=_name(len(some), len(paths)),
            filling=_name(len(few), len(paths)),
            in_vault=in_vault,
            described=in_vault + describing * (len(paths) / len(some)),
            listed=in_vault + listing,
            fill=in_vault + creating * (len(paths) / len(few)),
            update=one_by_one.updated(few) * (1 / len(few)),
        )
    finally:
        one_by_one.close()


def _name(measured: int, secrets: int) -> str:
    if measured == secrets:
        return "one by one"
    return f"one by one (measured: {measured:,})"


class OneByOne:
    """One pull from ``mount`` to names of the same path. Closed by its owner."""

    def __init__(self, vault: str, token: str, aws: str, mount: str) -> None:
        self._vault = hvac.Client(url=vault, token=token)
        self._aws = _client(aws, REGION)
        self._elsewhere = _client(aws, _OTHER_REGION)
        self._mount = mount

    def close(self) -> None:
        self._vault.adapter.close()
        self._aws.close()
        self._elsewhere.close()

    def keys(self) -> tuple[list[str], Cost]:
        """Every path, of one level of folders."""
        began, kv = time.perf_counter(), self._vault.secrets.kv.v2
        root = kv.list_secrets("", mount_point=self._mount)["data"]["keys"]
        found = []
        for folder in root:
            listed = kv.list_secrets(folder, mount_point=self._mount)
            found += [folder + key for key in listed["data"]["keys"]]
        seconds = time.perf_counter() - began
        return found, Cost(seconds=seconds, vault=1 + len(root))

    def versions(self, paths: Sequence[str]) -> tuple[dict[str, int], Cost]:
        """Vault's side: one metadata read each."""
        return _timed(paths, self._version, vault=1)

    def described(self, paths: Sequence[str]) -> tuple[dict[str, int | None], Cost]:
        """AWS's side: one DescribeSecret each."""
        return _timed(paths, self._described, aws=1)

    def listed(self) -> tuple[dict[str, int | None], Cost]:
        """AWS's side: one ListSecrets, page by page."""
        began, found, calls = time.perf_counter(), {}, 0
        for page in self._aws.get_paginator("list_secrets").paginate(MaxResults=100):
            calls += 1
            for entry in page["SecretList"]:
                path = entry["Name"].removeprefix(f"{self._mount}/")
                found[path] = _current(entry["SecretVersionsToStages"])
        return found, Cost(seconds=time.perf_counter() - began, aws=calls)

    def missing(self, paths: Sequence[str]) -> Cost:
        """AWS's side of a first fill: one DescribeSecret each, for nothing."""
        return _timed(paths, self._missing, aws=1)[1]

    def created(self, paths: Sequence[str]) -> Cost:
        """A read and a create each."""
        return _timed(paths, self._create, vault=1, aws=1)[1]

    def updated(self, paths: Sequence[str]) -> Cost:
        """A read, a put and a tag each, of secrets that were created so."""
        return _timed(paths, self._update, vault=1, aws=2)[1]

    def _version(self, path: str) -> int:
        answer = self._vault.secrets.kv.v2.read_secret_metadata(
            path, mount_point=self._mount
        )
        version: int = answer["data"]["current_version"]
        return version

    def _described(self, path: str) -> int | None:
        answer = self._aws.describe_secret(SecretId=f"{self._mount}/{path}")
        return _current(answer["VersionIdsToStages"])

    def _missing(self, path: str) -> None:
        try:
            self._elsewhere.describe_secret(SecretId=f"none/{path}")
        except self._elsewhere.exceptions.ResourceNotFoundException:
            return
        raise AssertionError("nobody has written this")

    def _create(self, path: str) -> None:
        self._elsewhere.create_secret(
            Name=f"{self._mount}/{path}",
            SecretString=self._read(path),
            ClientRequestToken=uuid.uuid4().hex,
            Tags=[{"Key": "version", "Value": "1"}],
        )

    def _update(self, path: str) -> None:
        name = f"{self._mount}/{path}"
        self._elsewhere.put_secret_value(
            SecretId=name,
            SecretString=self._read(path),
            ClientRequestToken=uuid.uuid4().hex,
        )
        self._elsewhere.tag_resource(
            SecretId=name, Tags=[{"Key": "version", "Value": "2"}]
        )

    def _read(self, path: str) -> str:
        answer = self._vault.secrets.kv.v2.read_secret_version(
            path, mount_point=self._mount, raise_on_deleted_version=False
        )
        return json.dumps(answer["data"]["data"])


def _timed(
    paths: Sequence[str], step: Callable[[str], Any], *, vault: int = 0, aws: int = 0
) -> tuple[dict[str, Any], Cost]:
    """``vault`` and ``aws`` are the calls of one step."""
    began = time.perf_counter()
    found = {path: step(path) for path in paths}
    seconds, number = time.perf_counter() - began, len(paths)
    return found, Cost(seconds=seconds, vault=vault * number, aws=aws * number)


def _current(stages: dict[str, list[str]]) -> int | None:
    """The version that our version id tells: ``v7-…``."""
    for version_id, labels in stages.items():
        if "AWSCURRENT" in labels:
            return int(version_id.removeprefix("v").partition("-")[0])
    return None


def _client(endpoint: str, region: str) -> Any:
    return boto3.client("secretsmanager", endpoint_url=endpoint, region_name=region)
