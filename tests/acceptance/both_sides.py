"""One secret in Vault and in AWS, all that was done to it, and what must then hold.

The expectation comes from Vault's raw answer and from what hands have done in AWS,
never from the receiver. A name that lost our tags is somebody else's from then on,
and nothing but an adoption makes it ours again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from botocore.exceptions import ClientError

from receiver.core.fingerprint import MANAGED_BY, PATH, SEAL, SOURCE
from receiver.demo.vault import Refused
from tests.acceptance.hand import Hand
from tests.acceptance.scene import Scene

#: Ours, by its version id: of a Vault version, or of a content.
_OURS = ("v", "c-")
#: How AWS refuses what the receiver has changed since somebody looked.
_TOO_LATE = (
    "InvalidParameterException",
    "InvalidRequestException",
    "ResourceExistsException",
    "ResourceNotFoundException",
)


@contextmanager
def unless_too_late() -> Iterator[None]:
    """The other side may have been faster: then nothing has happened."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in _TOO_LATE:
            raise
    except Refused as error:
        if error.status not in (400, 404):
            raise


@dataclass(frozen=True)
class Truth:
    """What Vault answers. ``text`` is the value as AWS has to hold it."""

    text: str
    version: int | None = None
    is_out: bool = False

    @property
    def prefix(self) -> str:
        """How a version id of it begins."""
        return "c-" if self.version is None else f"v{self.version}-"


@dataclass
class Pair:
    """``reader`` reads Vault. ``was`` are all values that Vault ever had, with the
    beginning of their version ids; ``latest`` is the last version. ``excused`` counts
    what may have cost a version more than Vault has made. ``may_be_gone``: Vault or
    somebody in AWS has deleted it since both agreed."""

    scene: Scene
    reader: httpx.Client
    hand: Hand
    path: str
    is_v1: bool = False
    was: set[tuple[str, str]] = field(default_factory=set)
    writes: int = 0
    excused: int = 0
    forged: set[tuple[str, str]] = field(default_factory=set)
    is_foreign: bool = False
    may_be_gone: bool = True
    latest: int = 0

    @property
    def name(self) -> str:
        return self.scene.name(self.path)

    def truth(self) -> Truth | None:
        """Vault's raw answer; None: it holds no current value."""
        inside = self.scene.inside(self.path)
        where = inside if self.is_v1 else f"data/{inside}"
        answer = self.reader.get(f"{self.scene.mount}/{where}")
        if answer.status_code == 404:
            return None
        data = answer.raise_for_status().json()["data"]
        if self.is_v1:
            return Truth(_as_text(data))
        metadata = data["metadata"]
        flag = (metadata["custom_metadata"] or {}).get("replicate")
        return Truth(_as_text(data["data"]), metadata["version"], flag == "false")

    def written(self) -> None:
        """Vault has just got a value: remember it."""
        truth = self.truth()
        assert truth is not None
        self.was.add((truth.prefix, truth.text))
        self.writes += 1
        self.latest = truth.version or 0

    def is_live(self) -> bool:
        """Whether AWS has it, and not scheduled for deletion."""
        held = self.scene.held(self.path)
        return held is not None and held.deleted is None

    def is_wanted(self) -> bool:
        """Whether AWS should have it."""
        truth = self.truth()
        return truth is not None and not truth.is_out

    def look_at_versions(self) -> None:
        """No version of ours holds what Vault never had, nor are there too many."""
        held = self.scene.held(self.path)
        if held is None or held.deleted is not None:
            return
        ours: dict[str, str] = {}
        with unless_too_late():
            found = self.hand.values(self.name)
            ours = {one: text for one, text in found.items() if one.startswith(_OURS)}
        for version_id, text in ours.items():
            prefix = version_id[: version_id.index("-") + 1]
            is_forged = (held.arn, version_id) in self.forged
            assert is_forged or (prefix, text) in self.was, (self.name, version_id)
        made = len({text for _, text in self.was}) if self.is_v1 else self.writes
        assert len(ours) <= made + self.excused, (self.name, sorted(ours))

    def check(
        self, state: str | None, tags: Mapping[str, str], description: str
    ) -> None:
        """After a comparison: AWS is what Vault says. ``state`` is what the receiver
        calls it, the others are what the rule says."""
        self.look_at_versions()
        truth, held = self.truth(), self.scene.held(self.path)
        told = (self.name, truth, held, state)
        is_wanted = truth is not None and not truth.is_out
        is_live = held is not None and held.deleted is None
        if self.is_foreign:
            assert held is not None, told
            assert SOURCE not in held.tags, told
            assert state == ("conflict" if is_wanted else None), told
        elif is_wanted:
            assert truth is not None
            assert is_live, told
            assert state == "in_sync", told
            assert self.scene.value(self.path) == truth.text, told
            self._check_attributes(tags, description)
        elif truth is not None:
            assert is_live or self.may_be_gone, told
            assert state in (("orphaned",) if is_live else (None, "deleting")), told
        else:
            assert not is_live, told
            assert state in (None, "deleting"), told
        self.may_be_gone = not is_live

    def seen(self) -> Any:
        """All that can be seen of it in AWS."""
        held = self.scene.held(self.path)
        if held is None:
            return None
        shown = self.hand.describe(self.name)
        shown.pop("ResponseMetadata")
        shown.pop("LastAccessedDate", None)
        return shown, sorted(self.scene.aws.version_ids(self.name))

    def _check_attributes(self, tags: Mapping[str, str], description: str) -> None:
        shown = self.hand.describe(self.name)
        assert shown["Description"] == description, self.name
        has = {tag["Key"]: tag["Value"] for tag in shown["Tags"]}
        assert tags.items() <= has.items(), (self.name, has)
        assert {MANAGED_BY, SOURCE, PATH, SEAL} <= has.keys(), (self.name, has)


def _as_text(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
