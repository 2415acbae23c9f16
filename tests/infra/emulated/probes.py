"""Calls that a receiver's role makes, or must not be able to make: one row each.

``role.py`` makes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from receiver.core.fingerprint import MANAGED_BY, PATH, SEAL, SOURCE, US
from tests.iam import Answer

ALLOWED, NOT_GRANTED, DENIED = Answer.ALLOWED, Answer.NOT_GRANTED, Answer.DENIED
VAULT = "vault-prod"
OUR_TAGS = {MANAGED_BY: US, SOURCE: VAULT, PATH: "kv/app"}
TAGS_OF_ANOTHER = OUR_TAGS | {SOURCE: "vault-test"}


@dataclass(frozen=True)
class Subject:
    """A secret that a call is about. ``tags`` None: there is none of that name yet.
    ``prefix`` None: that of the rules. ``scheduled``: its deletion is. ``connection``:
    the one with Vault's token, which is there already."""

    tags: Mapping[str, str] | None
    prefix: str | None = None
    scheduled: bool = False
    connection: bool = False


FREE = Subject(None)
OURS = Subject(OUR_TAGS)
SCHEDULED = Subject(OUR_TAGS, scheduled=True)
ANOTHER_VAULTS = Subject(TAGS_OF_ANOTHER)
UNTAGGED = Subject({})
THEIRS = Subject({MANAGED_BY: "terraform"})
FREE_ELSEWHERE = Subject(None, "elsewhere/")
ELSEWHERE = Subject(OUR_TAGS, "elsewhere/")
UNTAGGED_ELSEWHERE = Subject({}, "elsewhere/")
CONNECTION = Subject({}, connection=True)


@dataclass(frozen=True)
class Probe:
    """One call to Secrets Manager. ``parameters`` come besides the secret's name.
    ``unseen``: the emulator does not know the key that this one is about, and lets it
    through."""

    name: str
    answer: Answer
    operation: str
    subject: Subject | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    unseen: bool = False


def _tagging(given: Mapping[str, str]) -> dict[str, Any]:
    return {"Tags": [{"Key": key, "Value": value} for key, value in given.items()]}


def creating(given: Mapping[str, str]) -> dict[str, Any]:
    """Parameters that make a secret with these tags."""
    return {"SecretString": "a", **_tagging(given)}


_UPDATE = {"Description": "new"}
_PUT = {"SecretString": "b"}
_POLICY = {"ResourcePolicy": '{"Version":"2012-10-17","Statement":[]}'}
_AT_ONCE = {"ForceDeleteWithoutRecovery": True}

PROBES = (
    Probe("list", ALLOWED, "ListSecrets"),
    Probe("create ours", ALLOWED, "CreateSecret", FREE, creating(OUR_TAGS)),
    Probe("create without tags", NOT_GRANTED, "CreateSecret", FREE, creating({})),
    Probe("create another Vault's", NOT_GRANTED, "CreateSecret", FREE,
          creating(TAGS_OF_ANOTHER)),
    Probe("create elsewhere", DENIED, "CreateSecret", FREE_ELSEWHERE,
          creating(OUR_TAGS)),
    Probe("describe what is not there", ALLOWED, "DescribeSecret", FREE),
    Probe("describe ours", ALLOWED, "DescribeSecret", OURS),
    Probe("describe theirs", ALLOWED, "DescribeSecret", THEIRS),
    Probe("describe elsewhere", DENIED, "DescribeSecret", ELSEWHERE),
    Probe("put ours", ALLOWED, "PutSecretValue", OURS, _PUT),
    Probe("put untagged", NOT_GRANTED, "PutSecretValue", UNTAGGED, _PUT),
    Probe("put theirs", NOT_GRANTED, "PutSecretValue", THEIRS, _PUT),
    Probe("put another Vault's", NOT_GRANTED, "PutSecretValue", ANOTHER_VAULTS, _PUT),
    Probe("put elsewhere", DENIED, "PutSecretValue", ELSEWHERE, _PUT),
    Probe("update ours", ALLOWED, "UpdateSecret", OURS, _UPDATE),
    Probe("update theirs", NOT_GRANTED, "UpdateSecret", THEIRS, _UPDATE),
    Probe("restore ours", ALLOWED, "RestoreSecret", SCHEDULED),
    Probe("delete ours", ALLOWED, "DeleteSecret", OURS, {"RecoveryWindowInDays": 30}),
    Probe("delete theirs", NOT_GRANTED, "DeleteSecret", THEIRS),
    Probe("delete elsewhere", DENIED, "DeleteSecret", ELSEWHERE),
    Probe("delete at once", DENIED, "DeleteSecret", OURS, _AT_ONCE, unseen=True),
    Probe("tag ours", ALLOWED, "TagResource", OURS, _tagging(OUR_TAGS)),
    Probe("tag ours as nobody's", NOT_GRANTED, "TagResource", OURS,
          _tagging({"team": "a"})),
    Probe("adopt untagged", ALLOWED, "TagResource", UNTAGGED, _tagging(OUR_TAGS)),
    Probe("adopt another Vault's", ALLOWED, "TagResource", ANOTHER_VAULTS,
          _tagging(OUR_TAGS)),
    Probe("adopt theirs", ALLOWED, "TagResource", THEIRS, _tagging(OUR_TAGS)),
    Probe("take over elsewhere", DENIED, "TagResource", UNTAGGED_ELSEWHERE,
          _tagging(OUR_TAGS)),
    Probe("untag a rule's", ALLOWED, "UntagResource", OURS, {"TagKeys": ["team"]}),
    *(
        Probe(f"untag {key}", DENIED, "UntagResource", OURS, {"TagKeys": ["team", key]})
        for key in (MANAGED_BY, SOURCE, PATH, SEAL)
    ),
    Probe("untag theirs", NOT_GRANTED, "UntagResource", THEIRS, {"TagKeys": ["team"]}),
    Probe("read ours", DENIED, "GetSecretValue", OURS),
    Probe("read theirs", DENIED, "GetSecretValue", THEIRS),
    Probe("read elsewhere", DENIED, "GetSecretValue", ELSEWHERE),
    Probe("read several", DENIED, "BatchGetSecretValue", None, {"SecretIdList": ["a"]}),
    Probe("list versions", NOT_GRANTED, "ListSecretVersionIds", OURS),
    Probe("list versions elsewhere", DENIED, "ListSecretVersionIds", ELSEWHERE),
    Probe("let others in", NOT_GRANTED, "PutResourcePolicy", OURS, _POLICY),
    Probe("let others in elsewhere", DENIED, "PutResourcePolicy", ELSEWHERE, _POLICY),
    Probe("rotate ours", NOT_GRANTED, "RotateSecret", OURS),
    Probe("rotate elsewhere", DENIED, "RotateSecret", ELSEWHERE),
    Probe("make a password", DENIED, "GetRandomPassword"),
)  # fmt: skip

#: What becomes of the secret with Vault's token, where the policy knows of it.
OF_THE_CONNECTION = (
    Probe("read the connection", ALLOWED, "GetSecretValue", CONNECTION),
    Probe("write the connection", DENIED, "PutSecretValue", CONNECTION, _PUT),
    Probe("describe the connection", DENIED, "DescribeSecret", CONNECTION),
    Probe("delete the connection", DENIED, "DeleteSecret", CONNECTION),
)


@dataclass(frozen=True)
class Elsewhere:
    """A call to another service. ``about`` and parameters name what is in the account
    by ``{key}``, ``{topic}`` and ``{other_topic}``."""

    name: str
    answer: Answer
    operation: str
    about: str = "*"
    parameters: Mapping[str, str] = field(default_factory=dict)


OTHER_SERVICES = (
    Elsewhere("tell our topic", ALLOWED, "sns:Publish", "{topic}",
              {"TopicArn": "{topic}", "Message": "a"}),
    Elsewhere("tell another topic", NOT_GRANTED, "sns:Publish", "{other_topic}",
              {"TopicArn": "{other_topic}", "Message": "a"}),
    Elsewhere("subscribe", NOT_GRANTED, "sns:Subscribe", "{topic}",
              {"TopicArn": "{topic}", "Protocol": "email", "Endpoint": "a@b.example"}),
    Elsewhere("encrypt by itself", NOT_GRANTED, "kms:Encrypt", "{key}",
              {"KeyId": "{key}", "Plaintext": "a"}),
    Elsewhere("make a data key", NOT_GRANTED, "kms:GenerateDataKey", "{key}",
              {"KeyId": "{key}", "KeySpec": "AES_256"}),
    Elsewhere("disable the key", NOT_GRANTED, "kms:DisableKey", "{key}",
              {"KeyId": "{key}"}),
    Elsewhere("list users", NOT_GRANTED, "iam:ListUsers"),
    Elsewhere("list buckets", NOT_GRANTED, "s3:ListBuckets"),
    Elsewhere("list parameters", NOT_GRANTED, "ssm:DescribeParameters"),
    Elsewhere("list tasks", NOT_GRANTED, "ecs:ListTasks"),
)  # fmt: skip
